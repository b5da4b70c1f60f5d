"""A managed save that its host went down in the middle of: there is no memory to go on with, and its machine boots from its
disks. Of a file that begins with something else nobody knows, and the refusal says what lets the machine boot."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from homeostat.driver.errors import SaveDamaged
from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.domain import DomainConfig
from homeostat.planner.observed import DomainState
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd

WHOLE, UNDER_WAY = b"LibvirtQemudSave", b"LibvirtQemudPart"  # libvirt writes the first over the second when all is there


async def _saved(rig: Libvirtd, host: LibvirtHost, config: DomainConfig, spoiled: Callable[[bytes], bytes]) -> None:
    """Saves a machine, and spoils the file."""
    await running(host, config)
    await host.execute(act.SaveDomain(config.uuid, ""))
    file = rig.directory / "lib" / "qemu" / "save" / f"{config.name}.save"
    file.write_bytes(spoiled(file.read_bytes()))


@pytest.mark.parametrize("left", [1_000_000, 20, 0])
async def test_its_machine_boots(libvirtd: Libvirtd, guest_image: GuestImage, left: int) -> None:
    config = machine(libvirtd, guest_image)
    async with qemu_host(libvirtd) as host:
        await _saved(libvirtd, host, config, lambda whole: whole.replace(WHOLE, UNDER_WAY, 1)[:left])
        await host.execute(act.StartDomain(config.uuid, False, ""))
        seen = host.domain(config.uuid)
        assert seen is not None and seen.state is DomainState.RUNNING
        assert not seen.managed_save


async def test_what_is_no_saved_memory_says_how_to_boot_without_it(libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = machine(libvirtd, guest_image)
    async with qemu_host(libvirtd) as host:
        await _saved(libvirtd, host, config, lambda whole: bytes(len(whole)))
        with pytest.raises(SaveDamaged, match=f"`virsh managedsave-remove {config.name}`"):
            await host.execute(act.StartDomain(config.uuid, False, ""))
