"""/api/v1/trash: what was deleted and is set aside, on every host."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import falcon
import falcon.asgi

from homeostat.service.files.host_reach import OnAnotherApi
from homeostat.service.files.trash_elsewhere import Trashed
from homeostat.service.service import Service

from ..http.actor import who
from ..http.answers.pass_on import PassingCodes, pass_on
from ..http.operations import Answer, Parameter, operation
from ..http.requests.parameters import text
from ..http.rights import Right, needs
from ..words import TrashErased, TrashList, TrashRestored

TAG = "Trash"
PASSING = PassingCodes("trash_elsewhere", "trash_unavailable")
HOST = Parameter(
    "host",
    {"type": "string", "maxLength": 253},
    "In a cluster: the host whose trash has it. Left out: that of the state folder of this server, or else of any other.",
)
PASSED_ON = (
    "In a cluster the API server beside the entry's host does it, and others pass it on; 409 where no operator says where "
    "that is."
)


class TrashCollection:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "List what is set aside",
        TAG,
        {200: Answer("Oldest first, and what it takes of the hosts' disks.", TrashList)},
        description="The disks of what was deleted, for as long as the operator's --trash-keep says. In a cluster: of every "
        "host, those of the others as their operators reported them, 100 of each at the most. With accounts: of what was one's "
        "own; moderators and administrators see all.",
        errors=(503,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        trash = self._service.asked_by(who(req)).trash
        entries = await trash.entries()
        shown = [{**_shown(one), "changeable": trash.may_change(one)} for one in entries]
        resp.media = {"entries": shown, "size": sum(one.entry.size for one in entries)}

    @needs(Right.CHANGE)
    @operation(
        "Erase all that is set aside, for good",
        TAG,
        {200: Answer("What was erased.", TrashErased)},
        description="In a cluster: all in the state folder of this server. That of other hosts is erased entry by entry. With "
        "accounts: all that one sees; 403, and nothing is erased, where some of it was another's.",
        errors=(400, 503),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        entries = await self._service.asked_by(who(req)).trash.erase_all()
        resp.media = {"erased": [one.entry.entry for one in entries], "size": sum(one.entry.size for one in entries)}


class TrashItem:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @operation(
        "Erase one entry, for good",
        TAG,
        {200: Answer("What was erased.", TrashErased)},
        description=PASSED_ON,
        parameters=(HOST,),
        errors=(400, 404, 409, 503),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, entry: str) -> None:
        trash = self._service.asked_by(who(req)).trash
        found = await trash.entry(entry, text(req, "host") or "")
        try:
            await trash.erase(found)
        except OnAnotherApi as there:
            await pass_on(req, resp, there, PASSING)
        else:
            resp.media = {"erased": [found.entry.entry], "size": found.entry.size}


class TrashRestore:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @operation(
        "Put the disks of an entry back",
        TAG,
        {200: Answer("Where they lie now; the machine of that name finds them there.", TrashRestored)},
        description=f"409 where the machine has a disk in that place: nothing is overwritten. {PASSED_ON}",
        parameters=(HOST,),
        errors=(400, 404, 409, 503),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, entry: str) -> None:
        trash = self._service.asked_by(who(req)).trash
        found = await trash.entry(entry, text(req, "host") or "")
        try:
            restored = await trash.restore(found)
        except OnAnotherApi as there:
            await pass_on(req, resp, there, PASSING)
        else:
            resp.media = {"entry": found.entry.entry, "machine": found.entry.name, "restored": restored}


def _shown(one: Trashed) -> dict[str, Any]:
    entry = one.entry
    known = {name: value for name, value in asdict(entry).items() if name != "label"}
    return {**known, "kind": one.kind, "until": entry.until or None, "size": entry.size, "host": one.host or None}
