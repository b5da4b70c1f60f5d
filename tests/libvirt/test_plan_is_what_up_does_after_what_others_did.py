"""What others did to domains and files behind our back, `homeostat plan` tells in the words that `homeostat up` then has."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import libvirt
import pytest
import yaml

from homeostat.cli.show.plans.render_plan import exit_code
from tests.libvirt.hosts import until
from tests.libvirt.test_plan_is_what_up_does import Rig, Spec, run
from tests.libvirt.test_plan_is_what_up_does_of_other_kinds import OFF, REF, _attributed, plan_and_up
from tests.libvirt.test_plan_is_what_up_does_of_what_is_there import KEPT, said
from tests.unit.images import blob

__all__ = ["_attributed"]  # a fixture of this module, too

RECORD = "https://homeostat.dev/domain/1"


def domain(made: Rig) -> libvirt.virDomain:
    found: libvirt.virDomain = made.host._connection.handle.lookupByName("a")
    return found


def own(made: Rig) -> Path:
    """Returns the file of the machine's own disk."""
    return made.root / "state" / "machines" / "default" / "a" / "r.qcow2"


def named(made: Rig) -> Path:
    """Returns the file of the Disk."""
    (found,) = (made.root / "state" / "disks").rglob("disk.img")
    return found


def qemu_img(*words: str | Path) -> None:
    subprocess.run(["qemu-img", *map(str, words)], check=True, capture_output=True)


def overlay(below: Path) -> Path:
    """Makes one, as `virsh snapshot-create-as --disk-only` does."""
    above = below.with_suffix(".bak")
    qemu_img("create", "-f", "qcow2", "-b", below, "-F", "qcow2", above)
    return above


async def put_on(made: Rig, file: Path) -> None:
    """Defines the domain with its disk on another file."""
    handle = domain(made)
    changed = handle.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE).replace(str(own(made)), str(file))
    made.host._connection.handle.defineXML(changed)
    await made.host.resync()
    await until(lambda: str(file) in str(made.host.domains()), "it is known")


async def without_record(made: Rig) -> None:
    domain(made).setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, None, "homeostat", RECORD, 0)
    await made.host.resync()
    await until(lambda: all(known.record is None for known in made.host.domains()), "it is known")


async def moved_elsewhere(made: Rig) -> None:
    """Takes the machine's folder to another state folder, and the domain with it."""
    there = made.root / "other" / "machines" / "default"
    there.mkdir(parents=True)
    await put_on(made, there / "a" / "r.qcow2")
    own(made).parent.rename(there / "a")


async def snapshot_removed(made: Rig) -> None:
    told = subprocess.run(["qemu-img", "snapshot", "-l", own(made)], check=True, capture_output=True, text=True).stdout
    qemu_img("snapshot", "-d", told.splitlines()[-1].split()[1], own(made))


async def header_altered(made: Rig) -> None:
    qemu_img("rebase", "-u", "-b", "/etc/hostname", "-F", "raw", own(made))


async def named_header_altered(made: Rig) -> None:
    qemu_img("rebase", "-u", "-b", "/etc/hostname", "-F", "raw", named(made))


async def on_no_disk(made: Rig) -> None:
    (made.root / "folder").mkdir()
    await put_on(made, made.root / "folder")


async def on_overlay(made: Rig) -> None:
    await put_on(made, overlay(own(made)))


async def overlay_without_domain(made: Rig) -> None:
    later = time.time() + 60  # the guest wrote to it
    os.utime(overlay(own(made)), (later, later))
    domain(made).undefine()
    await until(lambda: not made.host.domains(), "it is known")


async def no_disk_any_more(made: Rig) -> None:
    own(made).write_text("no disk at all\n")


async def cut_off(made: Rig) -> None:
    os.truncate(own(made), 100_000)


async def image_changed(made: Rig) -> None:
    for image in (made.root / "state" / "images").rglob("*.img"):
        image.chmod(0o600)
        with image.open("ab") as file:
            file.write(b"more")


async def label_gone(made: Rig) -> None:
    for file in named(made).parent.iterdir():
        if file != named(made):
            file.unlink()


# By case: what is there; what others do; what is written then; of which resource it is told; with which reason.
CASES: dict[str, tuple[dict[str, Spec], Callable[[Rig], Awaitable[None]], dict[str, Spec], str, str]] = {
    "the record is removed": ({"a": OFF}, without_record, {}, "a", "RecordMissing"),
    "the disk is in another state folder": ({"a": KEPT}, moved_elsewhere, {}, "a", "OtherStateFolder"),
    "the snapshot is removed from its disk": ({"a": KEPT, "s": REF}, snapshot_removed, {}, "s", "SnapshotLost"),
    "the snapshot to go back to is removed": (
        {"a": KEPT, "s": REF},
        snapshot_removed,
        {"a": {**KEPT, "restoreFrom": {"snapshot": "s", "token": "1"}}},
        "a",
        "SnapshotLost",
    ),
    "the header of a disk names another file": (
        {"a": KEPT},
        header_altered,
        {"a": {**KEPT, "runStrategy": "Always"}},
        "a",
        "DiskHeaderAltered",
    ),
    "the header of a Disk names another file": ({"k": {"size": "8Mi"}}, named_header_altered, {}, "k", "DiskHeaderAltered"),
    "the disk is put on what is no disk": ({"a": KEPT}, on_no_disk, {}, "a", "DiskMoved"),
    "an overlay is made, and the domain goes": ({"a": KEPT}, overlay_without_domain, {}, "a", "OverlayFound"),
    "the disk to take a snapshot of is on an overlay": ({"a": KEPT}, on_overlay, {"s": REF}, "s", "ExternalSnapshot"),
    "the disk to take a snapshot of is none any more": ({"a": KEPT}, no_disk_any_more, {"s": REF}, "s", "DiskUnreadable"),
    "the disk is cut off": ({"a": KEPT}, cut_off, {"a": {**KEPT, "runStrategy": "Always"}}, "a", "DiskUnusable"),
    "the image below a new disk is changed": (
        {"i": {"source": {"path": "{dir}/one.img"}}},
        image_changed,
        {"a": {**OFF, "disks": [{"name": "r", "image": {"imageRef": {"name": "i"}}}]}},
        "a",
        "ImageChanged",
    ),
    "the label of a Disk is removed": ({"k": {"size": "8Mi"}}, label_gone, {}, "k", "DiskUnusable"),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_findings_plan_tells_what_up_tells_once(case: str) -> None:
    specs, others, then, name, reason = CASES[case]

    async def scenario(made: Rig) -> None:
        (made.root / "one.img").write_bytes(blob(1 << 20))
        made.write(**yaml.safe_load(yaml.safe_dump(specs).replace("{dir}", str(made.root))))
        await plan_and_up(made)
        await others(made)
        made.write(**then)
        found = await plan_and_up(made)
        (entry,) = (entry for entry in found.entries if entry.resource.metadata.name == name)
        assert said(entry).startswith(f"{reason}: "), said(entry)
        assert entry.stalled and exit_code(found.entries) == 1
        assert "\n".join(line.text for line in entry.lines()).count(said(entry)) == 1

    run(scenario)
