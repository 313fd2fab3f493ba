"""What the reader sees: short cells, no proofs, sentences of a readable length, plain English."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
TEXTS = [*sorted((ROOT / "book").glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]
MODULES = sorted((ROOT / "mnist_tutorial").rglob("*.py"))

LINES, COLUMNS = 10, 76
# Longer for a reason: the whole network at one glance.
LONG_CELLS = {("02-layers", "whole-network")}

# Phrases that a reader stumbles over, and what to write instead.
PHRASES = {
    r"\banew\b": "again",
    r"\bheed(s|ed|ing)?\b": "use, follow",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bshall\b": "will",
    r"\bthousand million\b": "billion",
    r"(?<!there )\b(is|are|was|were) no "
    r"(?!longer|more\b|such|way|reason|need|doubt|other|better|worse|good)": "is not a",
    r"\b(be|is|are) had\b": "available",
    r"\bnone such\b": "not",
    r"\bso that the (?=\w+ (is|are|was|were|becomes?))": "so the",
    r"\bas it comes\b": "by default",
    r"\bbears?\b": "tolerates",
    r"\bheld against\b": "checked against",
    r"\btells? (its|their) story\b": "see",
    r"\bat most so many\b": "the maximum number",
    r"(?-i:\b(\w+) \1\b)(?<!that that)(?<!had had)": "one word, once",
}


def visible(cell):
    return not {"remove-cell", "hide-cell"} & set(cell.metadata.get("tags", []))


def shown_code(path):
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type == "code" and visible(cell):
            yield cell


def prose_of(path):
    """Return the sentences of a page, without code and formulas."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, 4).cells
        text = "\n\n".join(c.source for c in cells if c.cell_type == "markdown" and visible(c))
    else:
        text = path.read_text(encoding="utf-8")
    text = re.sub(r"(```|~~~).*?\1|\$\$.*?\$\$|^    .*?$|^\|.*?$", "\n", text, flags=re.S | re.M)
    text = re.sub(r"`[^`]*`|\$[^$]*\$", "x", text)
    text = re.sub(r"\]\([^)]*\)|<[^>]*>|[*_\[]", "", text)
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*[-#:>]|\d+\. )", text):
        yield from re.split(r"(?<=[.!?:])\s+", " ".join(paragraph.split()))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_reader_sees_ideas_and_not_proofs(path):
    for cell in shown_code(path):
        for output in cell.outputs:
            text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            assert not re.fullmatch(r"(True|False)", text.strip()), cell.id
            assert not re.search(r"[:=] *(True|False)$", text, re.M), cell.id
        if "hide-input" in cell.metadata.get("tags", []):
            assert cell.source.startswith("#"), f"{cell.id}: say in a comment what is folded"
            continue
        assert not re.search(r"^\s*assert\b", cell.source, re.M), cell.id
        lines = cell.source.splitlines()
        assert len(lines) <= LINES or (path.stem, cell.id) in LONG_CELLS, (cell.id, len(lines))
        assert max(map(len, lines)) <= COLUMNS, (cell.id, max(map(len, lines)))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_hidden_check_says_that_it_is_one(path):
    for cell in nbformat.read(path, 4).cells:
        if "remove-cell" in cell.metadata.get("tags", []):
            assert re.match(r"# (Check, h|H)idden on the page[.:;]", cell.source), cell.id


@pytest.mark.parametrize("path", [*NOTEBOOKS, *TEXTS], ids=lambda path: path.stem)
def test_sentences_are_short(path):
    lengths = [len(sentence.split()) for sentence in prose_of(path)]
    lengths = [length for length in lengths if length > 2]
    longest = max(prose_of(path), key=lambda sentence: len(sentence.split()))
    assert max(lengths) <= 40, longest
    assert sum(lengths) / len(lengths) < 17


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_says_how_long_it_takes_to_read(path):
    [minutes] = re.findall(r"\*Reading time: about (\d+) minutes", path.read_text(encoding="utf-8"))
    words = sum(len(sentence.split()) for sentence in prose_of(path))
    code = sum("hide-input" not in cell.metadata.get("tags", []) for cell in shown_code(path))
    assert abs(int(minutes) - (words / 180 + code / 2)) <= 6


@pytest.mark.parametrize("path", [*NOTEBOOKS, *TEXTS], ids=lambda path: path.stem)
def test_nobody_stumbles_over_a_phrase(path):
    found = [
        (match[0], instead, sentence)
        for sentence in prose_of(path)
        for phrase, instead in PHRASES.items()
        if (match := re.search(phrase, sentence, re.I))
    ]
    assert found == []


# What everybody knows, or what is a name; other abbreviations are explained where they come first.
COMMON = "API BY CC CONTRIBUTING GB GPU GPUs JAX MB MIT ML MNIST NVIDIA PDF SA SE SIGTERM US VS"
EXPLAINED = {
    "CNN": "convolutional (neural )?network",
    "IDX": "Their format, x?",
    "II": "sections",
    "PIL": "image",
    "SGD": "stochastic gradient descent",
    "SGDR": "2017",
    "TF32": "GPUs round",
    "XLA": "a second compiler",
}


@pytest.mark.parametrize("path", [*NOTEBOOKS, *TEXTS], ids=lambda path: path.stem)
def test_abbreviations_are_explained(path):
    text = " ".join(prose_of(path))
    for short in set(re.findall(r"\b[A-Z][A-Z0-9]+s?\b", text)) - {*COMMON.split()}:
        assert short in EXPLAINED, f"{short}: explain it, or write the words"
        assert re.search(EXPLAINED[short], text) or "glossary.md#" in path.read_text("utf-8"), short


def test_the_docstrings_are_plain_english_as_well():
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = " ".join((ast.get_docstring(node) or "").split("Examples\n")[0].split())
                found += [
                    (path.name, match[0], instead)
                    for phrase, instead in PHRASES.items()
                    if (match := re.search(phrase, text, re.I))
                ]
    assert found == []
