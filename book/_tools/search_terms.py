"""What a search for a term finds first: the chapter that explains it, not the API or a glossary.

A term of the glossary leads to the chapter that its entry links to last. MORE has the words that
readers type and the glossary does not explain.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from sphinx import addnodes

GLOSSARY = Path(__file__).parents[1] / "glossary.md"
MORE = {
    "04-loss": ("accuracy", "cross-entropy loss"),
    "05-batching": ("shuffle", "batch size", "mini-batch"),
    "06-training-loop": ("fit", "GradientTape"),
    "07-results": ("confidence interval", "standard error", "save the model"),
    "your-own-data": ("Fashion-MNIST", "own pictures", "image folder", "early stopping"),
    "when-things-go-wrong": ("nan", "exploding loss", "resume", "not learning"),
    "faster": ("PyTorch", "JAX", "speed", "benchmark"),
    "beyond-one-machine": ("GPU", "CUDA", "Ray", "Slurm", "Kubernetes", "TFRecord"),
    "more-accurate": ("state of the art",),
    "in-your-browser": ("TensorFlow.js", "JavaScript", "photo"),
    "index": ("Colab", "Binder", "install", "notebook"),
    "low-level": ("backward pass",),
}


def of_language(language: str, name: str) -> dict[str, list[str]]:
    """Return a table of a language: "terms" has the translations of terms, "search" more words."""
    path = GLOSSARY.parent / "locale" / language / f"{name}.yml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8"))) if path.exists() else {}


def chapters_of_terms() -> dict[str, list[str]]:
    """Return the terms of each chapter."""
    terms = {name: list(own) for name, own in MORE.items()}
    known = {term.casefold() for own in MORE.values() for term in own}
    for entry in re.split(r"^## ", GLOSSARY.read_text(encoding="utf-8"), flags=re.M)[1:]:
        term, _, text = entry.partition("\n")
        links = re.findall(r"\]\(([\w-]+)\.(?:ipynb|md)\)", text)
        if links and term.casefold() not in known:
            terms.setdefault(links[-1], []).append(term)
    return terms


def add_terms(app: Any, doctree: Any) -> None:
    """Add a page's terms to it as entries of the index, which the search prefers."""
    name = Path(app.env.docname).name
    terms = list(chapters_of_terms().get(name, ()))
    own = of_language(app.config.language, "terms")
    terms += [own[term.lower()][0] for term in terms if term.lower() in own]
    terms += of_language(app.config.language, "search").get(name, [])
    entries = [("single", term, "", "main", None) for term in dict.fromkeys(terms)]
    if entries:
        doctree.append(addnodes.index(entries=entries))


def setup(app: Any) -> dict[str, bool]:
    """Be an extension of Sphinx."""
    app.connect("doctree-read", add_terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
