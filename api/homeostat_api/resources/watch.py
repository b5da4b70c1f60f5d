"""/api/v1/watch: resources of any kinds as they are, and as they change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import falcon.asgi

from homeostat.models.kinds import BY_PLURAL
from homeostat.service.service import Service

from ..http.actor import check_meant, who
from ..http.answers.compressed import compressed, takes_gzip
from ..http.errors import invalid
from ..http.kinds.kind_index import KindIndexes
from ..http.kinds.watching import Watch
from ..http.operations import Answer, Parameter, operation
from ..http.requests.parameters import text
from ..http.rights import Right, needs

MACHINES = "virtualmachines"
KINDS = Parameter(
    "kinds",
    {"type": "string", "default": MACHINES},
    f"Plurals, with commas between, of {', '.join(sorted(BY_PLURAL))}.",
)

MEANT = Parameter(
    "account", {"type": "string"}, "Whose resources are meant: where somebody else is signed in by now, 409 `other_account`."
)


class WatchResources:
    def __init__(self, service: Service, indexes: KindIndexes, keep_alive: float, last_look: Callable[[], str | None]) -> None:
        self._service = service
        self._watch = Watch(indexes, service.changes, keep_alive, last_look)

    @needs(Right.SEE)
    @operation(
        "Watch resources",
        "Resources",
        {200: Answer("Server-sent events, without end.", {"type": "string"}, media_type="text/event-stream")},
        description="Each event's data is JSON. Its `type` is ADDED or MODIFIED (with `kind`, a plural, and `object`, as lists "
        "have it), DELETED (with `kind` and `name`) or BOOKMARK: what was there, or changed at once, has been sent. That also "
        "comes every 15 seconds while nothing changes, and its `lastLook` says since when all may be out of date, as X-Last-Look "
        "does. It begins with all that whoever asks may see, also where a client connects again.",
        parameters=(KINDS, MEANT),
        errors=(400, 409),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        check_meant(who(req), req.get_param("account"))
        kinds = _kinds(req)
        resp.content_type = "text/event-stream"
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Accel-Buffering", "no")  # nginx would hold the events back
        resp.set_header("Vary", "Accept-Encoding")
        events = self._watch.follow(kinds, partial(self._service.asked_by, who(req)))
        if takes_gzip(req):
            resp.set_header("Content-Encoding", "gzip")
            events = compressed(events)
        resp.stream = events


def _kinds(req: falcon.asgi.Request) -> tuple[str, ...]:
    """Reads the kinds, each once.

    Raises:
        Problem: 400, there is no such one.
    """
    given = tuple(dict.fromkeys((text(req, "kinds") or MACHINES).split(",")))
    unknown = [one for one in given if one not in BY_PLURAL]
    if unknown:
        known = ", ".join(sorted(BY_PLURAL))
        raise invalid(f"kinds: {unknown[0][:64]!r} is no kind; the kinds are {known}", parameter="kinds")
    return given
