"""No libvirt there: said plainly, tried again, and everything is listed anew once it answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from homeostat.driver.errors import HostUnreachable
from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from tests.libvirt.hosts import isolated_uri, machine, until


async def test_a_missing_socket_says_what_to_do(tmp_path: Path) -> None:
    async with LibvirtHost(f"qemu+unix:///system?socket={tmp_path}/none") as host:
        assert not host.facts.reachable
        assert "start it (systemctl start libvirtd" in host.facts.error
        with pytest.raises(HostUnreachable, match="libvirtd does not run"):
            await host.execute(act.PowerOffDomain("u", ""))


async def test_it_is_tried_again_until_it_is_there(tmp_path: Path) -> None:
    uri = f"test://{tmp_path}/node.xml"
    told: list[tuple[str | None, bool]] = []
    async with LibvirtHost(uri) as host:
        host.subscribe(lambda uuid: told.append((uuid, host.facts.reachable)))
        assert not host.facts.reachable and host.facts.error
        isolated_uri(tmp_path)
        await until(lambda: (None, True) in told, "who listens is told that it is reached")
        await host.execute(act.DefineDomain(machine(), ""))


async def test_closing_does_not_wait_for_the_next_attempt(tmp_path: Path) -> None:
    host = LibvirtHost(f"qemu+unix:///system?socket={tmp_path}/none")
    await host.start()
    async with asyncio.timeout(2):
        await host.close()


async def test_many_connections_in_one_program_one_after_the_other(tmp_path: Path) -> None:
    for _ in range(5):
        async with LibvirtHost(isolated_uri(tmp_path)) as one, LibvirtHost("test:///default") as two:
            config = machine()
            await one.execute(act.DefineDomain(config, ""))
            assert two.domain(config.uuid) is None
