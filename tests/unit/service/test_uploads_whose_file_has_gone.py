"""Of an upload whose file somebody removed nothing can come: it is as one that has ended."""

from __future__ import annotations

import pytest

from homeostat.service.refusals import UploadRefused
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room


async def test_it_is_not_there_and_keeps_no_name(room: Room) -> None:
    uploads = Served(room).service().uploads
    first = await uploads.begin("debian", 1000)
    (file,) = (room.state.root / "uploads").glob("*.partial")
    file.unlink()
    assert await uploads.all() == []
    for asked in (uploads.offset(first), uploads.append(first, 0, nothing())):
        with pytest.raises(UploadRefused) as refused:
            await asked
        assert refused.value.why == "not_found"
    assert (await uploads.begin("debian", 1000)).id != first.id


async def nothing():  # type: ignore[no-untyped-def]
    return
    yield b""
