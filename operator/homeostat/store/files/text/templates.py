"""Tells a template (of Helm or Jinja) from YAML, where something is wrong with it. Only its tool knows what a template says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from homeostat.store.errors import DocumentProblem

_MARK = re.compile(r"\{[{%#]")
_SAYS = re.compile(r"^(?![ \t]*(?:#|\r?$)|---)", re.MULTILINE)
TEMPLATE = "this is a template: render it first (helm template …), and put what comes out here"


def explained(problem: DocumentProblem, text: str, first_line: int = 1, *, others: Iterable[int] = ()) -> DocumentProblem:
    """Returns the problem in other words, at a mark of a template, where there is one on its line or in ``others``.
    ``first_line``: the first line of the text."""
    lines = text.split("\n")
    for number in (problem.line, *others):
        at = number - first_line
        if 0 <= at < len(lines) and (mark := _MARK.search(lines[at])):
            return replace(problem, message=TEMPLATE, line=number, column=mark.start() + 1)
    return problem


def first_said(text: str) -> int:
    """Returns the first line that says something, from 0: not a comment, and not dashes."""
    found = _SAYS.search(text)
    return text.count("\n", 0, found.start()) if found else 0
