"""Writes YAML as people write it: block style, no line folding, long texts as literal blocks, lists indented."""

from __future__ import annotations

import re
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    literal = "\n" in text and not re.search(r"[ \t]\n|[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]|[ \t]$|^\s", text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if literal else None)


_Dumper.add_representer(str, _represent_text)
# Strings that YAML 1.2 takes for numbers, and 1.1 does not: they need quotes.
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^(?:0o[0-7]+|0x[0-9a-fA-F]+|[-+]?[0-9]+)$"), list("-+0123456789")
)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)  # fmt: skip


def render_block(value: Any) -> str:
    """Block style; ends with a newline."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**30, default_flow_style=False)
    return text.removesuffix("...\n")


def render_flow(value: Any) -> str:
    """One line, as it may stand inside braces."""
    text = yaml.dump([value], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**30, default_flow_style=True)
    return text.strip()[1:-1]


def render_scalar(value: Any, like: str | None = None) -> str:
    """One line; text keeps the quotes (``like``) that it replaces."""
    if isinstance(value, str) and like in ("'", '"'):
        quoted = yaml.dump(
            value, Dumper=_Dumper if "\n" not in value else yaml.SafeDumper, default_style=like, allow_unicode=True, width=2**30
        )
        return quoted.removesuffix("...\n").rstrip("\n")
    return render_flow(value)
