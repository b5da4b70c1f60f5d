"""A managed save whose file somebody removed by hand: libvirt lists it still. Its machine boots from its disks, and goes back to
snapshots or goes as if it had none."""

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


async def test_it_can_be_discarded(libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = machine(libvirtd, guest_image)
    async with qemu_host(libvirtd) as host:
        await running(host, config)
        await host.execute(act.SaveDomain(config.uuid, ""))
        (libvirtd.directory / "lib" / "qemu" / "save" / f"{config.name}.save").unlink()
        await host.execute(act.DiscardSave(config.uuid, ""))
        await host.execute(act.UndefineDomain(config.uuid, ""))
        assert host.domain(config.uuid) is None
