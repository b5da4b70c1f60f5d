"""For which Images a file may be uploaded, and which may be deleted."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.condition import Condition
from homeostat.models.image import ImageStatus
from homeostat.service.refusals import BeingDeleted, InUse, UploadRefused
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room


def ready(status: str) -> ImageStatus:
    condition = Condition.model_validate(
        {"type": "Ready", "status": status, "reason": "Said", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    )
    return ImageStatus(observed_generation=1, conditions=(condition,))


@pytest.mark.parametrize(
    ("source", "status", "refusal"),
    [
        (None, None, ""),
        ({"upload": {}}, None, ""),
        ({"upload": {}}, ImageStatus(observed_generation=1), ""),
        ({"upload": {}}, ready("False"), ""),
        ({"upload": {}}, ready("True"), "is there already"),
        ({"url": "https://images.example.com/a"}, None, "is not an upload"),
        ({"url": "https://images.example.com/a"}, ready("True"), "is not an upload"),
    ],
)
async def test_what_may_be_uploaded(room: Room, source: Any, status: ImageStatus | None, refusal: str) -> None:
    served = Served(room)
    images = served.service().images
    if source is not None:
        await served.have(images, "debian", {"source": source}, status)
    if not refusal:
        await images.check_upload("debian")
        return
    with pytest.raises(UploadRefused, match=refusal) as refused:
        await images.check_upload("debian")
    assert refused.value.why == "conflict"


async def test_one_that_is_named_is_not_deleted(room: Room) -> None:
    service = Served(room).service()
    image = await service.images.make("debian", {"source": {"upload": {}}})
    web = await service.machines.make("web", {"disks": [{"name": "root", "image": {"imageRef": {"name": "debian"}}}]})
    with pytest.raises(InUse) as refused:
        await service.images.delete(image)
    assert refused.value.users == [web.key] and refused.value.kind is type(image)
    await service.machines.patch(web, {"spec": {"disks": None}})
    await service.images.delete(image)
    assert (await service.images.get("debian")).deleting
    with pytest.raises(BeingDeleted):
        await service.images.check_upload("debian")
