"""/api/v1/orphans: what is on hosts by our doing, and belongs to no resource."""

from __future__ import annotations

import asyncio
from typing import Any

import falcon.asgi

from homeostat.planner.orphans import Orphan, mend, why
from homeostat.service.desk import Desk
from homeostat.service.service import Service

from ..http.actor import who
from ..http.operations import Answer, operation
from ..http.rights import Right, needs
from ..words import DiskOrphanBody, OrphanBody


class OrphanList:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "List orphans",
        "System",
        {200: Answer("As the operator noted them last, sorted by host and name.", list[OrphanBody])},
        description="Domains that carry our record, and folders with disks, that belong to no resource. They are never adopted "
        "or deleted by guess: `todo` says what a person can do.",
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = await asyncio.to_thread(_render, self._service.asked_by(who(req)))


class DiskOrphanList:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "List orphaned disks",
        "Disks",
        {200: Answer("As they are here now, and as they were reported last on other hosts.", list[DiskOrphanBody])},
        description="Files of disks that nothing refers to. `homeostat disk list --orphans` shows the same. They are never "
        "deleted by guess.",
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        disks = self._service.asked_by(who(req)).disks
        resp.media = [
            DiskOrphanBody(
                name=one.name,
                host=one.host or None,
                state=one.state,  # type: ignore[arg-type]
                path=one.path,
                bytes=one.size,
                was=one.was,
                todo=one.mend,
            ).model_dump()
            for one in await disks.orphans()
        ]


def _render(desk: Desk) -> list[dict[str, Any]]:
    return [_body(host, orphan, size).model_dump() for host, orphan, size in desk.orphans()]


def _body(host: str, orphan: Orphan, size: int | None) -> OrphanBody:
    return OrphanBody(
        name=orphan.name,
        host=host,
        state=orphan.state,
        domain=orphan.domain or None,
        network=orphan.network or None,
        disks=list(orphan.disks),
        bytes=size,
        last_written=orphan.since or None,
        deleting=bool(orphan.deletion),
        why=why(orphan),
        todo=mend(orphan),
    )
