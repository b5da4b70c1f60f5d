"""Writes YAML as people write it: block style, no line folding, long texts as literal blocks, lists indented."""

from __future__ import annotations

import re
from typing import Any

import yaml

from .characters import INVISIBLE


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _LineDumper(_Dumper):
    """Writes one line: texts of several lines are in double quotes."""


# What older YAML takes for the end of a line (NEL, LS, PS), byte order marks, and what YAML may not hold as it is.
ODD = re.compile("[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if ODD.search(text) or ("\n" not in text and INVISIBLE.search(text)) else None
    if "\n" in text and style is None:
        style = '"' if isinstance(dumper, _LineDumper) or re.search(r"[ \t]\n|[ \t]$|^\s|\n\n$", text) else "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
_LineDumper.add_representer(str, _represent_text)
# YAML 1.2 takes these strings for numbers, and 1.1 does not: they need quotes.
_INT = re.compile(r"^(?:0o[0-7]+|0x[0-9a-fA-F]+|[-+]?[0-9]+)$")
_FLOAT = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
for _dumper in (_Dumper, _LineDumper):
    _dumper.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
    _dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))


def render_block(value: Any) -> str:
    """Returns the value in block style, with a newline at the end."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**30, default_flow_style=False)
    return text.removesuffix("...\n")


def render_flow(value: Any) -> str:
    """Returns the value in one line, as it may stand inside braces."""
    options: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 2**30, "default_flow_style": True}
    return str(yaml.dump([value], Dumper=_LineDumper, **options)).strip()[1:-1]


def render_scalar(value: Any, like: str | None = None) -> str:
    """Returns the value in one line. A text gets the quotes that it replaces (``like``)."""
    if isinstance(value, str) and like in ("'", '"') and "\n" not in value and not ODD.search(value):
        quoted: str = yaml.dump(value, Dumper=_LineQuoted, default_style=like, allow_unicode=True, width=2**30)
        return quoted.removesuffix("...\n").rstrip("\n")
    return render_flow(value)


class _LineQuoted(yaml.SafeDumper):
    """Quotes as the style says."""
