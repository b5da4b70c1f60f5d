"""/api/isos, /api/isos/upload and /api/isos/{iso_id}: ISOs that were uploaded."""

from __future__ import annotations

import falcon
import falcon.asgi

from homeostat_api.http.kinds.lists import newest_first
from homeostat_api.http.media import takes_any_length
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.requests.uploaded_form import FILE_ALONE
from homeostat_api.http.rights import Right, needs

from ..errors import failed
from ..fleet import Fleet
from ..iso_views import is_iso, shown
from ..uploads import FOR_ISO, PATIENCE, finished, must_be, uploaded
from ..words import AllIsos, DoneMessage, OneIso

TAG = "ISOs"


class IsoList:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.SEE)
    @operation("List ISOs", TAG, {200: Answer("The newest first.", AllIsos)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._fleet.iso_list(req, resp, newest_first(is_iso))


class IsoUpload:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.CHANGE)
    @operation(
        "Upload an ISO", TAG, {201: Answer("It can be mounted.", OneIso)}, body=FILE_ALONE, body_types=("multipart/form-data",)
    )
    @takes_any_length
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        desk = self._fleet.desk(req)
        image = await uploaded(req, desk, FOR_ISO)
        await must_be(image, True, desk)
        if is_iso(image):  # else nobody has looked at it yet: that decides
            await finished(image, desk)
        resp.status, resp.media = falcon.HTTP_201, {"iso": shown(image)}


class IsoItem:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @needs(Right.SEE)
    @operation("Get an ISO", TAG, {200: Answer("The ISO.", OneIso)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, iso_id: str) -> None:
        resp.media = {"iso": shown(await self._fleet.iso(self._fleet.desk(req).images, iso_id))}

    @needs(Right.CHANGE)
    @operation(
        "Delete an ISO", TAG, {200: Answer("It is gone.", DoneMessage)}, description="400: a machine has it.", errors=(400, 404)
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, iso_id: str) -> None:
        images = self._fleet.desk(req).images
        image = await self._fleet.iso(images, iso_id)
        await images.delete(image)
        gone, _ = await images.wait_gone(image, PATIENCE)
        if not gone:
            raise failed("The ISO is still being deleted: ask for it again")
        resp.media = {"message": "ISO deleted successfully"}
