"""/api/v1/disks, one of them, and its spec."""

from __future__ import annotations

import falcon.asgi

from homeostat.models.disk import Disk, DiskSpec
from homeostat.service.disks import Disks

from ..disk_words import DiskList, DiskSpecChanged, NewDisk
from ..http.lists import ListAnswer
from ..http.media import read_model
from ..http.operations import ETAG, LIST_HEADERS, Answer, operation
from ..http.parameters import IF_MATCH, IF_NONE_MATCH, LIMIT, OFFSET
from ..http.preconditions import set_etag
from ..http.rights import Right, needs
from ..http.spec_changes import DRY_RUN, PATCH_BODY, PATCH_TYPES, PATCH_WORDS, answer_patch, answer_put
from ..http.whole import DRY, WAIT, Going, answer_creation, answer_deletion, answer_one, whole

TAG = "Disks"


class DiskCollection:
    def __init__(self, disks: Disks, answer: ListAnswer[Disk]) -> None:
        self._disks = disks
        self._answer = answer

    @needs(Right.SEE)
    @operation(
        "List disks",
        TAG,
        {
            200: Answer("All of them, by name.", DiskList, headers=LIST_HEADERS),
            304: Answer("The list is the one that If-None-Match names."),
        },
        parameters=(LIMIT, OFFSET, IF_NONE_MATCH),
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req, resp, whole)

    @needs(Right.CHANGE)
    @operation(
        "Create a disk",
        TAG,
        {201: Answer("It is written down; the operator makes it.", Disk, headers=ETAG), 200: DRY},
        parameters=(DRY_RUN,),
        body=NewDisk,
        errors=(400, 409),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked = await read_model(req, NewDisk)
        await answer_creation(req, resp, self._disks, asked.name, asked.spec)


class DiskItem:
    def __init__(self, disks: Disks) -> None:
        self._disks = disks

    @needs(Right.SEE)
    @operation("Get a disk", TAG, {200: Answer("What it is, where it lies, and who has it.", Disk, headers=ETAG)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        answer_one(resp, await self._disks.get(name))

    @needs(Right.CHANGE)
    @operation(
        "Delete a disk",
        TAG,
        {204: Answer("It is gone."), 202: Answer("It goes once no domain has it.", Going)},
        description="409 while machines or deployments name it: details.used_by says which. Its file follows reclaimPolicy.",
        parameters=(WAIT,),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await answer_deletion(req, resp, self._disks, name)


class DiskSpecRoute:
    def __init__(self, disks: Disks) -> None:
        self._disks = disks

    @needs(Right.SEE)
    @operation(
        "Get a disk's spec",
        TAG,
        {200: Answer("As it stands in YAML; defaults are left out.", DiskSpec, headers=ETAG)},
        errors=(404,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        disk = await self._disks.get(name)
        resp.media = disk.spec.dump()
        set_etag(resp, disk)

    @needs(Right.CHANGE)
    @operation(
        "Replace a disk's spec",
        TAG,
        {200: Answer("The spec after the change, and what that takes.", DiskSpecChanged, headers=ETAG)},
        description="What the body does not say is removed, whoever set it; PATCH leaves that alone. Another source or format, "
        "and a smaller size, are Forbidden once the disk is there: they are written down, and it stays as it is.",
        parameters=(IF_MATCH, DRY_RUN),
        body=DiskSpec,
        errors=(400, 404, 409, 412),
    )
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await answer_put(req, resp, self._disks, name)

    @needs(Right.CHANGE)
    @operation(
        "Change a disk's spec",
        TAG,
        {200: Answer("The spec after the change, and what that takes.", DiskSpecChanged, headers=ETAG)},
        description=PATCH_WORDS,
        parameters=(IF_MATCH, DRY_RUN),
        body=PATCH_BODY,
        body_types=PATCH_TYPES,
        errors=(400, 404, 409, 412),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        await answer_patch(req, resp, self._disks, name)
