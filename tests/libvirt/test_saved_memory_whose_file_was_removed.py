"""A managed save whose file somebody removed by hand: libvirt lists it still, and its machine boots from its disks."""

from __future__ import annotations

from homeostat.planner import actions as act
from homeostat.planner.observed import DomainState
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd


async def test_its_machine_boots(libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = machine(libvirtd, guest_image)
    async with qemu_host(libvirtd) as host:
        await running(host, config)
        await host.execute(act.SaveDomain(config.uuid, ""))
        (libvirtd.directory / "lib" / "qemu" / "save" / f"{config.name}.save").unlink()
        await host.execute(act.StartDomain(config.uuid, False, ""))
        seen = host.domain(config.uuid)
        assert seen is not None and seen.state is DomainState.RUNNING
