"""/api/v1/orphans: what is on hosts by our doing, and belongs to no resource."""

from __future__ import annotations

import asyncio

import falcon.asgi

from homeostat.driver.storage.folders import bytes_on_disk
from homeostat.planner.orphans import Orphan, mend, why
from homeostat.store.desired import Workspace

from ..http.operations import Answer, operation
from ..http.rights import Right, needs
from ..words import OrphanBody


class OrphanList:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @needs(Right.SEE)
    @operation(
        "List orphans",
        "System",
        {200: Answer("As the operator noted them last, sorted by host and name.", list[OrphanBody])},
        description="Domains that carry our record, and folders with disks, that belong to no resource. They are never adopted "
        "or deleted by guess: `todo` says what a person can do.",
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        by_host = await asyncio.to_thread(self._workspace.store.all_orphans)
        mine = [(host, o) for host, found in by_host.items() for o in found if o.namespace == self._workspace.namespace]
        resp.media = await asyncio.to_thread(lambda: [_body(host, orphan).model_dump() for host, orphan in mine])


def _body(host: str, orphan: Orphan) -> OrphanBody:
    return OrphanBody(
        name=orphan.name,
        host=host,
        state=orphan.state,
        domain=orphan.domain or None,
        disks=list(orphan.disks),
        bytes=bytes_on_disk(orphan.directory, orphan.disks),
        last_written=orphan.since or None,
        deleting=bool(orphan.deletion),
        why=why(orphan),
        todo=mend(orphan),
    )
