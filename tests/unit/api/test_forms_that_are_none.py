"""A file that is sent in a form is taken of a form alone: what is none is refused before anything of it is read."""

from __future__ import annotations

from typing import Any

import falcon.asgi
import falcon.testing
import pytest

from homeostat_api.http.errors import Problem
from homeostat_api.http.requests.uploaded_form import take_form
from tests.unit.serving import Served, disk_of
from tests.unit.store_fixtures import Room

DISK = disk_of(4096)
HEAD = '--b\r\nContent-Disposition: form-data; name="file"; filename="debian.img"\r\n\r\n'
BODY = HEAD.encode() + DISK + b"\r\n--b--\r\n"


class SentBody:
    """A request with a whole form as its body, whatever it is said to be."""

    def __init__(self, content_type: str | None) -> None:
        headers = {"Content-Length": str(len(BODY))}
        if content_type is not None:
            headers["Content-Type"] = content_type
        self.reads = 0
        self.request = falcon.asgi.Request(falcon.testing.create_scope(method="POST", headers=headers), self._receive)

    async def _receive(self) -> Any:
        self.reads += 1
        return {"type": "http.request", "body": BODY, "more_body": False} if self.reads == 1 else {"type": "http.disconnect"}


@pytest.mark.parametrize(
    "said", [None, "application/octet-stream", "multipart/mixed; boundary=b", "multipart/form-data-too; boundary=b"]
)
async def test_what_is_no_form_is_not_read(room: Room, said: str | None) -> None:
    desk, sent = Served(room).service(), SentBody(said)
    with pytest.raises(Problem) as refused:
        await take_form(sent.request, desk.uploads, lambda file: "debian")
    assert (refused.value.status_code, refused.value.problem_code) == (415, "unsupported_media_type")
    assert refused.value.message == "Send the file in a form: Content-Type: multipart/form-data"
    assert sent.reads == 0 and not await desk.uploads.all() and await desk.images.find("debian") is None


@pytest.mark.parametrize("said", ["multipart/form-data; boundary=b", "Multipart/Form-Data ; boundary=b"])
async def test_a_form_is_taken(room: Room, said: str) -> None:
    made = await take_form(SentBody(said).request, Served(room).service().uploads, lambda file: file.removesuffix(".img"))
    assert made.metadata.name == "debian"
