"""What differs between two definitions, in the words of the spec, and what it takes to bring that to a guest that runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.planner.changes.changes import compare, compare_running
from homeostat.planner.domain import (
    CpuConfig,
    DiskConfig,
    DomainConfig,
    DomainType,
    FilesystemConfig,
    HostDeviceConfig,
    KernelBoot,
    NicConfig,
    RngConfig,
    ScsiConfig,
    SharedMemoryConfig,
    SmbiosConfig,
    TpmConfig,
    VncConfig,
    VsockConfig,
    WatchdogConfig,
)

DISK = DiskConfig("data", "disk", "/d.qcow2", "qcow2", "virtio", "vda", boot_order=1)
LATER_DISK = replace(DISK, boot_order=None)
DRIVE = DiskConfig("iso", "cdrom", "/a.iso", "raw", "sata", "sda", read_only=True)
NIC = NicConfig("lan", "network", "default", "52:54:00:00:00:01", "virtio")
OWN = NicConfig("own", "user", "", "52:54:00:00:00:02", "virtio")
BASE = DomainConfig(
    "web", "uuid", DomainType.QEMU, 2**29, 2, "pc-q35-7.2", CpuConfig("maximum", None), disks=(DISK, DRIVE), nics=(NIC, OWN),
    vnc=VncConfig("127.0.0.1", None),
)  # fmt: skip
Told = list[tuple[str, str, str, str]]


def told(have: DomainConfig, want: DomainConfig) -> Told:
    return [(change.field, change.old, change.new, change.disruption.word) for change in compare(have, want)]


def test_of_the_same_nothing() -> None:
    assert told(BASE, BASE) == [] and compare_running(BASE, BASE) == ()


@pytest.mark.parametrize(
    ("want", "change"),
    [
        ({"type": DomainType.KVM}, ("virtualization", "qemu", "kvm")),
        ({"memory": 2**30}, ("resources.memory", "512Mi", "1Gi")),
        ({"vcpus": 4}, ("resources.vcpu", "2", "4")),
        ({"machine": "pc"}, ("machine", "pc-q35-7.2", "pc")),
        ({"machine": "pc-q35-6.2"}, ("machine", "pc-q35-7.2", "pc-q35-6.2")),
        ({"cpu": CpuConfig("custom", "qemu64", ("+aes",))}, ("resources.cpu", "maximum", "qemu64 +aes")),
        ({"uefi": True}, ("firmware.type", "BIOS", "UEFI")),
        ({"secure_boot": True}, ("firmware.secureBoot", "no", "yes")),
        ({"video": "vga"}, ("display.video", "none", "vga")),
        ({"video_memory": 2**24}, ("display.videoMemory", "none", "16Mi")),
        ({"tpm": TpmConfig("tpm-tis", "2.0")}, ("tpm", "none", "2.0 tpm-tis")),
        ({"rng": RngConfig(enabled=False)}, ("rng", "unlimited", "none")),
        ({"rng": RngConfig(rate=2048)}, ("rng", "unlimited", "2Ki/s")),
        ({"vsock": VsockConfig(None)}, ("vsock", "none", "cid automatic")),
        ({"vsock": VsockConfig(7)}, ("vsock", "none", "cid 7")),
        ({"shared_memory": (SharedMemoryConfig("agent", 2**22),)}, ("sharedMemory[agent]", "none", "4Mi")),
        ({"filesystems": (FilesystemConfig("share", "/srv"),)}, ("filesystems[share]", "none", "/srv")),
        ({"host_devices": (HostDeviceConfig("a", "usb", "1.4"),)}, ("hostDevices[a]", "none", "usb 1.4")),
        ({"host_devices": (HostDeviceConfig("a", "mdev", "u", True),)}, ("hostDevices[a]", "none", "mdev u, display")),
        ({"qemu_arguments": ("-no-hpet", "a b")}, ("qemuArguments", "none", "-no-hpet 'a b'")),
        ({"smbios": SmbiosConfig(serial="S-1")}, ("smbios.serial", "none", "S-1")),
        ({"scsi": ScsiConfig()}, ("scsi", "none", "virtio-scsi")),
        ({"scsi": ScsiConfig(io_thread=True, queues=2)}, ("scsi", "none", "virtio-scsi, an I/O thread, 2 queues")),
        ({"sound": "hda"}, ("sound", "none", "hda")),
        ({"watchdog": WatchdogConfig("ib700", "reset")}, ("watchdog", "none", "ib700 reset")),
        ({"cpu": CpuConfig("maximum", topology=(1, 2, 1))}, ("resources.cpu", "maximum", "maximum 1 x 2 x 1")),
        ({"console_log": "/c.log"}, ("console log", "none", "/c.log")),
        ({"guest_agent": True}, ("guestAgent.enabled", "no", "yes")),
        ({"vnc": None}, ("display.vnc.enabled", "yes", "no")),
        ({"vnc": VncConfig("0.0.0.0", None)}, ("display.vnc.listen", "127.0.0.1", "0.0.0.0")),
        ({"vnc": VncConfig("127.0.0.1", 5901)}, ("display.vnc.port", "automatic", "5901")),
    ],
)
def test_each_field_is_named_and_waits_for_a_restart(want: dict[str, Any], change: tuple[str, str, str]) -> None:
    assert told(BASE, replace(BASE, **want)) == [(*change, "NeedsRestart")]


@pytest.mark.parametrize(
    "want", [{"machine": "q35"}, {"machine": ""}, {"cpu": None}, {"spare_pci_ports": 4}, {"name": "another"}, {"record": None}]
)
def test_what_is_left_to_libvirt_or_is_no_part_of_it_is_not_compared(want: dict[str, Any]) -> None:
    assert told(BASE, replace(BASE, **want)) == []


def test_vcpus_that_someone_unplugged() -> None:
    assert told(replace(BASE, vcpus_left=1), BASE) == [("resources.vcpu", "1 of 2", "2", "Live")]


def test_the_kernel() -> None:
    booted = replace(BASE, kernel=KernelBoot("/k", "/i", "quiet"))
    assert [change[:3] for change in told(BASE, booted)] == [
        ("boot.kernel", "none", "/k"), ("boot.initramfs", "none", "/i"), ("boot.cmdline", "none", "quiet")
    ]  # fmt: skip
    assert len(told(booted, BASE)) == 3 and told(booted, booted) == []


# Disks


def with_disks(*disks: DiskConfig) -> DomainConfig:
    return replace(BASE, disks=disks)


NEW = DiskConfig("new", "disk", "/n.qcow2", "qcow2", "virtio", "vdb")


@pytest.mark.parametrize(
    ("disk", "word"),
    [
        (NEW, "Live"),
        (replace(NEW, bus="scsi", target="sdb"), "NeedsRestart"),  # it has no controller for it
        (replace(NEW, io_thread=True), "NeedsRestart"),
        (replace(NEW, bus="usb", target="sdb"), "Live"),
        (replace(NEW, bus="sata", target="sdb"), "NeedsRestart"),
        (replace(NEW, read_only=True), "NeedsRestart"),
        (replace(NEW, target="vda"), "NeedsRestart"),  # in use
        (replace(NEW, source="/d.qcow2"), "NeedsRestart"),  # in use
        (replace(NEW, device="cdrom", bus="scsi", target="sdb"), "NeedsRestart"),
    ],
)
def test_a_disk_that_is_added_can_be_plugged_in_where_its_bus_takes_it_and_all_of_it_is_free(disk: DiskConfig, word: str) -> None:
    assert told(BASE, with_disks(DISK, DRIVE, disk)) == [("disks[new]", "none", "added", word)]


@pytest.mark.parametrize(
    ("have", "want", "target", "words"),
    [
        (ScsiConfig(), ScsiConfig(), "sdg", ["Live"]),
        (ScsiConfig(), ScsiConfig(), "sdh", ["NeedsRestart"]),  # it would be on a second controller
        (ScsiConfig(), None, "sdb", ["Live"]),
        (ScsiConfig("lsilogic"), None, "sdb", ["NeedsRestart", "NeedsRestart"]),
    ],
)
def test_a_disk_on_bus_scsi_needs_its_controller(
    have: ScsiConfig, want: ScsiConfig | None, target: str, words: list[str]
) -> None:
    disks = (DISK, DRIVE, replace(NEW, bus="scsi", target=target))
    assert [change[3] for change in told(replace(BASE, scsi=have), replace(BASE, scsi=want, disks=disks))] == words


def test_a_controller_that_disks_left_behind_is_no_difference() -> None:
    assert told(replace(BASE, scsi=ScsiConfig("lsilogic")), BASE) == []


@pytest.mark.parametrize(
    ("disk", "word"),
    [
        (LATER_DISK, "Live"),
        (replace(LATER_DISK, boot_order=2), "Live"),
        (replace(LATER_DISK, bus="scsi"), "Live"),
        (DISK, "NeedsRestart"),  # the guest boots from it
        (replace(LATER_DISK, bus="sata"), "NeedsRestart"),
        (replace(LATER_DISK, read_only=True), "NeedsRestart"),
        (replace(LATER_DISK, name="/d.qcow2"), "NeedsRestart"),  # others attached it
        (replace(LATER_DISK, device="cdrom"), "NeedsRestart"),
    ],
)
def test_a_disk_that_goes_is_taken_out_where_the_guest_can_do_without(disk: DiskConfig, word: str) -> None:
    assert told(with_disks(disk, DRIVE), with_disks(DRIVE)) == [(f"disks[{disk.name}]", "/d.qcow2", "removed", word)]


def test_a_medium_is_changed_at_once_and_a_disk_is_not() -> None:
    assert told(BASE, with_disks(DISK, replace(DRIVE, source=None))) == [("disks[iso].image", "/a.iso", "none", "Live")]
    assert told(BASE, with_disks(replace(DISK, source="/e"), DRIVE)) == [("disks[data].image", "/d.qcow2", "/e", "NeedsRestart")]


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("bus", "scsi", "bus"), ("target", "vdz", "target"), ("format", "raw", "format"), ("read_only", True, "readOnly"),
        ("cache", "none", "cache"), ("io", "native", "io"), ("serial", "s", "serial"),
        ("io_thread", True, "ioThread"),
    ],
)  # fmt: skip
def test_each_field_of_a_disk(field: str, value: Any, name: str) -> None:
    (change,) = told(BASE, with_disks(replace(DISK, **{field: value}), DRIVE))
    assert (change[0], change[3]) == (f"disks[data].{name}", "NeedsRestart")


def test_the_boot_order_is_for_the_next_start_alone() -> None:
    assert told(BASE, with_disks(replace(DISK, boot_order=7), DRIVE))[0][0::3] == ("disks[data].bootOrder", "Live")


def test_of_a_guest_that_runs_the_boot_order_does_not_matter() -> None:
    moved = replace(BASE, disks=(replace(DISK, boot_order=7), DRIVE), nics=(replace(NIC, boot_order=1), OWN))
    assert len(told(BASE, moved)) == 2 and compare_running(BASE, moved) == ()


# Network cards


@pytest.mark.parametrize(("gone", "word"), [("lan", "Live"), ("own", "NeedsRestart")])
def test_cards_come_and_go_at_once_but_those_of_the_user_mode(gone: str, word: str) -> None:
    fewer = replace(BASE, nics=tuple(nic for nic in BASE.nics if nic.name != gone))
    mac = next(nic.mac for nic in BASE.nics if nic.name == gone)
    assert told(BASE, fewer) == [(f"nics[{gone}]", mac, "removed", word)]
    assert told(fewer, BASE) == [(f"nics[{gone}]", "none", "added", word)]


def test_a_link_is_set_at_once() -> None:
    down = replace(BASE, nics=(replace(NIC, down=True), OWN))
    assert told(down, BASE) == [("nics[lan].linkState", "Down", "Up", "Live")]
    assert told(BASE, down) == [("nics[lan].linkState", "Up", "Down", "Live")] and told(down, down) == []


def test_a_topology_and_a_memory_that_libvirt_chose_are_no_difference() -> None:
    have = replace(BASE, cpu=CpuConfig("maximum", topology=(2, 1, 1)), video_memory=2**24)
    assert told(have, BASE) == []
