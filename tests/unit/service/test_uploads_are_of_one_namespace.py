"""An upload is found in its namespace alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.service.files.uploads import ImageUploads
from homeostat.service.refusals import UploadRefused
from tests.rig.uploading import ImagesOfNobody


def uploads(state: Path, namespace: str) -> ImageUploads:
    return ImageUploads(ImagesOfNobody(namespace), state, 2**30)  # type: ignore[arg-type]


async def test_it_is_found_where_it_was_begun(tmp_path: Path) -> None:
    ours, others = uploads(tmp_path, "default"), uploads(tmp_path, "prod")
    begun = await ours.begin("debian", 1000)
    assert (await ours.find(begun.id)).name == "debian" and ours.arrived(begun) == 0
    assert [upload.id for upload in await ours.all()] == [begun.id] and await others.all() == []
    for where, id in ((others, begun.id), (ours, "none")):
        with pytest.raises(UploadRefused) as refused:
            await where.find(id)
        assert refused.value.why == "not_found"
