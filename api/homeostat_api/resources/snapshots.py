"""/api/v1/snapshots, one of them, and the way back to it."""

from __future__ import annotations

import falcon
import falcon.asgi

from homeostat.models.snapshot import Snapshot
from homeostat.service.service import Service

from ..http.actor import who
from ..http.kinds.lists import ListAnswer
from ..http.kinds.whole import DRY, WAIT, Going, answer_deletion, answer_made, answer_one, whole
from ..http.media import read_model
from ..http.operations import ETAG, LIST_HEADERS, Answer, operation
from ..http.requests.parameters import IF_NONE_MATCH, LIMIT, OFFSET, flag
from ..http.requests.spec_changes import DRY_RUN, answer_presumed
from ..http.rights import Right, needs
from ..snapshot_words import NewSnapshot, RestoreAsked, Restoring, SnapshotList

TAG = "Snapshots"


class SnapshotCollection:
    def __init__(self, service: Service, answer: ListAnswer[Snapshot]) -> None:
        self._service = service
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
        await self._answer(req, resp, whole)

    @needs(Right.CHANGE)
    @operation(
        "Take a snapshot",
        TAG,
        {
            201: Answer("It is written down; the operator takes it. Its condition Ready says when.", Snapshot, headers=ETAG),
            200: DRY,
        },
        parameters=(DRY_RUN,),
        body=NewSnapshot,
        errors=(400, 404, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        snapshots = self._service.asked_by(who(req)).snapshots
        asked, dry = await read_model(req, NewSnapshot), flag(req, "dryRun")
        taken = await snapshots.take(asked.name, asked.spec, dry)
        if dry:
            await answer_presumed(resp, snapshots, taken)
        else:
            answer_made(resp, taken)


class SnapshotItem:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation("Get a snapshot", TAG, {200: Answer("What it is of, and what is in it.", Snapshot, headers=ETAG)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        snapshots = self._service.asked_by(who(req)).snapshots
        answer_one(resp, await snapshots.get(name))

    @needs(Right.CHANGE)
    @operation(
        "Delete a snapshot",
        TAG,
        {204: Answer("It is gone."), 202: Answer("It goes once its data is removed.", Going)},
        parameters=(WAIT,),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        snapshots = self._service.asked_by(who(req)).snapshots
        await answer_deletion(req, resp, snapshots, name)


class SnapshotRestore:
    def __init__(self, service: Service) -> None:
        self._service = service

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
        snapshots = self._service.asked_by(who(req)).snapshots
        asked = await read_model(req, RestoreAsked)
        snapshot, machine = await snapshots.restore(name, asked.token)
        resp.status = falcon.HTTP_202
        resp.media = {"name": snapshot.metadata.name, "machine": machine.metadata.name, "token": asked.token}
