"""An upload is found in its namespace alone."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from homeostat.accounts.actor import HOUSE
from homeostat.service.refusals import UploadRefused
from homeostat.service.uploads import ImageUploads


def uploads(state: Path, namespace: str) -> ImageUploads:
    async def check_upload(name: str) -> None:
        """Any may be uploaded."""

    asking = SimpleNamespace(actor=HOUSE, noting=lambda *_: nullcontext())
    images = SimpleNamespace(namespace=namespace, check_upload=check_upload, asking=asking)
    return ImageUploads(images, state, 2**30)  # type: ignore[arg-type]


async def test_it_is_found_where_it_was_begun(tmp_path: Path) -> None:
    ours, others = uploads(tmp_path, "default"), uploads(tmp_path, "prod")
    begun = await ours.begin("debian", 1000)
    assert (await ours.find(begun.id)).name == "debian" and ours.arrived(begun) == 0
    assert [upload.id for upload in await ours.all()] == [begun.id] and await others.all() == []
    for where, id in ((others, begun.id), (ours, "none")):
        with pytest.raises(UploadRefused) as refused:
            await where.find(id)
        assert refused.value.why == "not_found"
