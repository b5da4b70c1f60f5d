"""A file that is uploaded in one request becomes an image as a whole; of one that is none, or ends too early, nothing is kept."""

from __future__ import annotations

import pytest

from homeostat_api.http.errors import Problem
from homeostat_api.http.uploaded_form import take_whole
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
