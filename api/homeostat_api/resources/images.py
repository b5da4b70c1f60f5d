"""/api/v1/images, and one of them."""

from __future__ import annotations

from typing import Any

import falcon.asgi

from homeostat.models.image import Image
from homeostat.models.outside import redacted_all
from homeostat.service.service import Service

from ..http.actor import who
from ..http.errors import invalid
from ..http.kinds.lists import ListAnswer
from ..http.kinds.whole import DRY, WAIT, Going, answer_deletion, answer_made, answer_one, whole
from ..http.media import media_type, read_model, takes_any_length
from ..http.operations import ETAG, LIST_HEADERS, Answer, operation
from ..http.requests.parameters import IF_NONE_MATCH, LIMIT, OFFSET, flag
from ..http.requests.spec_changes import DRY_RUN, answer_presumed
from ..http.requests.uploaded_form import FORM, FORM_SCHEMA, take_form
from ..http.rights import Right, needs
from ..image_words import ImageList, NewImage

TAG = "Images"


def show(image: Image) -> dict[str, Any]:
    """Returns an Image as answers have it: the resource, without what may be secret in its address."""
    shown: dict[str, Any] = redacted_all(image.dump())
    return shown


class ImageCollection:
    def __init__(self, service: Service, answer: ListAnswer[Image]) -> None:
        self._service = service
        self._answer = answer

    @needs(Right.SEE)
    @operation(
        "List images",
        TAG,
        {
            200: Answer("All of them, by name.", ImageList, headers=LIST_HEADERS),
            304: Answer("The list is the one that If-None-Match names."),
        },
        parameters=(LIMIT, OFFSET, IF_NONE_MATCH),
        errors=(400,),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req, resp, whole)

    @needs(Right.CHANGE)
    @takes_any_length
    @operation(
        "Create an image, by url or with its file",
        TAG,
        {201: Answer("It is written down; the operator fetches what it names.", Image, headers=ETAG), 200: DRY},
        description="As JSON: its name and where it comes from. As multipart/form-data: its name, and the file after that; it is "
        "judged while it arrives, and nothing of it is kept where it is no image. A file is not sent for a dry run (400).",
        parameters=(DRY_RUN,),
        body=NewImage,
        form=FORM_SCHEMA,
        errors=(400, 409, 413, 415, 422, 507),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        desk, dry = self._service.asked_by(who(req)), flag(req, "dryRun")
        if media_type(req) == FORM:
            if dry:
                raise invalid("dryRun: a file is judged while it arrives, and kept then: send it without", parameter="dryRun")
            image = await take_form(req, desk.uploads)
        else:
            asked = await read_model(req, NewImage)
            spec = asked.model_dump(mode="json", include={"source", "format"}, exclude_none=True)
            image = await desk.images.make(asked.name, spec, dry)
            if dry:
                await answer_presumed(resp, desk.images, image)
                return
        answer_made(resp, image, show(image))


class ImageItem:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation("Get an image", TAG, {200: Answer("What it is, and who names it.", Image, headers=ETAG)}, errors=(404,))
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        images = self._service.asked_by(who(req)).images
        found = await images.get(name)
        answer_one(resp, found, show(found))

    @needs(Right.CHANGE)
    @operation(
        "Delete an image",
        TAG,
        {204: Answer("It is gone."), 202: Answer("It goes when the operator has seen to it.", Going)},
        description="409 while machines, deployments or plugins name it: details.used_by says which. Disks that were made "
        "from it keep its file.",
        parameters=(WAIT,),
        errors=(400, 404, 409),
    )
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        images = self._service.asked_by(who(req)).images
        await answer_deletion(req, resp, images, name)
