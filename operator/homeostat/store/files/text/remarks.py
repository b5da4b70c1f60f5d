"""What a text says beside its values: comments, anchors and aliases, with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import yaml

from . import characters

_COMMENT = re.compile(r"(?:^|(?<=\s))#", re.MULTILINE)
_HEADER = re.compile(r"[|>][-+0-9]*[ \t]+#")


@dataclass(frozen=True, slots=True)
class Remark:
    """One of them. ``text`` is as written, such as &base. For a comment it is empty."""

    at: int
    text: str = ""

    @property
    def comment(self) -> bool:
        return not self.text


@lru_cache(4)
def remarks(text: str) -> tuple[Remark, ...]:
    """Returns the remarks of one document's text, in their order."""
    return tuple(_found(text))


def _found(text: str) -> Iterator[Remark]:
    behind = 0
    for token in yaml.scan(characters.parsable(text), Loader=yaml.CSafeLoader):
        start, end = cast("yaml.error.Mark", token.start_mark).index, cast("yaml.error.Mark", token.end_mark).index
        for line in re.finditer(r"[^\n]+", text[behind:start]):
            if comment := _COMMENT.search(line[0]):
                yield Remark(behind + line.start() + comment.start())
        if isinstance(token, (yaml.AnchorToken, yaml.AliasToken)):
            yield Remark(start, text[start:end])
        if header := _HEADER.match(text, start) if isinstance(token, yaml.ScalarToken) else None:
            yield Remark(header.end() - 1)
        behind = max(behind, end)
