"""…/vms/{name}/screenshot and …/vms/{name}/keys: a picture of the screen, and keys that are pressed, without a console."""

from __future__ import annotations

from typing import Annotated, Self

import falcon
import falcon.asgi
from pydantic import BaseModel, ConfigDict, Field, model_validator

from homeostat.consoles.keyboard import KEYS_MAX, TEXT_MAX
from homeostat.consoles.pictures import THUMBNAIL, Picture, PictureSize
from homeostat.service.files.host_reach import OnAnotherApi
from homeostat.service.service import Service

from ..http.actor import who
from ..http.answers.download import gone_of
from ..http.answers.pass_on import PassingCodes, pass_on
from ..http.media import read_model
from ..http.operations import Answer, Parameter, operation
from ..http.requests.parameters import choice, flag
from ..http.rights import Right, needs

TAG = "Consoles"
PASSING = PassingCodes("console_unavailable", "console_unavailable")
SIZE = Parameter(
    "size",
    {"type": "string", "enum": [size.value for size in PictureSize], "default": PictureSize.FULL.value},
    f"thumbnail: {THUMBNAIL} pixels wide, or as wide as the screen where that is less.",
)
DUMMY = Parameter(
    "dummy", {"type": "boolean", "default": False}, "Answer with a picture that says nothing where there is none, instead of 409."
)
UNCHANGED = Parameter("If-None-Match", {"type": "string"}, "Answer 304 while the picture has this ETag.", place="header")
HEADERS = {"ETag": "Changes with the picture.", "Last-Modified": "When the screen last changed, as far as was seen."}


class KeysBody(BaseModel):
    """What is pressed: a chord, or a text."""

    model_config = ConfigDict(extra="forbid")

    keys: list[Annotated[str, Field(min_length=1, max_length=32)]] | None = Field(
        default=None,
        min_length=1,
        max_length=KEYS_MAX,
        description="Pressed together, in this order: ctrl, alt, delete, enter, f1 and so on, or what a key types without shift.",
    )
    text: str | None = Field(
        default=None,
        min_length=1,
        max_length=TEXT_MAX,
        description="Typed key by key as on a US keyboard; a line break is Enter.",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.keys is None) == (self.text is None):
            raise ValueError("give keys, or text")
        return self


class MachineScreenshot:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "Take a picture of a machine's screen",
        TAG,
        {
            200: Answer("A PNG.", {"type": "string", "format": "binary"}, "image/png", headers=HEADERS),
            304: Answer("It is still that picture."),
        },
        description="Of half a second ago at most: the server looks twice a second, until 10 seconds after the last request. "
        "409: the machine is off, has no screen, or a private one. 429: as many screens are watched as may be.",
        parameters=(SIZE, DUMMY, UNCHANGED),
        errors=(400, 404, 409, 429, 503),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        size = PictureSize(choice(req, "size", tuple(PictureSize)) or PictureSize.FULL)
        dummy = flag(req, "dummy")
        try:
            picture = await self._service.asked_by(who(req)).screens.picture(name, size, dummy)
        except OnAnotherApi as there:
            await pass_on(req, resp, there, PASSING)
        else:
            _answer(req, resp, picture)


class MachineKeyboard:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @operation(
        "Press keys on a machine's keyboard",
        TAG,
        {204: Answer("They were pressed. What the guest makes of them is not known.")},
        description="A chord, or a text, for which 20 to 40 ms pass with each character. It needs no screen and no console, and "
        "does not ask who has control. 400 where no key types a character: nothing is typed then. 409: the machine is off, or "
        "hangs. 429: too many type there.",
        body=KeysBody,
        errors=(400, 403, 404, 409, 429, 503),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        asked, keyboard = await read_model(req, KeysBody), self._service.asked_by(who(req)).keys
        gone = gone_of(req)
        try:
            if asked.keys is not None:
                await keyboard.press(name, asked.keys, gone)
            else:
                await keyboard.type(name, asked.text or "", gone)
        except OnAnotherApi as there:
            await pass_on(req, resp, there, PASSING, asked.model_dump(exclude_none=True))
        else:
            resp.status = falcon.HTTP_204


def _answer(req: falcon.asgi.Request, resp: falcon.asgi.Response, picture: Picture) -> None:
    resp.etag = picture.etag
    resp.set_header("Cache-Control", "private, no-cache")
    if picture.changed is not None:
        resp.last_modified = picture.changed
    if {picture.etag, "*"} & set(map(str, req.if_none_match or ())):
        resp.status = falcon.HTTP_304
    else:
        resp.content_type, resp.data = "image/png", picture.png
