"""An image of the cache that changed on disk is found before a machine boots from it, however well the change was hidden."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.storage import Storage
from homeostat.driver.storage.images.verified import notes_of, signature_of
from homeostat.driver.survey.checks import check_images
from homeostat.planner.actions import ImageRef, StartDomain
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import ImagePhase
from homeostat.planner.plan import Stalled
from tests.unit.images import blob, fetch, observe
from tests.unit.machines import changed, running


async def fetched(tmp_path: Path, sha256: str | None = None) -> tuple[Storage, ImageRef, Path]:
    source = tmp_path / "disk.img"
    source.write_bytes(blob())
    storage, ref = Storage(tmp_path / "state", None), ImageRef(str(source), sha256)
    found = await fetch(storage, ref, tmp_path / "state")
    assert found.phase is ImagePhase.READY and found.path, found.error
    return storage, ref, Path(found.path)


def in_place(image: Path) -> None:
    """As QEMU's user could, had libvirt given it the file: the times are set back."""
    before = image.stat()
    image.chmod(0o644)
    with image.open("r+b") as file:
        file.seek(1000)
        file.write(b"evil")
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))
    image.chmod(0o444)


def another_file(image: Path) -> None:
    copy = image.with_name("copy")
    copy.write_bytes(b"evil" + blob()[4:])
    os.replace(copy, image)


def shorter(image: Path) -> None:
    os.truncate(image, 5000)


def another_kind(image: Path) -> None:
    image.write_bytes(b"QFI\xfb" + blob())


@pytest.mark.parametrize("change", [in_place, another_file, shorter, another_kind])
@pytest.mark.parametrize("restarted", [False, True])
async def test_security_2_a_change_is_found(tmp_path: Path, change: Callable[[Path], None], restarted: bool) -> None:
    storage, ref, image = await fetched(tmp_path)
    assert (await observe(storage, ref, tmp_path / "state")).phase is ImagePhase.READY
    change(image)
    if restarted:
        storage = Storage(tmp_path / "state", None)
    found = await observe(storage, ref, tmp_path / "state")
    assert found.phase is ImagePhase.FAILED and found.permanent and found.changed, found
    assert str(image) in found.error and "was changed on disk since it was verified" in found.error
    image.unlink()
    again = await fetch(storage, ref, tmp_path / "state")
    assert again.phase is ImagePhase.READY, again.error
    assert image.read_bytes() == blob()


async def test_what_only_looks_changed_is_verified_anew(tmp_path: Path) -> None:
    """A backup that was put back, a changed owner, a touch: the contents count."""
    storage, ref, image = await fetched(tmp_path)
    image.chmod(0o400)
    assert (await observe(storage, ref, tmp_path / "state")).phase is ImagePhase.READY
    os.utime(image, (1, 1))
    assert (await observe(storage, ref, tmp_path / "state")).phase is ImagePhase.READY
    shutil.copytree(tmp_path / "state", tmp_path / "restored")
    assert (await observe(Storage(tmp_path / "restored", None), ref, tmp_path / "restored")).phase is ImagePhase.READY


async def test_notes_of_earlier_versions_are_completed_once(tmp_path: Path) -> None:
    storage, ref, image = await fetched(tmp_path)
    note = json.loads(notes_of(image).read_text())
    notes_of(image).write_text(json.dumps({**note, "content": None, "signature": note["signature"][:3]}))
    storage = Storage(tmp_path / "state", None)
    assert (await observe(storage, ref, tmp_path / "state")).phase is ImagePhase.READY
    assert json.loads(notes_of(image).read_text()) == note
    in_place(image)
    assert (await observe(storage, ref, tmp_path / "state")).changed


async def test_what_an_earlier_version_took_is_not_judged_again(tmp_path: Path) -> None:
    _, ref, image = await fetched(tmp_path)
    note = json.loads(notes_of(image).read_text())
    image.chmod(0o600)
    image.write_bytes(odd := b"hsqs" + bytes(range(256)) * 9)
    size, written, _, inode = signature_of(image)
    old = {**note, "content": None, "signature": (size, written, inode)}
    notes_of(image).write_text(json.dumps(old))
    found = await observe(Storage(tmp_path / "state", None), ref, tmp_path / "state")
    assert found.phase is ImagePhase.READY, found.error
    assert json.loads(notes_of(image).read_text())["content"] == hashlib.sha256(odd).hexdigest()


async def test_a_pin_counts_where_the_note_is_lost(tmp_path: Path) -> None:
    _, ref, image = await fetched(tmp_path, hashlib.sha256(blob()).hexdigest())
    notes_of(image).unlink()
    in_place(image)
    assert (await observe(Storage(tmp_path / "state", None), ref, tmp_path / "state")).changed


def test_security_2_no_machine_starts_from_it() -> None:
    disks = [{"name": "root", "image": {"url": "https://example.org/debian.qcow2"}}]
    world, operator, vm = running(disks=disks)
    operator.settle(changed(vm, runStrategy="Halted"))
    observed = world.observe(vm, operator.memory)
    images = {
        key: replace(image, phase=ImagePhase.FAILED, permanent=True, changed=True, error="changed")
        for key, image in observed.storage.images.items()
    }
    plan = plan_machine(vm, replace(observed, storage=replace(observed.storage, images=images)), operator.now)
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "ImageChanged"
    assert not any(isinstance(action, StartDomain) for action in plan.actions)


async def test_security_2_doctor_reads_all_of_it(tmp_path: Path) -> None:
    _, _, image = await fetched(tmp_path)
    assert check_images(tmp_path / "state").ok
    in_place(image)
    check = check_images(tmp_path / "state")
    assert check.ok is False and str(image) in check.mend
