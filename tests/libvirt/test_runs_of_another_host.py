"""BR-06: a run of a guest on another host, whose QEMU has no pid for us, has a name of its own: libvirt's ids begin again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from homeostat.driver.host import LibvirtHost
from homeostat.planner import actions as act
from homeostat.planner.domain import DomainConfig
from homeostat.planner.observed import same_run, surely_same_run
from tests.libvirt.hosts import until
from tests.libvirt.qemu_machines import machine
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd
from tests.rig.remote import over_the_network

MARK = "https://homeostat.dev/run/1"


@pytest.fixture
def uri(libvirtd: Libvirtd) -> Iterator[str]:
    with over_the_network(libvirtd.socket) as port:
        yield f"qemu+tcp://127.0.0.1:{port}/system"
    for name in libvirtd.virsh("list", "--all", "--name").split():
        libvirtd.virsh("destroy", name, check=False)
        libvirtd.virsh("undefine", name)


async def run_of(uri: str, config: DomainConfig, **how: bool) -> str:
    """As the next operator finds it."""
    async with LibvirtHost(uri, **how) as host:
        await until(lambda: host.facts.reachable, "it is connected")
        domain = host.domain(config.uuid)
        assert domain is not None and domain.pid is None
        return domain.run


async def started(uri: str, config: DomainConfig) -> str:
    async with LibvirtHost(uri) as host:
        await until(lambda: host.facts.reachable, "it is connected")
        await host.execute(act.DefineDomain(config, ""))
        await host.execute(act.StartDomain(config.uuid, True, ""))
        domain = host.domain(config.uuid)
        assert domain is not None
        return domain.run


async def test_br06_the_next_operator_finds_the_same_run(uri: str, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = machine(libvirtd, guest_image)
    run = await started(uri, config)
    assert surely_same_run(run, await run_of(uri, config)) and surely_same_run(run, await run_of(uri, config, marks_runs=False))
    libvirtd.restart()
    assert surely_same_run(run, await run_of(uri, config))
    assert MARK in libvirtd.virsh("dumpxml", config.name)
    assert MARK not in libvirtd.virsh("dumpxml", "--inactive", config.name)


def _started_by_others(libvirtd: Libvirtd, config: DomainConfig) -> None:
    libvirtd.virsh("start", "--paused", config.name)


def _copied_into_its_definition(libvirtd: Libvirtd, config: DomainConfig) -> None:
    copy = libvirtd.storage / "copy.xml"
    copy.write_text(libvirtd.virsh("metadata", config.name, MARK))
    libvirtd.virsh("destroy", config.name)
    libvirtd.virsh("metadata", config.name, MARK, "--config", "--key", "homeostat-run", "--set", copy.read_text().strip())
    libvirtd.virsh("start", "--paused", config.name)


@pytest.mark.parametrize("begun", [_started_by_others, _copied_into_its_definition])
async def test_br06_a_run_of_the_same_id_is_another_run(
    uri: str, libvirtd: Libvirtd, guest_image: GuestImage, begun: Callable[[Libvirtd, DomainConfig], None]
) -> None:
    """Where no domain runs as libvirt starts, as after a boot, its ids begin at 1."""
    config = machine(libvirtd, guest_image)
    libvirtd.restart()
    run = await started(uri, config)
    if begun is _started_by_others:
        libvirtd.virsh("destroy", config.name)
        libvirtd.restart()
    begun(libvirtd, config)
    # What only looks changes nothing, and claims nothing.
    looked = await run_of(uri, config, marks_runs=False)
    assert "-" not in looked and not surely_same_run(run, looked)
    later = await run_of(uri, config)
    assert not same_run(run, later) and surely_same_run(later, await run_of(uri, config))
    if begun is _started_by_others:
        assert later.partition("-")[0] == run.partition("-")[0] == "1"


async def test_br06_a_restart_that_is_seen_is_another_run(uri: str, libvirtd: Libvirtd, guest_image: GuestImage) -> None:
    config = machine(libvirtd, guest_image)
    async with LibvirtHost(uri) as host:
        await until(lambda: host.facts.reachable, "it is connected")
        await host.execute(act.DefineDomain(config, ""))
        runs = set()
        for _ in range(2):
            await host.execute(act.StartDomain(config.uuid, True, ""))
            domain = host.domain(config.uuid)
            assert domain is not None and "-" in domain.run
            runs.add(domain.run)
            await host.execute(act.PowerOffDomain(config.uuid, ""))
        assert len(runs) == 2
