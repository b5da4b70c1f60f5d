"""Every device of the spec really starts under QEMU, and is read back as it was defined."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.domain import CpuConfig, ScsiConfig, WatchdogConfig
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
        {"scsi": ScsiConfig("virtio-scsi", True, 2)},
        {"scsi": ScsiConfig("lsilogic")},
        {"cpu": CpuConfig("custom", "qemu64", (), (1, 2, 1)), "vcpus": 2},
    ],
    ids=["hda", "ac97", "sb16", "virtio-scsi", "lsilogic", "cpu"],
)
async def test_it_starts(
    host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage, chipset: str, devices: dict[str, Any]
) -> None:
    drive = {} if chipset == "q35" else {"bus": "ide", "target": "hda"}
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
