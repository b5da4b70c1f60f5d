"""/api/v1/snapshots, one of them, and the way back to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import falcon
import falcon.asgi

from homeostat.models.snapshot import Snapshot
from homeostat.service.snapshots import MachineSnapshots

from ..http.kind_index import Entry
from ..http.lists import ListAnswer
from ..http.media import read_model
from ..http.operations import ETAG, LIST_HEADERS, Answer, Parameter, operation
from ..http.parameters import IF_NONE_MATCH, LIMIT, OFFSET, whole_number
from ..http.preconditions import set_etag
from ..http.rights import Right, needs
from ..snapshot_words import NewSnapshot, RestoreAsked, Restoring, SnapshotGoing, SnapshotList

TAG = "Snapshots"
WAIT_MAX = 600
WAIT = Parameter("wait", {"type": "integer", "minimum": 0, "maximum": WAIT_MAX}, "Seconds to wait until it is gone. Default: 0.")


def _all(req: falcon.asgi.Request) -> Callable[[Sequence[Entry]], Sequence[bytes]]:
    return lambda entries: [entry.whole for entry in entries]


class SnapshotCollection:
    def __init__(self, snapshots: MachineSnapshots, answer: ListAnswer[Snapshot]) -> None:
        self._snapshots = snapshots
        self._answer = answer

    @needs(Right.SEE)
    @operation(
        "List snapshots",
        TAG,
        {
            200: Answer("All of them, by name.", SnapshotList, headers=LIST_HEADERS),
            304: Answer("The list is the one that If-None-Match names."),
        },
        parameters=(LIMIT, OFFSET, IF_NONE_MATCH),
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req, resp, _all)

    @needs(Right.CHANGE)
    @operation(
        "Take a snapshot",
        TAG,
        {201: Answer("It is written down; the operator takes it. Its condition Ready says when.", Snapshot, headers=ETAG)},
        body=NewSnapshot,
        errors=(400, 404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, NewSnapshot)
        made = await self._snapshots.take(asked.name, asked.spec)
        resp.status = falcon.HTTP_201
        resp.location = f"/api/v1/snapshots/{made.metadata.name}"
        resp.media = made.dump()
        set_etag(resp, made)


class SnapshotItem:
    def __init__(self, snapshots: MachineSnapshots) -> None:
        self._snapshots = snapshots

    @needs(Right.SEE)
    @operation("Get a snapshot", TAG, {200: Answer("What it is of, and what is in it.", Snapshot, headers=ETAG)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        found = await self._snapshots.get(name)
        resp.media = found.dump()
        set_etag(resp, found)

    @needs(Right.CHANGE)
    @operation(
        "Delete a snapshot",
        TAG,
        {204: Answer("It is gone."), 202: Answer("It goes once its data is removed.", SnapshotGoing)},
        parameters=(WAIT,),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        seconds = whole_number(req, "wait", WAIT_MAX) or 0
        found = await self._snapshots.get(name)
        await self._snapshots.delete(found)
        gone, _ = await self._snapshots.wait_gone(found, seconds)
        if gone:
            resp.status = falcon.HTTP_204
            return
        resp.status = falcon.HTTP_202
        resp.media = {"name": name, "status": "deleting"}


class SnapshotRestore:
    def __init__(self, snapshots: MachineSnapshots) -> None:
        self._snapshots = snapshots

    @needs(Right.CHANGE)
    @operation(
        "Go back to a snapshot",
        TAG,
        {202: Answer("The machine goes back to it.", Restoring)},
        description="Sets spec.restoreFrom of its machine. What was written to the machine's disks since the snapshot is lost. "
        "409 while the snapshot is not taken.",
        body=RestoreAsked,
        errors=(400, 404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        asked = await read_model(req, RestoreAsked)
        snapshot, machine = await self._snapshots.restore(name, asked.token)
        resp.status = falcon.HTTP_202
        resp.media = {"name": snapshot.metadata.name, "machine": machine.metadata.name, "token": asked.token}
