"""How people name resources on the command line: ``vm web db``, ``vm/web``, ``virtualmachine.homeostat.dev/web``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import click
from click.shell_completion import CompletionItem

from homeostat.models.base import API_GROUP, Key, Resource

from .errors import CliError, NotFound
from .settings import Settings


@dataclass(frozen=True, slots=True)
class Reference:
    """``name`` None: every resource of the kind."""

    kind: type[Resource]
    name: str | None = None

    def key(self, namespace: str) -> Key:
        return Key(self.kind.KIND, namespace, self.name or "")


def kind_of(word: str) -> type[Resource]:
    """The kind for a word, with or without our API group.

    Raises:
        CliError: no kind is called so.
    """
    from homeostat.models.kinds import KINDS, kind_named

    found = kind_named(word.lower().removesuffix(f".{API_GROUP}"))
    if found is not None:
        return found
    words = [w for kind in KINDS for w in (kind.PLURAL, *kind.SHORT)]
    near = difflib.get_close_matches(word.lower(), words, n=1)
    raise CliError(
        f'there is no kind of resource called "{word}"',
        f"did you mean {near[0]}?" if near else f"the kinds are: {', '.join(k.PLURAL for k in KINDS)}",
    )


def parse_references(words: Sequence[str], *, default_kind: str | None = None) -> list[Reference]:
    """References from the words after a command; a bare first word is a kind, unless ``default_kind`` says what is meant.

    Raises:
        CliError: forms are mixed, an unknown kind, or an empty name.
    """
    if any("/" in word for word in words):
        if not all("/" in word for word in words):
            raise CliError("name resources either as kind/name each, or as one kind and then names", "such as: vm/web vm/db")
        return [_slashed(word) for word in words]
    if default_kind is not None and words and not (len(words) > 1 and _is_kind(words[0])):
        return [Reference(kind_of(default_kind), word) for word in words]
    if not words:
        raise CliError("which resources? Name a kind, and what of it", "such as: vm web, or vm/web")
    kind = kind_of(words[0])
    return [Reference(kind, name) for name in words[1:]] or [Reference(kind)]


def _is_kind(word: str) -> bool:
    from homeostat.models.kinds import kind_named

    return kind_named(word.lower().removesuffix(f".{API_GROUP}")) is not None


def _slashed(word: str) -> Reference:
    kind, _, name = word.partition("/")
    if not name or "/" in name:
        raise CliError(f'"{word}" is not of the form kind/name', "such as: vm/web")
    return Reference(kind_of(kind), name)


def full_name(key: Key) -> str:
    """As kubectl prints names: ``virtualmachine.homeostat.dev/web``."""
    return f"{key.kind.lower()}.{API_GROUP}/{key.name}"


def not_found(key: Key) -> NotFound:
    return NotFound(kind_of(key.kind).PLURAL, key.name, key.namespace)


def complete_machine(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of machines for the shell; silence where there is no state to read."""
    from .access import read_all

    settings = ctx.find_object(Settings) or Settings()
    prefix = next((p for p in ("vm/", "vms/") if incomplete.startswith(p)), "")
    try:
        machines = read_all(settings, "VirtualMachine", settings.namespace)
    except Exception:  # a shell's completion has nowhere to show an error
        return []
    names = sorted(prefix + machine.metadata.name for machine in machines)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
