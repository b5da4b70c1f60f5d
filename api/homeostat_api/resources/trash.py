"""/api/v1/trash: what was deleted and is set aside on this host."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import falcon
import falcon.asgi

from homeostat.planner.files.trash import TrashEntry
from homeostat.service.service import Service

from ..http.actor import who
from ..http.operations import Answer, operation
from ..http.rights import Right, needs
from ..words import TrashErased, TrashList, TrashRestored

TAG = "Trash"


class TrashCollection:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "List what is set aside",
        TAG,
        {200: Answer("Oldest first, and what it takes of the host's disk.", TrashList)},
        description="The disks of deleted machines, for as long as the operator's --trash-keep says. In a cluster: those of the "
        "hosts that keep their files in this server's state folder.",
        errors=(503,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        trash = self._service.asked_by(who(req)).trash
        entries = await trash.entries()
        resp.media = {"entries": [_shown(entry) for entry in entries], "size": sum(entry.size for entry in entries)}

    @needs(Right.CHANGE)
    @operation("Erase all that is set aside, for good", TAG, {200: Answer("What was erased.", TrashErased)}, errors=(503,))
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        trash = self._service.asked_by(who(req)).trash
        entries = await trash.entries()
        for entry in entries:
            await trash.erase(entry)
        resp.media = {"erased": [entry.entry for entry in entries], "size": sum(entry.size for entry in entries)}


class TrashItem:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @operation("Erase one entry, for good", TAG, {200: Answer("What was erased.", TrashErased)}, errors=(404, 503))
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, entry: str) -> None:
        trash = self._service.asked_by(who(req)).trash
        found = await trash.entry(entry)
        await trash.erase(found)
        resp.media = {"erased": [found.entry], "size": found.size}


class TrashRestore:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @operation(
        "Put the disks of an entry back",
        TAG,
        {200: Answer("Where they lie now; the machine of that name finds them there.", TrashRestored)},
        description="409 where the machine has a disk in that place: nothing is overwritten.",
        errors=(404, 409, 503),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, entry: str) -> None:
        trash = self._service.asked_by(who(req)).trash
        found = await trash.entry(entry)
        resp.media = {"entry": found.entry, "machine": found.name, "restored": await trash.restore(found)}


def _shown(entry: TrashEntry) -> dict[str, Any]:
    known = {name: value for name, value in asdict(entry).items() if name != "label"}
    return {**known, "kind": entry.kind, "until": entry.until or None, "size": entry.size}
