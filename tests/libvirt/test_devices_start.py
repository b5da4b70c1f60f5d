"""Every device of the spec really starts under QEMU, and is read back as it was defined."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from homeostat.driver.errors import DriverError
from homeostat.driver.host import LibvirtHost
from homeostat.driver.survey.survey import local_taps
from homeostat.planner import actions as act
from homeostat.planner.allowed import Allowed
from homeostat.planner.domain import (
    CpuConfig,
    DomainConfig,
    FilesystemConfig,
    HostDeviceConfig,
    NicConfig,
    RngConfig,
    ScsiConfig,
    SharedMemoryConfig,
    SmbiosConfig,
    TpmConfig,
    VsockConfig,
    WatchdogConfig,
)
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


@pytest.mark.parametrize("chipset", ["q35", "pc"])
@pytest.mark.parametrize(
    "devices",
    [
        {"sound": "hda", "watchdog": WatchdogConfig("i6300esb", "reset"), "video": "vga", "video_memory": 2**25},
        {"sound": "ac97", "watchdog": WatchdogConfig("ib700", "shutdown"), "video": "qxl", "video_memory": 2**25},
        {"sound": "sb16", "watchdog": WatchdogConfig("ib700", "poweroff"), "video": "cirrus", "video_memory": 2**24},
        {"rng": RngConfig(rate=1024), "smbios": SmbiosConfig("Acme", "Anvil", serial="S-1, x"), "scsi": ScsiConfig()},
        {"rng": RngConfig(enabled=False)},
        {"shared_memory": (SharedMemoryConfig("agent", 2**22),)},
        {
            "smbios": SmbiosConfig("Acme", uuid="11111111-2222-4333-8444-555555555555"),
            "qemu_arguments": ("-fw_cfg", "name=opt/org.example/x,string=a b", "-usb"),
        },
        {"scsi": ScsiConfig("virtio-scsi", True, 2)},
        {"scsi": ScsiConfig("lsilogic")},
        {"cpu": CpuConfig("custom", "qemu64", (), (1, 2, 1)), "vcpus": 2},
    ],
    ids=["hda", "ac97", "sb16", "rng-smbios", "no-rng", "shared-memory", "qemu-arguments", "virtio-scsi", "lsilogic", "cpu"],
)
async def test_it_starts(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage, chipset: str, devices: dict[str, Any]
) -> None:
    drive = {} if chipset == "q35" else {"bus": "ide", "target": "hda"}
    if chipset == "q35" and "watchdog" in devices:  # later versions of libvirt have ISA cards with pc only
        devices = {**devices, "watchdog": replace(devices["watchdog"], model="i6300esb")}
    config = machine(libvirtd, guest_image)
    disks = (config.disks[0], replace(config.disks[1], **drive))  # type: ignore[arg-type]
    config = replace(config, machine=chipset, disks=disks, spare_pci_ports=3 if chipset == "q35" else 0, **devices)
    await running(host, config)
    domain = host.domain(config.uuid)
    assert domain is not None and domain.config is not None and domain.live is not None
    for seen in (domain.config, domain.live):
        assert {name: getattr(seen, name) for name in devices} == devices
    await host.execute(act.DefineDomain(replace(config, sound=None, watchdog=None), ""))
    again = host.domain(config.uuid)
    assert again is not None and again.config is not None and (again.config.sound, again.config.watchdog) == (None, None)


@pytest.mark.parametrize("tpm", [TpmConfig("tpm-tis", "1.2"), TpmConfig("tpm-crb", "2.0")], ids=["1.2", "2.0"])
async def test_a_tpm_is_emulated(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage, tpm: TpmConfig) -> None:
    assert tpm.version in (host.facts.tpms or ()), "swtpm is not installed: run scripts/install-system"
    config = await running(host, replace(machine(libvirtd, guest_image), tpm=tpm))
    assert seen_live(host, config.uuid).tpm == tpm
    await host.execute(act.DefineDomain(replace(config, tpm=None), ""))
    again = host.domain(config.uuid)
    assert again is not None and again.config is not None and again.config.tpm is None


async def test_a_tap_is_made_for_each_run_and_one_that_exists_is_left(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage
) -> None:
    name, given = (f"t{uuid4().hex[:8]}" for _ in range(2))
    nics = (
        NicConfig("own", "ethernet", name, "52:54:00:00:00:01", "virtio", queues=2, vhost=False, mtu=1400),
        NicConfig("given", "ethernet", given, "52:54:00:00:00:02", "e1000", existing=True),
    )
    subprocess.run(["ip", "tuntap", "add", "dev", given, "mode", "tap"], check=True)
    try:
        config = await running(host, replace(machine(libvirtd, guest_image), nics=nics))
        assert seen_live(host, config.uuid).nics == nics
        links = Path("/sys/class/net")
        assert (links / name).exists() and (links / name / "mtu").read_text().strip() == "1400"
        assert given in local_taps() and name in local_taps()
        await host.execute(act.PowerOffDomain(config.uuid, ""))
        assert not (links / name).exists() and (links / given).exists()
    finally:
        subprocess.run(["ip", "tuntap", "del", "dev", given, "mode", "tap"], check=True)


async def test_a_tap_that_is_not_there_is_named_with_what_to_do(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage
) -> None:
    nic = NicConfig("lan", "ethernet", "nosuchtap", "52:54:00:00:00:01", "virtio", existing=True)
    with pytest.raises(DriverError, match="make the tap on the host"):
        await running(host, replace(machine(libvirtd, guest_image), nics=(nic,)))


async def test_memory_is_shared_with_the_host_and_goes_with_the_domain(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage
) -> None:
    config = replace(machine(libvirtd, guest_image), shared_memory=(SharedMemoryConfig("agent", 2**20),))
    await running(host, config)
    file = Path("/dev/shm") / f"homeostat-{config.uuid}-agent"
    assert file.stat().st_size == 2**20
    await host.execute(act.PowerOffDomain(config.uuid, ""))
    assert file.exists()
    await host.execute(act.UndefineDomain(config.uuid, ""))
    assert not file.exists()


async def test_a_folder_is_shared(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    if not host.facts.virtiofs:
        pytest.skip("QEMU has no virtiofs")
    folder = libvirtd.storage / f"share-{uuid4().hex[:8]}"
    folder.mkdir()
    folders = (FilesystemConfig("share", str(folder)),)
    config = await running(host, replace(machine(libvirtd, guest_image), filesystems=folders))
    assert seen_live(host, config.uuid).filesystems == folders
    await host.execute(act.DefineDomain(replace(config, filesystems=None), ""))
    again = host.domain(config.uuid)
    assert again is not None and again.config is not None and again.config.filesystems is None
    assert "memfd" not in libvirtd.virsh("dumpxml", "--inactive", config.name)


async def test_what_this_machine_lacks_is_defined_and_its_start_says_why_it_cannot(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage
) -> None:
    """libvirt checks the definition. Only hardware and modules of the kernel could show more."""
    devices: dict[str, Any] = {
        "host_devices": (
            HostDeviceConfig("gpu", "pci", "0000:00:1f.7"),
            HostDeviceConfig("key", "usb", "ffff:fffe"),
            HostDeviceConfig("stick", "usb", "9.99"),
            HostDeviceConfig("vgpu", "mdev", "11111111-2222-4333-8444-555555555555", True),
        ),
        "vsock": VsockConfig(4242),
        "video": None,
    }
    config = replace(machine(libvirtd, guest_image), **devices)
    await host.execute(act.DefineDomain(config, ""))
    domain = host.domain(config.uuid)
    assert domain is not None and domain.config is not None
    assert {name: getattr(domain.config, name) for name in devices} == devices
    with pytest.raises(DriverError):
        await host.execute(act.StartDomain(config.uuid, False, ""))
    with contextlib.suppress(DriverError):
        await host.execute(act.DefineDomain(replace(config, host_devices=None), ""))
        await host.execute(act.StartDomain(config.uuid, False, ""))
        assert host.facts.vsock


async def test_a_vsock_starts_where_the_kernel_has_it(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    if not host.facts.vsock:
        pytest.skip("the kernel has no /dev/vhost-vsock: load the module vhost_vsock")
    config = await running(host, replace(machine(libvirtd, guest_image), vsock=VsockConfig(4242)))
    assert seen_live(host, config.uuid).vsock == VsockConfig(4242)


@pytest.mark.parametrize(
    ("kind", "variable", "such_as"),
    [
        ("usb", "HOMEOSTAT_TEST_USB", "046d:c31c, or 1.4 (bus and device)"),
        ("pci", "HOMEOSTAT_TEST_PCI", "0000:03:00.0, bound to vfio-pci"),
    ],
    ids=["usb", "pci"],
)
async def test_a_device_of_the_host_starts_where_one_may_be_had(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage, kind: str, variable: str, such_as: str
) -> None:
    """No device is taken that nobody named: it may be the host's keyboard, or have its disks."""
    if not (address := os.environ.get(variable)):
        pytest.skip(f"no {kind} device is named that a guest may have: set {variable}, such as {such_as}")
    given = (HostDeviceConfig("given", kind, address),)
    config = await running(host, replace(machine(libvirtd, guest_image), host_devices=given))
    assert seen_live(host, config.uuid).host_devices == given
    await host.execute(act.PowerOffDomain(config.uuid, ""))
    await host.execute(act.DefineDomain(replace(config, host_devices=None), ""))
    again = host.domain(config.uuid)
    assert again is not None and again.config is not None and again.config.host_devices is None


async def test_devices_of_a_host_are_listed_where_they_may_be_had(libvirtd: Libvirtd) -> None:
    libvirtd.start()
    for allowed in (True, False):
        async with LibvirtHost(libvirtd.uri, allowed=Allowed(host_devices=allowed)) as host:
            found = host.facts.devices
            assert (found is not None) == allowed
            cards = (
                {path.name for path in Path("/sys/bus/pci/devices").iterdir()} if Path("/sys/bus/pci/devices").exists() else set()
            )
            assert not allowed or {device.address for device in found or () if device.kind == "pci"} == cards
            assert all(device.model for device in found or () if device.kind == "pci")


def seen_live(host: LibvirtHost, uuid: str) -> DomainConfig:
    domain = host.domain(uuid)
    assert domain is not None and domain.live is not None
    return domain.live
