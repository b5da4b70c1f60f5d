"""doctor against a real libvirtd with QEMU: nothing fails, and what it says is so."""

from __future__ import annotations

from homeostat.driver.survey.checks import run_checks
from homeostat.driver.survey.hostview import read_host
from tests.rig.libvirtd import Libvirtd


async def test_a_host_that_is_fine(libvirtd: Libvirtd) -> None:
    found = {c.name: c for c in await run_checks(libvirtd.uri, libvirtd.storage / "state", boot=False)}
    assert [c for c in found.values() if c.ok is False] == []
    assert "QEMU" in found["libvirt"].found
    assert f"default ({libvirtd.bridge})" in found["network"].found
    assert found["confinement"].ok is None  # the rig's qemu.conf switches it off


async def test_qemus_user_is_read_from_the_capabilities(libvirtd: Libvirtd) -> None:
    host = await read_host(libvirtd.uri)
    assert host.error == ""
    assert host.qemu_user is not None and host.qemu_user[0] != 0
