"""The catalogues of the Chinese edition: complete, of today's texts, and true to the English.

The rules of its writing: full-width punctuation; one space between Chinese and Latin letters,
numbers, code or formulas, none beside full-width punctuation; terms as book/locale/zh_CN/terms.yml
has them.
"""

# ruff: noqa: RUF001

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import translations
import yaml
from babel.messages.mofile import read_mo

ROOT = Path(__file__).parents[1]

LANGUAGE = "zh_CN"
CATALOGUES = translations.folder(LANGUAGE)
PO = [path.relative_to(CATALOGUES).with_suffix("").as_posix() for path in CATALOGUES.rglob("*.po")]
PO = [*sorted(PO), translations.COMMAND_LINE]
FIGURES = sorted((ROOT / "book/figures/src").glob("*/text.json"))

HAN = r"[\u3400-\u9fff]"
# What is the same in both editions: code, formulas, where links lead to, references, addresses.
CODE = r"``[^`]+``|`[^`]+`|--[a-z][\w-]+|(?<=[：:]) ?mnist-tutorial [a-z].*"
FORMULA = r"\$\$.+?\$\$|\$[^$]+\$"
TARGET = r"\]\(([^)\s]+)"
WORDS_IN_FORMULA = r"\\(?:text|mathrm|operatorname)\{[^}]*\}"
HTML = r"<[^>]+>"
ATTRIBUTES = r"\{[#.][^}]*\}"
ROLE = r"\{[a-z:]+\}(?=`)|:[a-z:]+:(?=`)"
ADDRESS = r"https?://\S+"
PLACEHOLDER = r"\{\w+\}"
TYPE = re.compile(r"(dict|list|tuple|sequence) of [\w ]+")
TITLE = r"(?<!\*)\*[^*\u3400-\u9fff]+\*(?!\*)"  # of a paper or a book
NUMBER = r"(?<![\w.])\d+(?:[ ,.]\d+)*"
# A run of so many English words is a sentence that was left.
ENGLISH = re.compile(r"[A-Za-z][a-z'’-]+(?: (?:[a-z][a-z'’-]*)){3,}")


@cache
def terms():
    """Return the patterns of English terms, the longest first, and their translations."""
    table = yaml.safe_load((ROOT / f"book/locale/{LANGUAGE}/terms.yml").read_text(encoding="utf-8"))
    ordered = sorted(table, key=len, reverse=True)
    return [(re.compile(rf"(?<![\w-]){term}(e?s)?\b", re.I), table[term]) for term in ordered]


def found(pattern, text):
    return Counter(re.findall(pattern, text, re.S))


def without(text, *patterns):
    """Return the text with a mark instead of each place that matches."""
    for pattern in patterns:
        text = re.sub(pattern, "\0", text, flags=re.S)
    return text


def prose(text):
    """Return a text without code, formulas and markup."""
    text = re.sub(TARGET, "](", text)
    return without(text, ROLE, CODE, FORMULA, HTML, ATTRIBUTES, ADDRESS, PLACEHOLDER)


def normal(text):
    """Return a text with roles as Markdown has them, and without their labels.

    Docstrings are reStructuredText; their translations are read as Markdown.
    """
    return re.sub(r"(?:\{([a-z:]+)\}|:([a-z:]+):)`(?:[^`<]*<([^>`]+)>`)?", role, text)


def role(match):
    markdown, docutils, target = match.groups()
    return f"{{{markdown or docutils}}}`" + (f"{target}`" if target else "")


def numbers(text):
    for word, value in {"million": 10**6, "万": 10**4, "亿": 10**8}.items():
        text = re.sub(rf"([\d.]+) {word}", lambda n, v=value: f"{float(n[1]) * v:.0f}", text)
    text = re.sub(r"\d+ 月", "", text)  # months are words in English
    plain = without(re.sub(TARGET, "](", text), CODE, FORMULA, HTML, ATTRIBUTES, ADDRESS)
    return Counter(re.sub(r"[ ,](?=\d{3})", "", number) for number in re.findall(NUMBER, plain))


def formulas(text):
    return Counter(
        re.sub(r"\s+", "", re.sub(WORDS_IN_FORMULA, "", formula))
        for formula in re.findall(FORMULA, text, re.S)
    )


def faults(english, chinese):
    """Return what is wrong with a translation, a line each."""
    if not chinese.strip():
        return ["is not translated"]
    if english == chinese and TYPE.fullmatch(english):
        return []
    english, chinese = normal(english), normal(chinese)
    wrong = []
    for name, of in {
        "code": lambda text: Counter(map(str.strip, re.findall(CODE, without(text, FORMULA)))),
        "formulas": formulas,
        "links": lambda text: found(TARGET, text),
        "roles": lambda text: found(ROLE, text),
        "numbers": numbers,
    }.items():
        if of(english) != of(chinese):
            gone, new = of(english) - of(chinese), of(chinese) - of(english)
            wrong.append(f"{name}: lacks {[*gone]}, has {[*new]}")
    text = prose(chinese)
    for rule, pattern in {
        "half-width punctuation": rf"{HAN}[*_\0]*[,;:?!]|{HAN}\.(?!\w)|"
        rf"[,;:?!(][*_]*{HAN}|{HAN}[*_]*[()]",
        "no space between Chinese and Latin": rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9%]{HAN}",
        "a space beside punctuation": r"[，。；：？！、（）“”] [\w\0]|\w [，。；：？！、（）]",
        "straight quotes": rf'{HAN}"|"{HAN}',
    }.items():
        if match := re.search(pattern, text):
            wrong.append(f"{rule}: {text[max(0, match.start() - 10) : match.end() + 10]!r}")
    for before, bold, after in re.findall(r"(.?)\*\*(.+?)\*\*(?=(.?))", text, re.S):
        # Markdown sees no end, and no beginning, between punctuation and a letter.
        if re.match(r"\w", after) and re.search(r"\W$", bold):
            wrong.append(f"bold that does not end: {bold[-10:]}**{after}")
        if re.match(r"\w", before) and re.match(r"\W", bold):
            wrong.append(f"bold that does not begin: {before}**{bold[:10]}")
    if match := ENGLISH.search(without(text, TITLE)):
        wrong.append(f"English: {match[0]!r}")
    if re.search(HAN, chinese):
        left = without(prose(english), TITLE)
        for term, translated in terms():
            if term.search(left) and not any(word in chinese for word in translated):
                wrong.append(f"{term.pattern}: expected {' or '.join(translated)}")
            left = term.sub("\0", left)
    return wrong


@cache
def extracted():
    return translations.extract()


def test_the_catalogues_hold_todays_texts():
    now = {name: sorted(map(translations.last, own)) for name, own in extracted().items()}
    stored = {
        name: sorted(translations.texts(translations.place(name, LANGUAGE), LANGUAGE))
        for name in PO
    }
    assert now == stored, "run `make translations`"


@pytest.mark.parametrize("name", PO)
def test_a_catalogue_is_complete_and_true(name):
    catalogue = translations.catalogue(translations.place(name, LANGUAGE), LANGUAGE)
    assert not [message.id for message in catalogue if message.id and message.fuzzy]
    pairs = translations.texts(translations.place(name, LANGUAGE), LANGUAGE)
    wrong = {english: found for english, own in pairs.items() if (found := faults(english, own))}
    assert wrong == {}


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.parent.name)
def test_the_words_of_a_figure_are_complete_and_true(path):
    text = json.loads(path.read_text(encoding="utf-8"))
    english, chinese = text["en"], text.get(LANGUAGE, {})
    assert list(english) == list(chinese)
    digest = hashlib.sha1("\n".join(english.values()).encode()).hexdigest()[:8]
    # Translate what has changed, then write the new digest.
    assert text["zh_CN_of"] == digest
    wrong = {key: found for key in english if (found := faults(english[key], chinese[key]))}
    for key in english:
        if Counter(re.findall(r"\{\w+\}", english[key])) != Counter(
            re.findall(r"\{\w+\}", chinese[key])
        ):
            wrong[key] = "placeholders"
    assert wrong == {}


def test_the_command_line_has_its_catalogue_compiled():
    path = translations.place(translations.COMMAND_LINE, LANGUAGE)
    with path.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    both = [
        {translations.last(m.id): translations.last(m.string) for m in catalogue if m.id}
        for catalogue in (compiled, translations.catalogue(path, LANGUAGE))
    ]
    assert both[0] == both[1], "run `make translations`"


def test_the_command_line_speaks_the_language_of_its_environment():
    command = [sys.executable, "-m", "mnist_tutorial", "predict"]
    for language, expected in {"zh_CN.UTF-8": "缺少参数", "C.UTF-8": "Missing argument"}.items():
        environment = {
            **os.environ,
            "LANG": language,
            "LC_ALL": "",
            "LANGUAGE": "",
            "PYTHONUTF8": "1",
        }
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 2
        assert expected in done.stderr
