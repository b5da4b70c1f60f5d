"""/api/disks and /api/disks/{disk_id}."""

from __future__ import annotations

from contextlib import suppress

import falcon
import falcon.asgi

from homeostat.models.disk import Disk
from homeostat.service.kinds.disks import Disks
from homeostat.service.naming.marks import marks_of
from homeostat.service.refusals import Refusal
from homeostat_api.http.answers.given_names import asked_name
from homeostat_api.http.kinds.lists import newest_first
from homeostat_api.http.media import read_model, takes_any_length
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.requests.uploaded_form import FILE_ALONE
from homeostat_api.http.rights import Right, needs

from ..disk_views import shown, word
from ..errors import failed, no_disk
from ..fleet import Fleet
from ..iso_views import file_name
from ..uploads import FOR_DISK, finished, must_be, removed, unfinished, upload_of, uploaded
from ..words import GIB, AllDisks, DiskToMake, DoneMessage, OneDisk

TAG = "Disks"
PATIENCE = 30.0  # seconds for a file to be made, or to go


class ManagedDisks:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.SEE)
    @operation("List disks", TAG, {200: Answer("The newest first.", AllDisks)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._fleet.disk_list(req, resp, newest_first())

    @needs(Right.CHANGE)
    @operation("Make a disk", TAG, {201: Answer("It is there.", OneDisk)}, body=DiskToMake, errors=(400,))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        asked, disks = await read_model(req, DiskToMake), self._fleet.desk(req).disks
        spec = {"size": max(int(asked.size * GIB), 1), "format": asked.format}
        made = await disks.make(asked_name(req, asked.name), spec, marks=marks_of(asked.name))
        resp.status, resp.media = falcon.HTTP_201, {"disk": shown(await _made(disks, made), True)}


class DiskUpload:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation(
        "Upload a disk",
        TAG,
        {201: Answer("It can be attached.", OneDisk)},
        description="The file is kept as an Image, and the disk begins as it.",
        body=FILE_ALONE,
        body_types=("multipart/form-data",),
        errors=(400,),
    )
    @takes_any_length
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        desk = self._fleet.desk(req)
        image = await uploaded(req, desk, FOR_DISK)
        await must_be(image, False, desk)
        name, kind = image.metadata.name, image.status.format if image.status else None
        spec = {"source": {"image": {"imageRef": {"name": name}}}, "format": str(kind or "qcow2")}
        try:
            made = await desk.disks.make(name, spec, marks=marks_of(file_name(image), name))
        except Refusal:
            await removed(image, desk)
            raise
        await finished(image, desk)
        resp.status, resp.media = falcon.HTTP_201, {"disk": shown(await _made(desk.disks, made), True)}


class ManagedDisk:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.SEE)
    @operation("Get a disk", TAG, {200: Answer("The disk, with what is known of its file.", OneDisk)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, disk_id: str) -> None:
        resp.media = {"disk": shown(await self._fleet.disk(self._fleet.desk(req).disks, disk_id), True)}

    @needs(Right.CHANGE)
    @operation(
        "Delete a disk", TAG, {200: Answer("It is gone.", DoneMessage)}, description="400: a machine has it.", errors=(400, 404)
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, disk_id: str) -> None:
        desk = self._fleet.desk(req)
        disks = desk.disks
        disk = await self._fleet.disk(disks, disk_id)
        image = await upload_of(disk, desk)
        await disks.delete(disk)
        if image is not None:
            await unfinished(image, desk)
        gone, _ = await disks.wait_gone(disk, PATIENCE)
        if not gone:
            raise failed("The disk is still being deleted: ask for it again")
        if image is not None:
            with suppress(Refusal):  # others use it by now, or may alone remove it: the disk has gone all the same
                await removed(image, desk)
        resp.media = {"message": "Disk deleted successfully"}


async def _made(disks: Disks, made: Disk) -> Disk:
    """Returns a disk once its file is there, as far as that is so in time."""
    _, found = await disks.wait(made.metadata.name, lambda found: found is None or word(found) != "creating", PATIENCE)
    if found is None:
        raise no_disk()
    return found
