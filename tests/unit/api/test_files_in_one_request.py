"""A file that is uploaded in one request becomes an image as a whole; of one that is none, or ends too early, nothing is kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from homeostat_api.http.errors import Problem
from homeostat_api.http.requests.uploaded_form import take_form, take_whole
from tests.unit.serving import Served, arriving, disk_of
from tests.unit.store_fixtures import Room

DISK = disk_of(4096)


@pytest.mark.parametrize("length", [len(DISK), None], ids=["its length is known", "not known"])
async def test_a_whole_file_becomes_an_image(room: Room, length: int | None) -> None:
    uploads = Served(room).service().uploads
    made = await take_whole(uploads, "debian", length, "", "", arriving(DISK[:1000], DISK[1000:]))
    assert made.metadata.name == "debian"


@pytest.mark.parametrize(
    ("length", "parts", "status", "code", "said"),
    [
        (len(DISK) + 1, [DISK], 400, "upload_incomplete", f"Only {len(DISK)} bytes of {len(DISK) + 1} arrived"),
        (1, [], 400, "upload_incomplete", "Only 0 bytes of 1 arrived"),
        (None, [], 422, "not_an_image", "The file is empty"),
        (None, [b""], 422, "not_an_image", "The file is empty"),
    ],
    ids=["cut off", "not begun", "nothing", "an empty part"],
)
async def test_nothing_is_kept(room: Room, length: int | None, parts: list[bytes], status: int, code: str, said: str) -> None:
    desk = Served(room).service()
    with pytest.raises(Problem) as refused:
        await take_whole(desk.uploads, "debian", length, "", "", arriving(*parts))
    assert (int(refused.value.status), refused.value.problem_code, refused.value.message) == (status, code, said)
    assert not await desk.uploads.all() and await desk.images.find("debian") is None


HEAD = b'--aB\r\nContent-Disposition: form-data; name="file"; filename="a.img"\r\n\r\n'


def form(*parts: bytes, type: str = "multipart/form-data; boundary=aB") -> Any:
    """A request with a form in its body."""
    return SimpleNamespace(content_type=type, content_length=None, stream=arriving(*parts))


@pytest.mark.parametrize(
    "end", [b"\r\n--aB--", b"\r\n--aB--\r\n", b'\r\n--aB\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--aB--']
)
@pytest.mark.parametrize("type", ["multipart/form-data; boundary=aB", 'MULTIPART/Form-Data; Boundary="aB"'])
async def test_a_form_that_ends(room: Room, end: bytes, type: str) -> None:
    desk = Served(room).service()
    made = await take_form(form(HEAD, DISK, end, type=type), desk.uploads, lambda file: "debian")
    assert made.metadata.name == "debian"


@pytest.mark.parametrize(
    "parts",
    [
        [HEAD + DISK],
        [HEAD, DISK, b"\r\n--aB"],
        [HEAD, DISK, b"\r\n--aB-"],
        [HEAD, DISK, b"\r\n--ab--\r\n"],
        [HEAD, DISK, b"\r\n--aB\r\n"],
        [HEAD, DISK, b'\r\n--aB\r\nContent-Disposition: form-data; name="x"\r\n\r\n1'],
        [HEAD[:-2]],
    ],
)
async def test_of_a_form_without_its_end_nothing_is_kept(room: Room, parts: list[bytes]) -> None:
    desk = Served(room).service()
    with pytest.raises(Problem) as refused:
        await take_form(form(*parts), desk.uploads, lambda file: "debian")
    assert (refused.value.status_code, refused.value.problem_code) == (400, "malformed_form")
    assert not await desk.uploads.all() and await desk.images.find("debian") is None
