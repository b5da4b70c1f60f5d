"""Lists of what is no resource, such as accounts and their tokens, in the forms of ``-o``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import click

from ..terminal import columns, emit, say
from .output import to_yaml

T = TypeVar("T")

FORM = click.option("-o", "--output", type=click.Choice(("table", "yaml", "json", "name")), help="Form of the output.")


@dataclass(frozen=True, slots=True)
class ItemForms(Generic[T]):
    """How such things are shown. ``none``: what is said where there are none."""

    name: Callable[[T], str]
    document: Callable[[T], Mapping[str, Any]]
    header: tuple[str, ...]
    row: Callable[[T], tuple[str, ...]]
    none: str = ""

    def print(self, found: Sequence[T], form: str | None, *, single: bool = False) -> None:
        """Prints them. ``single``: one was asked for by name, so it is printed by itself and not as a list."""
        match form:
            case "name":
                for one in found:
                    say(self.name(one))
            case "json" | "yaml":
                documents = [self.document(one) for one in found]
                value: Any = documents[0] if single else documents
                emit(json.dumps(value, indent=2) if form == "json" else to_yaml(value))
            case _ if not found:
                say(self.none)
            case _:
                say(*columns(self.header, [self.row(one) for one in found]))
