"""/list and /screenshot: what everybody sees of machines that run."""

from __future__ import annotations

import falcon
import falcon.asgi

from homeostat.consoles.pictures import PictureSize, dummy_picture
from homeostat_api.http.kinds.lists import send
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Door, needs

from ..listed import Listed
from ..words.machines import ListedMachine

TAG = "General"


class RunningList:
    def __init__(self, listed: Listed) -> None:
        self._listed = listed

    @needs(Door.OPEN)
    @operation("List the machines that run", TAG, {200: Answer("By id.", list[ListedMachine])})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        send(req, resp, await self._listed.all())


class RunningMachine:
    def __init__(self, listed: Listed) -> None:
        self._listed = listed

    @needs(Door.OPEN)
    @operation("Get a machine that runs", TAG, {200: Answer("The machine.", ListedMachine)}, errors=(404, 409))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm: str) -> None:
        resp.media = await self._listed.one(vm)


class Screenshot:
    def __init__(self, listed: Listed) -> None:
        self._listed = listed

    @needs(Door.OPEN)
    @operation(
        "Get a picture of a machine's screen",
        TAG,
        {200: Answer("A PNG, 320 pixels wide at most.", {"type": "string", "format": "binary"}, "image/png")},
        description="The server looks twice a second while anybody asks. Of a private machine it is one that says nothing.",
        errors=(404, 409, 429),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, vm: str) -> None:
        machine = await self._listed.machine(vm)
        if machine.spec.display.private:
            picture = dummy_picture(PictureSize.THUMBNAIL)
        else:
            picture = await self._listed.house.screens.picture(machine.metadata.name, PictureSize.THUMBNAIL)
        resp.set_header("Cache-Control", "no-cache")
        resp.etag = picture.etag
        if {picture.etag, "*"} & set(map(str, req.if_none_match or ())):
            resp.status = falcon.HTTP_304
        else:
            resp.content_type, resp.data = "image/png", picture.png
