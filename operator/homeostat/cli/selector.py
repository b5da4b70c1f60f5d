"""Label selectors, with the grammar of kubectl: ``a=b,c!=d,e,!f,g in (x,y),h notin (z)``.

Rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .errors import CliError

LabelSet = Mapping[str, str]
Selector = Callable[[LabelSet], bool]

_SPLIT = re.compile(r",(?![^()]*\))")
_SET = re.compile(r"(?P<key>[^\s!=,()]+)\s+(?P<word>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUAL = re.compile(r"(?P<key>[^\s!=,()]+)\s*(?P<sign>==|=|!=)\s*(?P<value>[^\s!=,()]*)")
_EXISTS = re.compile(r"(?P<absent>!?)\s*(?P<key>[^\s!=,()]+)")


def parse_selector(text: str | None) -> Selector:
    """Returns a test for labels. Without a text everything passes.

    Raises:
        CliError: it is not a selector.
    """
    if not text:
        return lambda labels: True
    parts = [_requirement(part.strip()) for part in _SPLIT.split(text)]
    return lambda labels: all(part(labels) for part in parts)


def _requirement(text: str) -> Selector:
    if match := _SET.fullmatch(text):
        values = {value.strip() for value in match["values"].split(",")}
        return _among(match["key"], values, match["word"] == "in")
    if match := _EQUAL.fullmatch(text):
        return _among(match["key"], {match["value"]}, match["sign"] != "!=")
    if match := _EXISTS.fullmatch(text):
        key, present = match["key"], not match["absent"]
        return lambda labels: (key in labels) == present
    raise CliError(f'"{text}" is not a label selector', "such as: app=web,tier!=db,!legacy or env in (test,prod)")


def _among(key: str, values: set[str], wanted: bool) -> Selector:
    return lambda labels: (labels.get(key) in values) == wanted
