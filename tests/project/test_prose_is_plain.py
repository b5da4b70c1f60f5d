"""Docstrings and comments are read once, also by who learned English late: a function's begins with what it does, in the third
person, and the usual word is used. A property's may name what it is. A command's is its --help, which tells people what to do.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.parsed import definitions

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (ROOT / "operator" / "homeostat", ROOT / "api" / "homeostat_api", ROOT / "api" / "homeostat_contracts")
SOURCES = sorted(path for room in ROOMS for path in room.rglob("*.py"))

UNUSUAL = re.compile(
    r"\b(anew|hearsay|hence|hither|lest|news|save that|thence|thereby|therein|thereof|thither|told|tidings|unheard|whence"
    r"|wherein|whereof|whereupon|whilst|yonder)\b",
    re.IGNORECASE,
)
CODE = re.compile(r"``[^`]*``|`[^`]*`")
VERB = re.compile(r"[A-Z][a-z]+s\b")
NO_VERBS = frozenset(
    {"Addresses", "Always", "As", "Besides", "Bytes", "Has", "Is", "Its", "Raises", "Seconds", "This", "Was", "Whose"}
)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in definitions(path):
        if not isinstance(node, ast.ClassDef) and not has_other_words(node):
            yield node


def has_other_words(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(re.search(r"property|\.(command|group)\(", ast.unparse(decorator)) for decorator in node.decorator_list)


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Yields comments and docstrings, with the number of their first line."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.lstrip("r").startswith('"""')):
            yield token.start[0], token.string


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_prose_is_plain(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for node in functions(path):
        said = ast.get_docstring(node)
        if said is not None:
            verb = VERB.match(said)
            assert verb and verb.group() not in NO_VERBS, (
                f"{path.name}:{node.lineno} {node.name} begins with no verb: {said[:60]}"
            )
    for line, words in prose(text) if UNUSUAL.search(text) else ():  # to take all files apart would take seconds
        unusual = UNUSUAL.search(CODE.sub("", words))
        assert not unusual, f"{path.name}:{line} says {unusual.group()!r}"
