"""S18: what was uploaded and is no ISO goes, also where the server was killed before that was known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from homeostat.cli.configuration.sections import VmShareSection
from homeostat.models.image import Image, ImageStatus
from homeostat.service.naming.marks import Marks
from homeostat_contracts.vm_share.attendance import SETTLES, Attendance
from homeostat_contracts.vm_share.isos import FILE_OF
from homeostat_contracts.vm_share.parts import LabParts
from homeostat_contracts.vm_share.routes import vm_share
from tests.contracts.inside import Inside, inside

A_MOMENT = timedelta(seconds=10)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Inside]:
    async with inside(tmp_path, vm_share, VmShareSection()) as found:
        found.sign_in("alice", 7)
        yield found


async def uploaded(lab: Inside, name: str, format: str | None, his: bool = True, phase: str = "Ready") -> Image:
    """Has an Image of alice's, as the operator found it. ``format`` None: it has not looked yet."""
    marks = Marks(annotations={FILE_OF: "7"} if his else {})
    image = await lab.desk.images.make(name, {"source": {"upload": {}}}, marks=marks)
    if format is not None:
        await lab.note(image, ImageStatus.model_validate({"phase": phase, "size": 4096, "format": format}))
    return image


async def left(lab: Inside, now: datetime) -> set[str]:
    """Sweeps as it would be done then, and returns which Images stay."""
    accounts: Any = lab
    await Attendance(lab.service, LabParts(lab.service), accounts, accounts, 1800)._sweep(lab.service.house, now)
    return {image.metadata.name for image in await lab.room.store.list(Image) if not image.deleting}


async def test_s18_what_is_no_iso_goes_and_the_others_stay(lab: Inside) -> None:
    image = await uploaded(lab, "no-iso", "qcow2")
    await uploaded(lab, "iso", "iso")
    await uploaded(lab, "out-of-reach", "iso", phase="Failed")
    await uploaded(lab, "unknown", None)
    await uploaded(lab, "by-our-own-api", "qcow2", his=False)
    await uploaded(lab, "of-use", "qcow2")
    await lab.desk.disks.make("made-of-it", {"source": {"image": {"imageRef": {"name": "of-use"}}}})
    others = {"iso", "out-of-reach", "unknown", "by-our-own-api", "of-use"}
    since = datetime.fromisoformat(image.metadata.creation_timestamp or "")
    assert await left(lab, since + SETTLES - A_MOMENT) == {"no-iso"} | others
    assert await left(lab, since + SETTLES + A_MOMENT) == others
