"""/api/v1/audit: who did what, and how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import get_args

import falcon.asgi

from homeostat.accounts.administration import Administration
from homeostat.accounts.audit.audit import PAGE_MAX, WORDS, AuditEntry, AuditOutcome, Search
from homeostat.accounts.errors import AccountsError
from homeostat.models.suggest import nearest

from ..http.errors import invalid
from ..http.media import dumps
from ..http.operations import Answer, Parameter, operation
from ..http.requests.parameters import flag, whole_number
from ..http.rights import Door, needs
from .counter import Counter
from .lookup import AccountsLookup
from .words import AuditPage

log = logging.getLogger("homeostat.api")
PAGE = 100
LOOK = 0.5  # seconds between two looks of who follows
SILENT = 15.0  # seconds after which an empty line shows that the stream lives
_WORD = {"type": "string", "maxLength": 253}
OUTCOMES = get_args(AuditOutcome)
_OUTCOME = {"enum": list(OUTCOMES)}
MOMENTS = ("since", "until")
PARAMETERS = (
    *(Parameter(field, _OUTCOME if field == "outcome" else _WORD, "Only entries that have this.") for field in WORDS),
    *(Parameter(field, {"type": "string", "format": "date-time"}, "Only entries from then on.") for field in MOMENTS[:1]),
    *(Parameter(field, {"type": "string", "format": "date-time"}, "Only entries before then.") for field in MOMENTS[1:]),
    Parameter("limit", {"type": "integer", "minimum": 0, "maximum": PAGE_MAX, "default": PAGE}, "At most so many."),
    Parameter("before", {"type": "integer", "minimum": 0, "maximum": 999_999_999}, "Only those older than this one."),
    Parameter(
        "follow",
        {"type": "boolean", "default": False},
        "Answer with JSON lines, without end: the entries that come, or, with after, those that came after one.",
    ),
    Parameter("after", {"type": "integer", "minimum": 0, "maximum": 999_999_999}, "With follow: begin behind this entry."),
)


class AuditEntries:
    def __init__(self, lookup: AccountsLookup, stopping: Callable[[], bool]) -> None:
        self._counter = Counter(lookup)
        self._stopping = stopping

    @needs(Door.KNOWN)
    @operation(
        "Read the audit",
        "Audit",
        {200: Answer("The newest first; with follow=true JSON lines, the oldest first.", AuditPage)},
        description="Who is no moderator reads what he did himself.",
        parameters=PARAMETERS,
        errors=(400, 409),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        search = _search(req)
        resp.set_header("Cache-Control", "no-store")
        if flag(req, "follow"):
            after = whole_number(req, "after")
            if after is None:
                after = await self._counter.do(req, lambda accounts: accounts.newest_of_audit())
            # The first look is made here: what it is refused is an answer of its own. Within a stream it could only break that.
            came = await self._counter.do(req, partial(_after, search=search, entry=after))
            resp.content_type = "application/jsonl"
            resp.stream = self._follow(req, search, after, came)
            return
        asked, before = whole_number(req, "limit", PAGE_MAX), whole_number(req, "before")
        limit = PAGE if asked is None else asked
        entries = await self._counter.do(req, lambda accounts: accounts.audit(search, limit, before))
        more = len(entries) == limit and bool(entries)
        resp.media = {"entries": [entry.document() for entry in entries], "before": entries[-1].id if more else None}

    async def _follow(
        self, req: falcon.asgi.Request, search: Search, after: int, came: Sequence[AuditEntry]
    ) -> AsyncIterator[bytes]:
        yield b"\n"  # something at once: the headers go with it
        silent = 0.0
        while not self._stopping():
            if came:
                after, silent = came[-1].id, 0.0
                yield b"".join(dumps(entry.document()) + b"\n" for entry in came)
            elif (silent := silent + LOOK) >= SILENT:
                silent = 0.0
                yield b"\n"
            await asyncio.sleep(LOOK)
            try:
                came = await self._counter.do(req, partial(_after, search=search, entry=after))
            except AccountsError as error:
                log.warning("Who follows the audit is let go: %s", error)
                return


def _after(accounts: Administration, search: Search, entry: int) -> Sequence[AuditEntry]:
    return list(accounts.audit_after(search, entry))


def _search(req: falcon.asgi.Request) -> Search:
    words = {field: req.get_param(field) or "" for field in WORDS}
    if (outcome := words["outcome"]) not in ("", *OUTCOMES):
        said = f"outcome: must be one of {', '.join(OUTCOMES)}{nearest(outcome, OUTCOMES)}"
        raise invalid(said, parameter="outcome", given=outcome[:64])
    return Search(**words, since=_moment(req, "since"), until=_moment(req, "until"))


def _moment(req: falcon.asgi.Request, name: str) -> datetime | None:
    """Reads a moment.

    Raises:
        Problem: 400, it is none.
    """
    text = req.get_param(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid(f"{name}: must be a moment such as 2026-01-15T10:00:00Z", parameter=name, given=text[:64]) from None
