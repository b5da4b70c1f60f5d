"""The password of the VNC server of a running machine, on real QEMU."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.changes.changes import compare_running
from homeostat.planner.domain import VncConfig
from tests.libvirt.qemu_machines import machine, qemu_host, running
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd
from tests.rig.vnc import lets_in


@pytest.fixture
async def host(libvirtd: Libvirtd) -> AsyncIterator[LibvirtHost]:
    async with qemu_host(libvirtd) as host:
        yield host


async def test_it_changes_while_the_machine_runs(host: LibvirtHost, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = replace(machine(libvirtd, guest_image), vnc=VncConfig("127.0.0.1", None, SecretStr("first-pw")))
    await running(host, config)
    domain = host.domain(config.uuid)
    assert domain is not None and domain.vnc is not None and domain.live is not None and domain.pid is not None
    assert lets_in(domain.vnc, "first-pw") and not lets_in(domain.vnc, "second")
    assert domain.live.vnc == config.vnc, "it is known what the running machine has"

    wanted = replace(config, vnc=VncConfig("127.0.0.1", None, SecretStr("second")))
    assert [c.field for c in compare_running(domain.live, wanted)] == ["display.vnc.password"]
    await host.execute(act.ChangePassword(config.uuid, SecretStr("second"), ""))
    assert lets_in(domain.vnc, "second") and not lets_in(domain.vnc, "first-pw")
    changed = host.domain(config.uuid)
    assert changed is not None and changed.run == domain.run and changed.live is not None
    assert compare_running(changed.live, wanted) == ()

    arguments = Path(f"/proc/{domain.pid}/cmdline").read_bytes()
    assert b"first-pw" not in arguments and b"second" not in arguments
    assert "second" not in libvirtd.virsh("dumpxml", config.name)
