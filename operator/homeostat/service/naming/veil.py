"""Texts about resources, for readers who do not see everything: what they must not see is not named.

Conditions, findings and refusals are sentences of the operator, which sees all there is: "mac … is taken by machine web". Who
does not see that machine reads "machine (not yours)". A text is judged word by word, so that no sentence needs to be known here.
In doubt it hides too much: also a word that happens to be the name of something hidden. But a word of our sentences is hidden
only where a name may stand, so that nobody spoils them by what he names his resources.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from homeostat.accounts.rights import Right
from homeostat.models.base import Key, Resource
from homeostat.models.host import Host
from homeostat.planner.plan import Outcome
from homeostat.runtime.engine.ports import Event
from homeostat.store.errors import AlreadyExists, NotEditable, StoreError

from ..asking import Asking
from ..changing.references import references
from .plain_words import PLAIN_WORDS

R = TypeVar("R", bound=Resource)
M = TypeVar("M", bound=BaseModel)

HIDDEN = "(not yours)"
VALUES = frozenset({"old", "new"})
"""Fields of a status with a value that is there or should be: somebody may have put a nic on another's network."""
TOLD = VALUES | {"message", "attached_to", "used_by"}
"""Fields of a status that name other resources."""

# A word that may be a name. In brackets stands a part of the resource's own spec: nics[lan].
_WORD = re.compile(r"(?<![A-Za-z0-9_.\[-])[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?![A-Za-z0-9_-])")
_NAMESPACE = re.compile(rf"(?<![^\s('])[a-z0-9-]+/(?={re.escape(HIDDEN)})")
# Before a name. Behind a noun a name may follow, and a word of the sentence as well: then it hides too much.
_NOUNS = "machines?|networks?|disks?|domains?|images?|plugins?|snapshots?|deployments?|by|named"
_NAMED = re.compile(rf"""(?:['"`/=&*]|\b(?:{_NOUNS}) )\Z""", re.IGNORECASE)
# What else there is on a host, such as domains that are of no resource here: only who sees everything reads that.
_LISTED = re.compile(r"(?:, or|,|:)? name one of:? [^;]*")
_STRANGER = re.compile(
    r"(?<=\bdomain )\S+(?=, which (?:runs|is saved) with it)| \(uuid [^)]*\)|(?<=another Homeostat resource) \([^)]*\)"
)


@dataclass(frozen=True, slots=True)
class SaidOfOthers:
    """What a status says of others: whether it says what else there is on the host, and the words that may be names."""

    host: bool
    names: frozenset[str]


async def veiled(asking: Asking, about: Resource | Key, texts: Sequence[str]) -> list[str]:
    """Returns texts about a resource as the actor may read them. Of a mere key it is not known what the resource names itself."""
    if asking.actor.everywhere(Right.SEE):
        return list(texts)
    cut = [_STRANGER.sub(lambda found: "" if found[0][0] == " " else HIDDEN, _LISTED.sub("", text)) for text in texts]
    words = {found[0] for text in cut for found in _WORD.finditer(text) if _may_name(found)}
    hidden = await _hidden(asking, about, words)
    return [_without(text, hidden) if hidden else text for text in cut]


async def veiled_outcomes(asking: Asking, about: Resource, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Returns what was found of a resource, as the actor may read it."""
    messages = await veiled(asking, about, [outcome.message for outcome in outcomes])
    return [replace(outcome, message=message) for outcome, message in zip(outcomes, messages, strict=True)]


async def veiled_status(asking: Asking, resource: R) -> R:
    """Returns the resource with a status that the actor may read."""
    status = resource.status
    if status is None or asking.actor.everywhere(Right.SEE):
        return resource
    told = list(dict.fromkeys(_texts(status)))
    shown = dict(zip(told, await veiled(asking, resource, told), strict=True))
    if all(before == after for before, after in shown.items()):
        return resource
    own = frozenset(_written(resource.model_dump(include={"spec"})))

    def read(name: str, text: str) -> str:
        return text if name in VALUES and text in own else shown[text]

    return resource.model_copy(update={"status": _changed(status, read)})


async def veiled_statuses(asking: Asking, resources: Sequence[R], said: Sequence[SaidOfOthers]) -> list[R]:
    """Returns the same of several resources. Where none of them names another, that costs one query. ``said``: what each says."""
    if asking.actor.everywhere(Right.SEE):
        return list(resources)
    there = {key.name for key in asking.workspace.store.named(frozenset().union(*(one.names for one in said)))}
    return [
        await veiled_status(asking, resource) if one.host or there & one.names else resource
        for resource, one in zip(resources, said, strict=True)
    ]


async def veiled_event(asking: Asking, event: Event) -> Event:
    """Returns an event as the actor may read it."""
    message = (await veiled(asking, event.key, [event.message]))[0]
    return event if message == event.message else replace(event, message=message)


async def veiled_refusal(asking: Asking, about: Key, error: StoreError) -> StoreError:
    """Returns what the store refused as the actor may read it. Of a resource that he does not see, he learns that its name is
    taken, and not by which file."""
    if asking.actor.everywhere(Right.SEE):
        return error
    if isinstance(error, AlreadyExists) and not await asking.sees(about):
        return AlreadyExists(error.key, hidden=True)
    if isinstance(error, NotEditable):
        return NotEditable((await veiled(asking, about, [str(error)]))[0])
    return error


def said_of(resource: Resource) -> SaidOfOthers:
    """Returns what the status of a resource says of others."""
    texts = list(_texts(resource.status)) if resource.status is not None else []
    names = frozenset(part for text in texts for word in _WORD.findall(text) for part in _parts(word))
    return SaidOfOthers(any(_LISTED.search(text) or _STRANGER.search(text) for text in texts), names)


def _parts(word: str) -> set[str]:
    """Returns the names that a word may hold: of a file, or of a domain in its namespace."""
    return {word, word.partition(".")[0], *word.split("--")}


async def _hidden(asking: Asking, about: Resource | Key, words: set[str]) -> set[str]:
    """Returns those of the words that name, or contain the name of, what the actor does not see. Where a machine is, its owner
    may know: hosts are not hidden."""
    parts = {word: _parts(word) for word in words}
    known = {about} if isinstance(about, Key) else {about.key, *(key for key, _ in references(about))}
    unseen = set()
    for key in asking.workspace.store.named({part for found in parts.values() for part in found}):
        if key.kind != Host.KIND and key not in known and not await asking.may_use(Right.SEE, key):
            unseen.add(key.name)
    return {word for word, found in parts.items() if found & unseen}


def _without(text: str, hidden: set[str]) -> str:
    return _NAMESPACE.sub("", _WORD.sub(lambda found: HIDDEN if found[0] in hidden and _may_name(found) else found[0], text))


def _may_name(word: re.Match[str]) -> bool:
    """Tells whether a word may be a name where it stands: any word that our sentences do not have, and one that they have in
    quotes, in a path, or behind what has names."""
    alone = " " not in word.string  # a value, and no sentence
    return alone or word[0] not in PLAIN_WORDS or bool(_NAMED.search(word.string, 0, word.start()))


def _texts(model: BaseModel) -> Iterator[str]:
    """Yields what a status says of others."""
    for name, value in model:
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, BaseModel):
                yield from _texts(part)
            elif name in TOLD and part:
                yield part


def _written(value: Any) -> Iterator[str]:
    """Yields the texts of a spec, which are no secret to who reads it."""
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _written(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _written(part)


def _changed(model: M, change: Callable[[str, str], str]) -> M:
    """Returns a status with what it says of others changed."""

    def each(name: str, part: Any) -> Any:
        if isinstance(part, BaseModel):
            return _changed(part, change)
        return change(name, part) if name in TOLD and part else part

    def whole(name: str, value: Any) -> Any:
        return tuple(each(name, part) for part in value) if isinstance(value, tuple) else each(name, value)

    return model.model_copy(update={name: whole(name, value) for name, value in model})
