"""Who did what: each change that somebody asks for is noted before it is made, and how it ended afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from homeostat.accounts.actor import Actor
from homeostat.accounts.errors import AccountsError
from homeostat.store.errors import AlreadyExists, Conflict, Invalid, NotEditable, NotFound, StoreError

from .refusals import Refusal

DeedOutcome = Literal["Done", "Refused", "Failed", "Interrupted", "PassedOn"]
_REFUSED = (Refusal, AlreadyExists, Conflict, Invalid, NotEditable, NotFound)
FIELDS_MAX = 20  # of a change that are named

log = logging.getLogger(__name__)

NOTED: ContextVar[bool] = ContextVar("noted", default=False)
"""Whether something was noted of what is being asked."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is asked for: a verb, and what it is done to. ``message``: more for people, and never a secret."""

    verb: str
    kind: str
    name: str
    namespace: str
    message: str = ""


class PassedOn(Exception):
    """Another server is asked to do it, and notes how that ends."""


class Journal(Protocol):
    async def begin(self, actor: Actor, deed: Deed) -> str | None:
        """Notes that a deed begins. None: nothing is noted here.

        Raises:
            AccountsError: it cannot be noted; then it must not be done.
        """

    async def end(self, begun: str, actor: Actor, deed: Deed, outcome: DeedOutcome) -> None:
        """Notes how it ended."""


class NoJournal:
    """Notes nothing: nobody has an account."""

    async def begin(self, actor: Actor, deed: Deed) -> str | None:
        return None

    async def end(self, begun: str, actor: Actor, deed: Deed, outcome: DeedOutcome) -> None:
        raise AssertionError("nothing begins here")


@asynccontextmanager
async def noted(journal: Journal, actor: Actor, deed: Deed) -> AsyncIterator[None]:
    """Notes what is done within it, or refused."""
    begun = await journal.begin(actor, deed)
    NOTED.set(begun is not None)
    if begun is None:
        yield
        return
    outcome: DeedOutcome = "Interrupted"
    said = ""
    try:
        yield
        outcome, said = "Done", deed.message
    except PassedOn as error:
        outcome, said = "PassedOn", str(error)
        raise
    except _REFUSED as error:
        outcome, said = "Refused", str(error)
        raise
    except StoreError as error:
        outcome, said = "Failed", str(error)
        raise
    except Exception as error:
        outcome, said = "Failed", type(error).__name__
        raise
    finally:
        # Also where whoever asked has gone meanwhile: that it was done stands there then.
        await asyncio.shield(_end(journal, begun, actor, replace(deed, message=said), outcome))


async def _end(journal: Journal, begun: str, actor: Actor, deed: Deed, outcome: DeedOutcome) -> None:
    """Notes how it ended. Where that fails, what was done is answered all the same: that it began is on disk."""
    try:
        await journal.end(begun, actor, deed, outcome)
    except AccountsError as error:
        log.error("how this ended is not in the audit yet: %s %s %s: %s (%s)", deed.verb, deed.kind, deed.name, outcome, error)


def fields_of(patch: Mapping[str, Any]) -> str:
    """Returns which fields a merge patch is about, without what it says of them."""
    names = list(_leaves(patch, ""))
    more = f" and {len(names) - FIELDS_MAX} more" if len(names) > FIELDS_MAX else ""
    return ", ".join(names[:FIELDS_MAX]) + more


def _leaves(patch: Mapping[str, Any], above: str) -> Iterator[str]:
    for name, value in patch.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"
