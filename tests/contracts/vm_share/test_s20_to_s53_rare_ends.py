"""Parts of S20, S21, S35, S38, S42 and S53 that a server with an operator seldom comes to: in this process, over a folder."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from falcon.testing import Result

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Role
from homeostat.cli.configuration.sections import VmShareSection
from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.image import Image, ImageStatus
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.service.desk import Desk
from homeostat.service.kinds.snapshots import MachineSnapshots
from homeostat.service.naming.marks import Marks
from homeostat.service.refusals import UploadRefused
from homeostat.store.errors import StateError
from homeostat_contracts.vm_share import isos, snapshots
from homeostat_contracts.vm_share.isos import CustomIsos
from homeostat_contracts.vm_share.lab import overlay_name
from homeostat_contracts.vm_share.marks import SESSION, SNAPSHOT, marks
from homeostat_contracts.vm_share.parts import LabParts
from homeostat_contracts.vm_share.people import LabUser
from homeostat_contracts.vm_share.routes import vm_share
from homeostat_contracts.vm_share.snapshots import SavedDisks
from tests.contracts.inside import Inside, inside
from tests.contracts.vm_share.lab import medium
from tests.rig.forms import BOUNDARY, unclosed

MIB = 2**20
CAP = 10 * MIB
VMID, OTHER = "0123456789ab", "ba9876543210"
NAME = f"7__ubuntu__{VMID}.qcow2"
ALICE = LabUser(7, "alice")


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Inside]:
    monkeypatch.setattr(isos, "PATIENCE", 0.05)
    monkeypatch.setattr(snapshots, "REMOVAL", 0.05)
    settings = VmShareSection.model_validate({"iso_max": str(2 * MIB), "snapshot_max": str(CAP)})
    async with inside(tmp_path, vm_share, settings) as found:
        found.sign_in(ALICE.login, ALICE.id)
        yield found


def refused(answer: Result, status: int) -> str:
    assert answer.status_code == status and set(answer.json) == {"detail"}, answer.text
    return str(answer.json["detail"])


async def snapshot(lab: Inside, vmid: str, size: int, named: str = "") -> Disk:
    """Makes one that is charged so."""
    return await ready(lab, f"vmshare-{named or vmid}", marks(SNAPSHOT, 7, vmid, "ubuntu", size))


async def ready(lab: Inside, name: str, marks: Marks) -> Disk:
    """Makes a Disk, which is there at once."""
    made = await lab.desk.disks.make(name, {"size": "1Gi"}, marks=marks)
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "DiskReady",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    await lab.note(made, DiskStatus.model_validate({"conditions": [ready]}))
    return made


async def machine(lab: Inside) -> VirtualMachine:
    """Makes one with an overlay, which runs."""
    disks = [{"name": "root", "diskRef": {"name": overlay_name(VMID)}}]
    await lab.desk.disks.make(overlay_name(VMID), {"size": "1Gi"})
    made = await lab.desk.machines.make("vmshare-7", {"disks": disks}, marks=marks(SESSION, 7, VMID, "ubuntu"))
    await lab.note(made, VirtualMachineStatus.model_validate({"state": "Running"}))
    return made


# S30


async def test_s30_a_machine_of_any_name_is_its_users(lab: Inside) -> None:
    """Machines of earlier versions have other names."""
    made = await machine(lab)
    assert (await lab.ask("GET", "/user_info")).json == {"os_type": "ubuntu", "vmid": VMID}
    again = await lab.ask("POST", "/run_snapshot", snapshot=NAME)
    assert refused(again, 404) and [one.key for one in await lab.room.store.list(VirtualMachine)] == [made.key]
    lab.sign_in("bob", 8)
    assert (await lab.ask("GET", "/user_info")).json["vmid"] is None


# S20


def arriving(size: int) -> Any:
    """A request with a form of so many bytes, which come in small parts and are never there at once."""

    async def parts() -> AsyncIterator[bytes]:
        yield unclosed(medium(64 * 1024))["content"]
        for _ in range(size // 65536):
            yield bytes(65536)
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    form = f"multipart/form-data; boundary={BOUNDARY}"
    return SimpleNamespace(content_type=form, content_length=None, stream=parts(), context=SimpleNamespace())


async def test_s20_however_large_it_is_little_of_it_is_in_memory(lab: Inside) -> None:
    taking = CustomIsos(LabParts(lab.service), 48 * MIB)
    tracemalloc.start()
    try:
        with pytest.raises(UploadRefused) as refusal:
            await taking.take(arriving(56 * MIB), lab.desk, ALICE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refusal.value.why == "too_large" and peak < 16 * MIB, peak
    assert await lab.desk.uploads.all() == [] and await lab.room.store.list(Image) == []
    assert [path for path in (lab.room.base / "state").rglob("*") if path.is_file() and path.stat().st_size >= MIB] == []


# S21


async def post(lab: Inside) -> Result:
    form = unclosed(medium(MIB), f"\r\n--{BOUNDARY}--\r\n")
    return await lab.asks.simulate_post("/api/post", body=form["content"], headers=form["headers"])


async def test_s21_where_the_server_cannot_keep_it(lab: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    (lab.room.base / "state" / "uploads").write_text("no folder")
    assert "uploads" in refused(await post(lab), 500)
    assert await lab.room.store.list(Image) == []


async def test_s21_what_nobody_looks_at_is_not_kept(lab: Inside) -> None:
    assert "cannot be read" in refused(await post(lab), 500)
    (image,) = await lab.room.store.list(Image)
    assert image.deleting
    refused(await lab.ask("POST", "/run-iso"), 404)


async def test_s21_what_nobody_foresaw(lab: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*given: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(CustomIsos, "_looked_at", breaks)
    said = refused(await post(lab), 500)
    assert said.startswith("Internal Server Error") and "ZeroDivision" not in said


async def test_s19_what_a_killed_server_left_goes_with_the_next(lab: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    look, killed = CustomIsos._looked_at, list[Image]()

    async def dies(isos: CustomIsos, desk: Desk, made: Image) -> Image:
        killed.append(made)
        raise ZeroDivisionError

    async def looks(isos: CustomIsos, desk: Desk, made: Image) -> Image:
        await lab.note(made, ImageStatus.model_validate({"phase": "Ready", "format": "iso", "size": MIB}))
        return await look(isos, desk, made)

    for looked_at, status in ((dies, 500), (looks, 200)):
        monkeypatch.setattr(CustomIsos, "_looked_at", looked_at)
        assert (await post(lab)).status_code == status
    left = [one.metadata.name for one in await lab.room.store.list(Image) if one.deleting]
    assert left == [one.metadata.name for one in killed] and len(await lab.room.store.list(Image)) == 2


# S35


async def iso(lab: Inside, name: str, status: dict[str, Any]) -> None:
    his = Marks(annotations={isos.FILE_OF: "7"})
    made = await lab.desk.images.make(name, {"source": {"upload": {}}}, marks=his)
    await lab.note(made, ImageStatus.model_validate(status))


@pytest.mark.parametrize(
    ("newest", "said"),
    [
        ({"phase": "Pending"}, "its file is gone"),
        ({"phase": "Ready", "format": "raw", "size": 2 * MIB}, "its file is gone"),
        ({"phase": "Failed"}, "upload one first"),
    ],
)
async def test_s19_the_newest_iso_counts(lab: Inside, newest: dict[str, Any], said: str) -> None:
    """What is newer and still looked at, or turned out to be none, does not."""
    await iso(lab, "vmshare-iso-1", {"phase": "Ready", "format": "iso", "size": 2 * MIB})
    await iso(lab, "vmshare-iso-2", newest)
    assert said in refused(await lab.ask("POST", "/run-iso"), 404)


@pytest.mark.parametrize(
    "status",
    [
        {"phase": "Failed", "format": "iso", "size": 2 * MIB},
        {"phase": "Ready", "format": "iso", "size": MIB - 1},
        {"phase": "Pending"},
    ],
)
async def test_s35_an_iso_whose_file_is_gone_or_no_file(lab: Inside, status: dict[str, Any]) -> None:
    await iso(lab, "vmshare-iso-1", status)
    assert refused(await lab.ask("POST", "/run-iso"), 404).startswith("ISO not found")
    assert await lab.room.store.list(VirtualMachine) == []


# S38, S53


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/snapshot", {"os_type": "ubuntu"}),
        ("POST", "/vm/snapshot", {"os_type": "ubuntu", "vmid": VMID}),
        ("POST", "/remove_snapshot", {"snapshot": NAME}),
        ("POST", "/vm/remove_snapshot", {"os_type": "ubuntu", "vmid": VMID}),
        ("GET", "/get_user_snapshots", {}),
        ("POST", "/run_snapshot", {"snapshot": NAME}),
    ],
)
async def test_s38_s53_a_user_who_is_not_found(lab: Inside, method: str, path: str, body: dict[str, str]) -> None:
    await snapshot(lab, VMID, MIB)
    by_token = Actor("token", Role.ADMINISTRATOR)
    for actor, known in ((lab.actor, {}), (by_token, {ALICE.login: 7})):  # his account is gone; it is the server's token
        lab.actor, lab.known = actor, known
        assert refused(await lab.ask(method, path, **body), 404).startswith("User not found")
    assert [disk.deleting for disk in await lab.room.store.list(Disk)] == [False]


# S42


class Copying:
    """What a snapshot would be charged with, and the copies that were made of nothing. ``at_once``: so many of them are there
    before any is answered."""

    def __init__(self, lab: Inside, monkeypatch: pytest.MonkeyPatch, size: int, at_once: int = 1) -> None:
        self.made: list[int] = []
        together = asyncio.Barrier(at_once)

        async def charge(snapshots: MachineSnapshots, machine: str) -> int:
            return size

        async def copy(saved: SavedDisks, desk: Any, machine: Any, name: Any, made: Marks) -> None:
            self.made.append(size)
            await ready(lab, f"vmshare-fresh-{len(self.made)}", made)
            await asyncio.wait_for(together.wait(), 20)

        monkeypatch.setattr(MachineSnapshots, "charge_of_next", charge)
        monkeypatch.setattr(SavedDisks, "_copy", copy)


@pytest.mark.parametrize("more", [0, 1])
async def test_s42_used_and_charge_are_compared_with_the_cap(lab: Inside, monkeypatch: pytest.MonkeyPatch, more: int) -> None:
    await machine(lab)
    await snapshot(lab, OTHER, 4 * MIB)
    copying = Copying(lab, monkeypatch, 6 * MIB + more)
    answer = await lab.ask("POST", "/snapshot", os_type="ubuntu")
    if more:
        assert refused(answer, 413).startswith("Snapshot quota exceeded: 4.0 MB are used")
        assert copying.made == [] and len((await lab.ask("GET", "/get_user_snapshots")).json) == 1
    else:
        assert answer.status_code == 200 and copying.made == [6 * MIB], answer.text
        assert (answer.json["size_mb"], answer.json["total_mb"], answer.json["cap_mb"]) == (6.0, 10.0, 10.0)


async def test_s42_what_takes_the_place_of_another_is_not_added_to_it(lab: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    await machine(lab)
    await snapshot(lab, "c" * 12, 4 * MIB)
    await snapshot(lab, VMID, 6 * MIB, "mine")
    Copying(lab, monkeypatch, 6 * MIB)
    answer = await lab.ask("POST", "/snapshot", os_type="ubuntu")
    assert answer.status_code == 200 and answer.json["total_mb"] == 10.0, answer.text


# S46


async def test_s46_of_two_at_once_one_is_left(lab: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    await machine(lab)
    await snapshot(lab, VMID, MIB, "mine")
    await snapshot(lab, OTHER, MIB)
    Copying(lab, monkeypatch, 2 * MIB, at_once=2)
    both = await asyncio.gather(*(lab.ask("POST", "/snapshot", os_type="ubuntu") for _ in range(2)))
    assert [(answer.status_code, answer.json["total_mb"]) for answer in both] == [(200, 3.0)] * 2
    shown = (await lab.ask("GET", "/get_user_snapshots")).json
    assert sorted((one["vmid"], one["size_mb"]) for one in shown) == [(VMID, 2.0), (OTHER, 1.0)]


# S53


async def test_s53_a_file_that_does_not_go(lab: Inside) -> None:
    made = await snapshot(lab, VMID, MIB)
    for _ in range(2):
        assert NAME in refused(await lab.ask("POST", "/remove_snapshot", snapshot=NAME), 500)
    await lab.room.store.release(made.key, made.metadata.uid)
    gone = {"status": "ok", "removed": False, "snapshot": NAME, "freed_mb": 0.0, "total_mb": 0.0}
    assert (await lab.ask("POST", "/remove_snapshot", snapshot=NAME)).json == gone


async def test_s53_one_that_cannot_be_written_off_stays_and_is_charged(lab: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    await snapshot(lab, VMID, MIB)

    def fails(*given: Any, **more: Any) -> None:
        raise StateError("the folder cannot be written to")

    monkeypatch.setattr(lab.room.store, "delete", fails)
    assert refused(await lab.ask("POST", "/remove_snapshot", snapshot=NAME), 500) == "the folder cannot be written to"
    (shown,) = (await lab.ask("GET", "/get_user_snapshots")).json
    assert (shown["name"], shown["size_mb"]) == (NAME, 1.0)
