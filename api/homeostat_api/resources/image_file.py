"""/api/v1/images/{name}/file: an image's file as the body of one request."""

from __future__ import annotations

import falcon
import falcon.asgi

from homeostat.models.image import Image
from homeostat.service.service import Service

from ..http.actor import who
from ..http.media import takes_any_length
from ..http.operations import ETAG, Answer, Parameter, operation
from ..http.requests.direct import direct
from ..http.requests.parameters import text
from ..http.requests.preconditions import set_etag
from ..http.requests.uploaded_form import check_name, take_whole
from ..http.rights import Right, needs
from .images import TAG, show

SHA256 = Parameter("sha256", {"type": "string"}, "What the file must hash to.")
FORMAT = Parameter("format", {"type": "string", "enum": ["raw"]}, "raw: the file as it is, such as a kernel.")


class ImageFile:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.CHANGE)
    @takes_any_length
    @operation(
        "Upload an image's file in one request",
        TAG,
        {201: Answer("The image.", Image, headers=ETAG)},
        description="Where the connection is cut nothing is kept; the tus protocol under /api/v1/uploads goes on where it was. "
        "The file is judged while it arrives. The image must not exist yet, or wait for its upload.",
        parameters=(SHA256, FORMAT),
        body={"type": "string", "format": "binary"},
        body_types=("application/octet-stream",),
        errors=(400, 409, 413, 422, 423, 507),
    )
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        uploads = self._service.asked_by(who(req)).uploads
        sha256, format = text(req, "sha256") or "", text(req, "format") or ""
        image = await take_whole(uploads, check_name(name), req.content_length, sha256, format, direct(req) or req.stream)
        resp.status = falcon.HTTP_201
        resp.location = f"/api/v1/images/{name}"
        resp.media = show(image)
        set_etag(resp, image)
