"""Comparing definitions: only what the spec owns, named as in the spec, with the disruption each change takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from pydantic import SecretStr

from homeostat.planner.changes.changes import _canonical, compare, compare_running, spec_hash
from homeostat.planner.changes.scsi import scsi_of
from homeostat.planner.domain import CpuConfig, DiskConfig, ScsiConfig, VncConfig
from homeostat.planner.plan import Change, Disruption
from tests.unit.configs import PLAIN

RESTART, LIVE = Disruption.NEEDS_RESTART, Disruption.LIVE


def test_a_password_is_compared_and_neither_shown_nor_hashed() -> None:
    first, second = (replace(PLAIN, vnc=VncConfig("127.0.0.1", None, SecretStr(p))) for p in ("hunter22", "hunter33"))
    assert compare(first, second) == (Change("display.vnc.password", "set", "changed", Disruption.LIVE),)
    assert compare(PLAIN, first) == (Change("display.vnc.password", "none", "set", RESTART),)
    assert compare(first, PLAIN) == (Change("display.vnc.password", "set", "none", RESTART),)
    assert spec_hash(first) == spec_hash(second) and "hunter22" not in repr(first)
    assert first.vnc and spec_hash(replace(first, vnc=replace(first.vnc, password_version="2"))) != spec_hash(first)


@pytest.mark.parametrize(
    ("values", "change"),
    [
        ({"memory": 2**30}, Change("resources.memory", "512Mi", "1Gi", RESTART)),
        ({"memory": 2**30, "balloon": 2**29}, Change("resources.maxMemory", "512Mi", "1Gi", RESTART)),
        ({"vcpus": 2}, Change("resources.vcpu", "1", "2", RESTART)),
        ({"cpu": CpuConfig("custom", "qemu64", ("+aes",))}, Change("resources.cpu", "maximum", "qemu64 +aes", RESTART)),
        ({"uefi": True}, Change("firmware.type", "BIOS", "UEFI", RESTART)),
        ({"vnc": None}, Change("display.vnc.enabled", "yes", "no", RESTART)),
        ({"vnc": VncConfig("127.0.0.1", 5901)}, Change("display.vnc.port", "automatic", "5901", RESTART)),
        ({"nics": ()}, Change("nics[lan]", "52:54:00:12:34:56", "removed", LIVE)),
        ({"disks": ()}, Change("disks[root]", "/var/lib/homeostat/machines/default/web/root.qcow2", "removed", RESTART)),
    ],
)
def test_a_change_is_named_as_in_the_spec(values: dict[str, object], change: Change) -> None:
    assert compare(PLAIN, replace(PLAIN, **values)) == (change,)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("have", "want", "same"),
    [
        ("pc-q35-7.2", "q35", True),
        ("pc-i440fx-7.2", "q35", False),
        ("pc-i440fx-7.2", "pc", True),
        ("pc-q35-2.10", "pc-q35-2.1", False),
        ("pc-q35-7.2", "pc-q35-7.2", True),
    ],
)
def test_a_machine_type_without_version_is_satisfied_by_any(have: str, want: str, same: bool) -> None:
    assert (compare(replace(PLAIN, machine=have), replace(PLAIN, machine=want)) == ()) == same


def test_what_was_left_to_libvirt_is_not_compared() -> None:
    assert compare(PLAIN, replace(PLAIN, cpu=None, machine="")) == ()


@pytest.mark.parametrize(
    ("disk", "disruption"),
    [
        (DiskConfig("x", "disk", "/x", "qcow2", "virtio", "vdb"), LIVE),
        (DiskConfig("x", "disk", "/x", "qcow2", "scsi", "sda"), RESTART),  # there is no controller
        (DiskConfig("x", "disk", "/x", "qcow2", "sata", "sda"), RESTART),
        (DiskConfig("x", "cdrom", None, "raw", "sata", "sda", read_only=True), RESTART),
        (DiskConfig("cloud-init", "disk", "/s.iso", "raw", "virtio", "vdb", read_only=True), RESTART),
    ],
)
def test_adding_a_disk_is_live_where_its_bus_can_take_it(disk: DiskConfig, disruption: Disruption) -> None:
    (change,) = compare(PLAIN, replace(PLAIN, disks=(*PLAIN.disks, disk)))
    assert change.disruption is disruption


def test_the_boot_order_is_of_the_definition_and_nothing_a_running_guest_lacks() -> None:
    other = replace(PLAIN, disks=(replace(PLAIN.disks[0], boot_order=2),))
    assert [c.field for c in compare(PLAIN, other)] == ["disks[root].bootOrder"]
    assert compare_running(PLAIN, other) == ()


@dataclass(frozen=True)
class Asked:
    count: int
    newer: int | None = field(default=None, metadata={"later": True})
    copies: str | None = None  # not asked for


def test_a_field_that_came_later_changes_no_hash_until_it_is_asked_for() -> None:
    assert _canonical(Asked(1)) == _canonical(Asked(1, None, "/a")) == "(count=1)"
    assert _canonical((Asked(1, 2),)) == "[(count=1,newer=2)]"


SCSI = [replace(PLAIN.disks[0] if PLAIN.disks else DiskConfig("d", "disk", "/d"), bus=bus) for bus in ("scsi", "virtio")]


@pytest.mark.parametrize(
    ("said", "disks", "found"),
    [
        (None, (), None),
        (None, (SCSI[1],), None),
        (None, tuple(SCSI), ScsiConfig()),
        (ScsiConfig(queues=4), tuple(SCSI), ScsiConfig(queues=4)),
        (ScsiConfig("lsilogic"), (), ScsiConfig("lsilogic")),
    ],
)
def test_its_controllers_are_those_it_says_or_plain_ones(
    said: ScsiConfig | None, disks: tuple[DiskConfig, ...], found: ScsiConfig | None
) -> None:
    assert scsi_of(replace(PLAIN, scsi=said, disks=disks)) == found
