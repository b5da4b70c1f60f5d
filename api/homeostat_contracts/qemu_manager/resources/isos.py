"""/api/isos, /api/isos/upload and /api/isos/{iso_id}: ISOs that were uploaded."""

from __future__ import annotations

from typing import Any

import falcon
import falcon.asgi

from homeostat.models.image import Image, ImageState
from homeostat.models.image_source import ImageFormat
from homeostat.service.desk import Desk
from homeostat.service.images import Images
from homeostat.service.marks import id_of
from homeostat_api.http.errors import Problem
from homeostat_api.http.media import takes_any_length
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..errors import failed
from ..fleet import Fleet
from ..machine_views import ISOS
from ..moments import moment
from ..uploads import PATIENCE, file_name, must_be, uploaded
from ..words import AllIsos, DoneMessage, OneIso

TAG = "ISOs"
FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
}


class IsoList:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.SEE)
    @operation("List ISOs", TAG, {200: Answer("The newest first.", AllIsos)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        found = await _isos(self._fleet.desk(req))
        found.sort(key=lambda image: (image.metadata.creation_timestamp or "", image.metadata.name), reverse=True)
        resp.media = {"isos": [shown(image) for image in found]}


class IsoUpload:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation("Upload an ISO", TAG, {201: Answer("It can be mounted.", OneIso)}, body=FORM, body_types=("multipart/form-data",))
    @takes_any_length
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        desk = self._fleet.desk(req)
        image = await looked_at(desk.images, await uploaded(req, desk))
        await must_be(image, True, desk)
        resp.status, resp.media = falcon.HTTP_201, {"iso": shown(image)}


class IsoItem:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.SEE)
    @operation("Get an ISO", TAG, {200: Answer("The ISO.", OneIso)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, iso_id: str) -> None:
        resp.media = {"iso": shown(await _iso(self._fleet.desk(req), iso_id))}

    @needs(Right.CHANGE)
    @operation(
        "Delete an ISO", TAG, {200: Answer("It is gone.", DoneMessage)}, description="400: a machine has it.", errors=(400, 404)
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, iso_id: str) -> None:
        desk = self._fleet.desk(req)
        image = await _iso(desk, iso_id)
        await desk.images.delete(image)
        gone, _ = await desk.images.wait_gone(image, PATIENCE)
        if not gone:
            raise failed("The ISO is still being deleted: ask for it again")
        resp.media = {"message": "ISO deleted successfully"}


def shown(image: Image) -> dict[str, Any]:
    return {
        "id": id_of(image),
        "name": file_name(image),
        "path": f"{ISOS}{image.metadata.name}.iso",
        "size": (image.status.size if image.status else None) or 0,
        "uploadedAt": moment(image.metadata.creation_timestamp),
    }


async def looked_at(images: Images, image: Image) -> Image:
    """Returns an Image once the operator has looked at it, as far as it does in time."""
    ends = (ImageState.READY, ImageState.FAILED)
    _, found = await images.wait(
        image.metadata.name, lambda now: now is None or (now.status is not None and now.status.phase in ends), PATIENCE
    )
    return found or image


async def _isos(desk: Desk) -> list[Image]:
    images = desk.images
    found = [await images.find(image.metadata.name) for image in await images.store.list(Image, images.namespace)]
    return [image for image in found if image is not None and image.status and image.status.format is ImageFormat.ISO]


async def _iso(desk: Desk, id: str) -> Image:
    for image in await _isos(desk):
        if id_of(image) == id:
            return image
    raise Problem(404, "not_found", "ISO not found")
