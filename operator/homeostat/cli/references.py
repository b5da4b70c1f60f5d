"""How people name resources on the command line: ``vm web db``, ``vm/web``, ``virtualmachine.homeostat.dev/web``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import click
from click.shell_completion import CompletionItem

from homeostat.models.base import API_GROUP, Key, Resource, by_name
from homeostat.models.kinds import KINDS, STORED, kind_named, kind_of

from .access import State, read_all
from .errors import CliError, ResourceNotFound
from .selector import parse_selector
from .settings import CliSettings


@dataclass(frozen=True, slots=True)
class Reference:
    """What the user named. ``name`` None: every resource of the kind."""

    kind: type[Resource]
    name: str | None = None

    def key(self, namespace: str) -> Key:
        return Key(self.kind.KIND, self.namespace(namespace) or "default", self.name or "")

    def namespace(self, given: str | None) -> str | None:
        """Returns the namespace to look in. A kind without namespaces is in none of those that people give."""
        return "default" if kind_of(self.kind).scope == "Cluster" else given


def kind_called(word: str) -> type[Resource]:
    """Returns the kind for a word, with or without our API group.

    Raises:
        CliError: no kind has that name.
    """
    found = kind_named(word.lower().removesuffix(f".{API_GROUP}"))
    if found is not None:
        return found
    kinds = [kind_of(kind) for kind in KINDS]
    words = [w for kind in kinds for w in (kind.plural, kind.noun, *kind.words)]
    near = difflib.get_close_matches(word.lower(), words, n=1)
    raise CliError(
        f'there is no kind of resource called "{word}"',
        f"did you mean {near[0]}?" if near else f"the kinds are: {', '.join(kind.plural for kind in kinds)}",
    )


def parse_references(words: Sequence[str], *, default_kind: str | None = None) -> list[Reference]:
    """Reads references from the words after a command. A first word alone is a kind, unless ``default_kind`` says which kind is
    meant.

    Raises:
        CliError: forms are mixed, a kind is unknown, or a name is empty.
    """
    if not any("/" in word for word in words) and words and ("," in words[0] or words[0].lower() == "all"):
        return _several_kinds(words)
    if any("/" in word for word in words):
        if not all("/" in word for word in words):
            raise CliError("name resources either as kind/name each, or as one kind and then names", "such as: vm/web vm/db")
        return [_slashed(word) for word in words]
    if default_kind is not None and words and not (len(words) > 1 and is_kind(words[0])):
        return [Reference(kind_called(default_kind), word) for word in words]
    if not words:
        raise CliError("which resources? Name a kind, and what of it", "such as: vm web, or vm/web")
    kind = kind_called(words[0])
    return [Reference(kind, name) for name in words[1:]] or [Reference(kind)]


def _several_kinds(words: Sequence[str]) -> list[Reference]:
    """Reads ``vms,plugins`` or ``all``: every resource of these kinds."""
    if len(words) > 1:
        raise CliError("names need one kind", f"such as: vm {words[1]}, or vm/{words[1]}")
    if words[0].lower() == "all":
        return [Reference(kind) for kind in KINDS]
    return [Reference(kind) for kind in dict.fromkeys(kind_called(word) for word in words[0].split(",") if word)]


async def every_of(store: State, references: Sequence[Reference], namespace: str, selector: str | None) -> list[Resource]:
    """Returns the resources of these kinds that carry the labels of a selector, for ``--all`` and ``-l``.

    Raises:
        CliError: some are named, too.
    """
    if any(reference.name is not None for reference in references):
        raise CliError("is it what is named, or what --all and -l choose? Give one of both", "nothing was done")
    selected = parse_selector(selector)
    found = [one for kind in references for one in await store.list(kind.kind, kind.namespace(namespace))]
    return [one for one in found if selected(one.metadata.labels)]


def is_kind(word: str) -> bool:
    """Tells whether a word names a kind."""
    return kind_named(word.lower().removesuffix(f".{API_GROUP}")) is not None


def _slashed(word: str) -> Reference:
    kind, _, name = word.partition("/")
    if not name or "/" in name:
        raise CliError(f'"{word}" is not of the form kind/name', "such as: vm/web")
    return Reference(kind_called(kind), name)


def full_name(key: Key) -> str:
    """Returns a name as kubectl prints it: ``virtualmachine.homeostat.dev/web``."""
    return f"{key.kind.lower()}.{API_GROUP}/{key.name}"


def short_name(key: Key) -> str:
    """Returns ``vm/web``, for lines that people read."""
    name = f"{kind_of(STORED[key.kind]).noun}/{key.name}"
    return name if key.namespace == "default" else f"{name} (namespace {key.namespace})"


def need_kind(references: Sequence[Reference], kind: type[Resource], mend: str) -> None:
    """Checks that all references are to one kind. ``mend`` says what to call instead.

    Raises:
        CliError: one is to something else.
    """
    for reference in references:
        if reference.kind is not kind:
            other = kind_of(reference.kind)
            named = f"{other.noun}/{reference.name}" if reference.name else other.plural
            raise CliError(f"this command is about {kind_of(kind).plural}, and {named} is none", mend)


def not_found(key: Key) -> ResourceNotFound:
    scoped = kind_of(STORED[key.kind]).scope == "Namespaced"
    return ResourceNotFound(plural_of(key), key.name, key.namespace if scoped else None)


def plural_of(key: Key) -> str:
    """Returns the plural of its kind, as commands and messages use it."""
    return kind_of(STORED[key.kind]).plural


def complete_machine(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes names of machines for the shell."""
    return _complete(ctx, incomplete, kind_called("vm"), ("vm/", "vms/"))


def complete_deployment(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes names of deployments for the shell."""
    return _complete(ctx, incomplete, kind_called("vmd"), ("vmd/", "deployment/"))


def complete_snapshot(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes names of snapshots for the shell."""
    return _complete(ctx, incomplete, kind_called("snapshot"), ("snapshot/", "snap/"))


def complete_host(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes names of hosts for the shell."""
    return _complete(ctx, incomplete, kind_called("host"), ("host/", "hosts/"))


def complete_any(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes names of the kind that was begun, or of machines."""
    word, slash, _ = incomplete.partition("/")
    given = word if slash else str((ctx.params.get("what") or ("vm",))[0])

    kind = kind_named(given.partition("/")[0])
    return _complete(ctx, incomplete, kind or kind_called("vm"), (f"{word}/",) if slash else ())


def _complete(ctx: click.Context, incomplete: str, kind: type[Resource], prefixes: Sequence[str]) -> list[CompletionItem]:
    """Completes names. Returns nothing where there is no state to read."""
    settings = ctx.find_object(CliSettings) or CliSettings()
    prefix = next((p for p in prefixes if incomplete.startswith(p)), "")
    try:
        found = read_all(settings, kind, settings.namespace)
    except Exception:  # the completion of a shell has no place to show an error
        return []
    names = [prefix + resource.metadata.name for resource in sorted(found, key=by_name)]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
