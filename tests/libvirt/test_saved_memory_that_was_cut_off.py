"""A managed save whose end is missing, as where the disk of its host was full: the refusal says what lets the machine boot."""

from __future__ import annotations

import os

import pytest

from homeostat.driver.errors import SaveDamaged
from homeostat.planner import actions as act
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd


async def test_its_machine_says_how_to_boot_without_it(libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = machine(libvirtd, guest_image)
    async with qemu_host(libvirtd) as host:
        await running(host, config)
        await host.execute(act.SaveDomain(config.uuid, ""))
        save = libvirtd.directory / "lib" / "qemu" / "save" / f"{config.name}.save"
        os.truncate(save, save.stat().st_size // 2)
        with pytest.raises(SaveDamaged, match=f"`virsh managedsave-remove {config.name}`"):
            await host.execute(act.StartDomain(config.uuid, False, ""))
        seen = host.domain(config.uuid)
        assert seen is not None and seen.managed_save, "what is left of its memory is kept until a person decides"
        await host.execute(act.DiscardSave(config.uuid, ""))
        await host.execute(act.StartDomain(config.uuid, False, ""))
