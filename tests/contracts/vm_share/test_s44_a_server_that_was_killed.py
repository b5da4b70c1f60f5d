"""What a server left that was killed while it took a snapshot: it goes, and nothing of others' does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from homeostat.cli.configuration.sections import VmShareSection
from homeostat.models.base import Resource
from homeostat.models.snapshot import MachineRef, Snapshot, SnapshotSpec
from homeostat_contracts.vm_share.attendance import COPIED, Attendance
from homeostat_contracts.vm_share.marks import MOMENT, SESSION, marks
from homeostat_contracts.vm_share.parts import LabParts
from homeostat_contracts.vm_share.routes import vm_share
from tests.contracts.inside import Inside, inside

VMID = "0123456789ab"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Inside]:
    async with inside(tmp_path, vm_share, VmShareSection()) as found:
        found.sign_in("alice", 7)
        yield found


async def sweep(lab: Inside, now: datetime) -> set[str]:
    """Sweeps as it would be done then, and returns which Snapshots are left."""
    accounts: Any = lab
    attendance = Attendance(lab.service, LabParts(lab.service), accounts, accounts, 1800)
    await attendance._sweep(lab.service.house, now)
    kept: list[Resource] = [one for one in await lab.room.store.list(Snapshot) if not one.deleting]
    return {one.metadata.name for one in kept}


async def test_what_nobody_copies_from_any_more_goes(lab: Inside) -> None:
    await lab.desk.machines.make("vmshare-7", {}, marks=marks(SESSION, 7, VMID, "ubuntu"))
    spec = SnapshotSpec(machine_ref=MachineRef(name="vmshare-7"))
    taken = await lab.desk.snapshots.take("vmshare-abc", spec, marks=marks(MOMENT, 7, VMID))
    since = datetime.fromisoformat(taken.metadata.creation_timestamp or "")
    await lab.desk.snapshots.take("vmshare-mine", spec)  # alice's own, by our own API
    assert await sweep(lab, since + COPIED - timedelta(seconds=10)) == {"vmshare-abc", "vmshare-mine"}
    assert await sweep(lab, since + COPIED + timedelta(seconds=10)) == {"vmshare-mine"}
