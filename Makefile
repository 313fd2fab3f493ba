# The commands of the book. `make` lists them.

PYTHON ?= python3
LOCK ?= requirements.lock
CHAPTERS ?= $(wildcard book/*.ipynb)
# Two chapters, or files of tests, at a time: each holds a process with TensorFlow in it, 1 GB.
WORKERS ?= 2
SOLUTIONS ?= yes

# "3.11 /usr/bin/python3.11", or nothing where there is no such Python. The real path, because
# PYTHON may lie in the .venv that is about to be removed.
found := $(shell $(PYTHON) -c 'import os, sys; print("%d.%d" % sys.version_info[:2], os.path.realpath(sys.executable))' 2>/dev/null)
version := $(firstword $(found))
python := $(wordlist 2,99,$(found))

# Where the book's sources are: here, or in a copy that has no solutions.
book := $(if $(filter no,$(SOLUTIONS)),_build/without-solutions,.)

bin := .venv/bin
# Stamps are written last, so that a set-up that was interrupted is begun again.
installed := .venv/installed-$(version)-$(notdir $(LOCK))
ready := .venv/ready
gpu_ready := .venv/ready-gpu

# The configuration that renders the stored outputs, for a file in another folder.
stored := sed -e 's/execute_notebooks: cache/execute_notebooks: "off"/' \
  -e 's|: book/_tools|: $(CURDIR)/book/_tools|g' _config.yml

checks := lint types unit chapters pages
page_tests := tests/test_book.py tests/test_accessibility.py tests/test_search.py tests/test_chinese_pages.py

# The Chinese edition, from the chapters that the English one has executed.
define chinese
$(bin)/python book/_tools/translations.py configure zh_CN $(edition_options)
$(bin)/jupyter-book build . --config _build/zh_CN/_config.yml --toc _build/zh_CN/_toc.yml \
  --path-output _build/zh_CN --all -W -n --keep-going --quiet
mv _build/zh_CN/_build/html _build/html/zh_CN
endef

# Progress bars would be stored in the notebooks, and differ at every run.
export TQDM_DISABLE = 1
# Either would change what a chapter shows, or which package it imports.
unexport MPLBACKEND PYTHONPATH
# Where there is uv, it takes the Python that was found and downloads none.
export UV_PYTHON_DOWNLOADS = never

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup book pdf slides figures screenshots pictures picture inventories test links audit test-lowest test-colab $(checks) notebooks bench recipes lock translations test-gpu clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "Variables: PYTHON=python3.12  CHAPTERS=\"book/01-data.ipynb\" (notebooks, chapters)"
	@echo "           SOLUTIONS=no (book)"
	@echo "           LOCK=requirements.txt (the newest releases instead of the locked ones)"

# --- set-up ------------------------------------------------------------------------------

setup: $(ready) ## make the environment .venv from requirements.lock

$(installed): requirements.txt $(LOCK)
	@case "$(version)" in \
	  3.11|3.12|3.13) ;; \
	  "") echo "error: PYTHON=$(PYTHON) does not run: install Python 3.11 to 3.13" >&2; exit 1 ;; \
	  *) echo "error: Python 3.11 to 3.13 is wanted; PYTHON=$(PYTHON) is $(version)" >&2; exit 1 ;; \
	esac
	@command -v uv >/dev/null || "$(python)" -c "import ensurepip, venv" 2>/dev/null || \
	  { echo "error: $(python) lacks the module venv (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "Making .venv with Python $(version) from $(LOCK): 2.5 GB, a few minutes"
	rm -rf .venv
	@set -ex; if command -v uv >/dev/null; then \
	  uv venv --python "$(python)" .venv; \
	  uv pip install --python $(bin)/python -r $(LOCK); \
	else \
	  "$(python)" -m venv .venv; \
	  $(bin)/python -m pip install -r $(LOCK); \
	fi
	@touch $@

# The package itself, editable. Its build tool is among the locked packages. The kernels'
# configuration spares a warning at the start, that they talk unencrypted on this machine, and
# draws twice as many pixels, for sharp screens.
$(ready): $(installed) pyproject.toml
	@set -ex; if command -v uv >/dev/null; then \
	  uv pip install --python $(bin)/python --no-build-isolation --editable .; \
	else \
	  $(bin)/python -m pip install --no-build-isolation --editable .; \
	fi
	@mkdir -p .venv/etc/ipython
	@printf '%s\n' 'c.Application.log_level = "ERROR"' 'c.InlineBackend.figure_formats = {"retina"}' \
	  > .venv/etc/ipython/ipython_kernel_config.py
	@touch $@

lock: ## make requirements.lock from requirements.txt and pyproject.toml
	@command -v uv >/dev/null || [ -x $(bin)/uv ] || $(MAKE) --no-print-directory setup
	@command -v uv >/dev/null || [ -x $(bin)/uv ] || \
	  { $(bin)/python -m ensurepip >/dev/null && $(bin)/python -m pip install uv; }
	PATH="$$PATH:$(CURDIR)/$(bin)" uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	  --custom-compile-command "make lock" requirements.txt pyproject.toml -o requirements.lock.new
	@# An unchanged lock keeps its date, and so the environment made from it.
	@cmp -s requirements.lock.new requirements.lock && rm requirements.lock.new || \
	  mv requirements.lock.new requirements.lock

# --- the book ----------------------------------------------------------------------------

# _build goes first: an incremental build repeats no warnings.
book: figures ## execute every chapter and render the book; SOLUTIONS=no leaves the solutions out
	rm -rf _build
ifeq ($(SOLUTIONS),no)
	$(bin)/python book/_tools/without_solutions.py $(book)
endif
	$(bin)/jupyter-book build $(book) --all -W -n --keep-going
ifneq ($(SOLUTIONS),no)
	$(chinese)
endif
	@echo
	@echo "Open $(CURDIR)/$(book)/_build/html/index.html"

pdf: $(ready) ## print the rendered book as one PDF with chromium
	@[ -f _build/html/index.html ] || $(MAKE) --no-print-directory book
	$(bin)/python book/_tools/pdf.py

slides: figures ## turn chapters 1, 4 and 6 into slides that need no connection
	$(bin)/python book/_tools/slides.py

figures: $(ready) ## build the figures that respond, the drawing pad among them
	$(bin)/python book/figures/build.py

pictures: figures ## take the static pictures of the figures with chromium
	$(bin)/python book/figures/pictures.py

screenshots: figures ## take the pictures of the drawing pad with chromium
	$(bin)/python book/figures/screenshots.py

picture: $(ready) ## draw the picture of the result, on the front page and in README.md
	$(bin)/python book/_tools/picture.py

# Written by hand as text, packed for Sphinx: no build asks another host for them.
inventories: $(ready) ## pack the names that the API reference links to
	for name in keras numpy; do \
	  $(bin)/sphobjinv convert zlib --overwrite book/_inventories/$$name.txt book/_inventories/$$name.inv; done

translations: figures ## take the book's texts into the catalogues of the other editions
	$(bin)/python book/_tools/translations.py update

notebooks: $(ready) ## execute the chapters again and store their outputs
	$(bin)/python book/_tools/execute.py $(CHAPTERS)

# --- the tests ---------------------------------------------------------------------------

# Every check is run, also after one has failed; the summary says which.
test: $(ready) ## run every check below
	@for check in $(checks); do \
	  printf '\n== make %s\n' "$$check"; begin=$$(date +%s); \
	  if $(MAKE) --no-print-directory "$$check"; then result=passed; else result=FAILED; failed=1; fi; \
	  summary="$$summary$$(printf '%-10s %s %5s s' "$$check" "$$result" $$(($$(date +%s) - begin)))@"; \
	done; \
	printf '\n== summary\n%s' "$$summary" | tr @ '\n'; test -z "$$failed"

lint: $(ready) ## ruff: lint and format; the workflows and forms of .github
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/zizmor --offline --quiet .github
	$(bin)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(bin)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*.yml

types: $(ready) ## mypy, strict
	$(bin)/mypy

# Two processes on two cores: each multiplies with one thread, or all would wait for one another.
unit chapters: export OPENBLAS_NUM_THREADS = 1
unit: $(ready) ## unit tests, doctests, and the notebooks as they are stored
	$(bin)/python -m pytest -n $(WORKERS) --dist loadfile \
	  --doctest-modules mnist_tutorial tests $(addprefix --ignore ,$(page_tests))

# Slow, because each chapter trains networks.
chapters: $(ready) ## execute the chapters and compare their outputs with the stored ones
	$(bin)/python -m pytest --nbval --nbval-cell-timeout 600 -n $(WORKERS) --dist loadfile $(CHAPTERS)

# Rendered from the stored outputs: `chapters` has executed every cell and found the same.
pages: edition_options := --stored
pages: figures ## render the book from the stored outputs and test its pages
	rm -rf _build
	mkdir _build
	$(stored) > _build/_config.yml
	$(bin)/jupyter-book build . --config _build/_config.yml --all -W -n --keep-going --quiet
	$(chinese)
	$(bin)/python -m pytest $(page_tests)

# These two ask other hosts, so neither is part of `make test`.
links: $(ready) ## follow the book's links to other hosts
	rm -rf _build/links
	mkdir -p _build/links
	$(stored) > _build/links/_config.yml
	$(bin)/jupyter-book build . --config _build/links/_config.yml --path-output _build/links --all --builder linkcheck

audit: ## look up known vulnerabilities of the locked packages; needs uv
	uvx --python 3.13 pip-audit@2.10.1 --requirement requirements.lock --no-deps --disable-pip --strict

# In an environment of its own, with the oldest version of each library that pyproject.toml allows.
lowest := .venv-lowest/bin/python
test-lowest: $(ready) ## train, evaluate, predict, save and load with the oldest versions allowed
	@command -v uv >/dev/null || [ -x $(bin)/uv ] || $(bin)/python -m pip install -q uv
	@set -ex; export PATH="$$PATH:$(CURDIR)/$(bin)"; \
	uv venv --quiet --clear --python $(bin)/python .venv-lowest; \
	uv pip install --quiet --python $(lowest) --resolution lowest-direct . "pytest>=8.3"
	cd tests && ../$(lowest) -m pytest -q -s -W ignore --noconftest -c /dev/null test_lowest.py

# As a notebook opened on Colab: without the repository, with older versions than the locked ones.
colab := .venv-colab/bin/python
test-colab: $(ready) ## run the chapters as Colab does, with its versions and outside the repository
	@command -v uv >/dev/null || [ -x $(bin)/uv ] || $(bin)/python -m pip install -q uv
	@set -ex; export PATH="$$PATH:$(CURDIR)/$(bin)"; \
	uv venv --quiet --clear --python $(bin)/python .venv-colab; \
	uv pip install --quiet --python $(colab) -r book/_tools/colab.txt; \
	uv build --quiet --wheel --out-dir .venv-colab/wheels .
	$(colab) book/_tools/colab.py .venv-colab/wheels $(CHAPTERS)

# --- the measurements ----------------------------------------------------------------------

# Makes an environment each for PyTorch and JAX. Wants a machine that does nothing else.
bench: $(ready) ## time the NumPy network beside TensorFlow, PyTorch, JAX and TensorFlow.js, 35 minutes
	env -u TQDM_DISABLE $(bin)/python benchmarks/speed.py

recipes: $(ready) ## train every recipe with fresh seeds, about two hours on 2 cores
	env -u TQDM_DISABLE $(bin)/python benchmarks/recipes.py

# --- the GPU -----------------------------------------------------------------------------

# The lock has no CUDA libraries; it constrains what they come with.
$(gpu_ready): $(ready)
	@set -ex; if command -v uv >/dev/null; then \
	  uv pip install --python $(bin)/python -c $(LOCK) "tensorflow[and-cuda]"; \
	else \
	  $(bin)/python -m pip install -c $(LOCK) "tensorflow[and-cuda]"; \
	fi
	@touch $@

# TF32 would round float32 products to 10 bits. One chapter at a time: they share the memory.
test-gpu: export MNIST_TUTORIAL_REQUIRE_GPU = 1
test-gpu: export NVIDIA_TF32_OVERRIDE = 0
test-gpu: export TF_FORCE_GPU_ALLOW_GROWTH = true
test-gpu: $(gpu_ready) ## the chapters on an NVIDIA GPU; fails where TensorFlow sees none
	$(bin)/python -m pytest tests/test_gpu.py
	$(bin)/python -m pytest --nbval --nbval-cell-timeout 600 $(CHAPTERS)

clean: ## remove the environment and what was built
	rm -rf .venv .venv-lowest .venv-colab _build book/figures/dist book/figures/node_modules benchmarks/.env-*
