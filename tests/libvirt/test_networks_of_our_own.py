"""Networks on libvirt's test driver, kept by the operator: made, changed while they are up, started again, left alone, gone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import libvirt
import pytest

from homeostat.cli.commands.down import take_down_networks
from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from tests.libvirt.hosts import until
from tests.libvirt.running import Running, running

LAN = """apiVersion: homeostat.dev/v1alpha1
kind: Network
metadata: {{name: lan}}
spec: {{addresses: [{{cidr: 192.168.50.1/24, dhcp: {{leases: [{leases}]}}}}]{more}}}
"""
WEB = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {name: web}
spec: {resources: {memory: 64Mi}, nics: [{name: lan, networkRef: {name: lan}}]}
"""
THEIRS = """apiVersion: homeostat.dev/v1alpha1
kind: Network
metadata: {name: theirs}
spec: {adopt: default, dns: {hosts: [{ip: 10.0.0.1, names: [one]}]}}
"""
LEASE = '{mac: "52:54:00:00:00:01", ip: 192.168.50.5}'


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as found:
        yield found


@contextmanager
def theirs(host: Running) -> Iterator[libvirt.virConnect]:
    """The connection that the operator has: each has a test host of its own."""
    yield host.parts.host._connection.handle


def lan(host: Running, leases: str = "", more: str = "") -> None:
    (host.folder / "lan.yaml").write_text(LAN.format(leases=leases, more=more))


def network(host: Running, name: str = "lan") -> Network | None:
    row = host.parts.store.index.row(Key("Network", "default", name))
    found = host.parts.store.resource(row) if row else None
    assert found is None or isinstance(found, Network)
    return found


def says(host: Running, kind: str, name: str = "lan") -> tuple[str, str]:
    """Status and reason of a condition."""
    found = network(host, name)
    condition = find_condition(found.status.conditions, kind) if found and found.status else None
    return (condition.status, condition.reason) if condition else ("", "")


def events(host: Running, reason: str) -> int:
    found = host.parts.store.index.read("SELECT coalesce(sum(count), 0) FROM events WHERE reason=? AND kind='Network'", (reason,))
    return int(next(iter(found))[0])


async def ready(host: Running) -> None:
    await until(lambda: says(host, "Ready") == ("True", "Active"), "the network is up")


async def test_a_machine_starts_once_its_network_is_up_and_the_network_goes_after_it(host: Running) -> None:
    (host.folder / "web.yaml").write_text(WEB)

    def stalled() -> str:
        found = host.machine("web")
        condition = find_condition(found.status.conditions, "Stalled") if found and found.status else None
        return condition.reason if condition else ""

    await until(lambda: stalled() == "NetworkNotFound", "the machine says what it lacks")
    lan(host)
    await until(lambda: host.ready("web"), "the machine runs")
    found = network(host)
    assert found is not None and found.status is not None and found.status.machines == 1
    (here,) = found.status.hosts
    assert (here.network, here.active, here.bridge[:3]) == ("lan", True, "hs-")
    (domain,) = host.parts.host.domains()
    assert domain.live is not None and domain.live.nics[0].source == "lan"

    (host.folder / "lan.yaml").unlink()
    await until(lambda: says(host, "Ready")[1] == "InUse", "it says who uses it")
    assert host.ready("web") and "lan" in host.parts.host.facts.networks
    host.parts.store.delete(Key("VirtualMachine", "default", "web"), author="test")
    await until(lambda: network(host) is None, "it has gone", 30)
    assert "lan" not in host.parts.host.facts.networks | host.parts.host.facts.idle_networks


async def test_it_is_changed_while_it_is_up(host: Running) -> None:
    lan(host)
    await ready(host)
    lan(host, LEASE)
    await until(lambda: events(host, "Updated") == 1, "it was updated")
    with theirs(host) as connection:
        found = connection.networkLookupByName("lan")
        assert "192.168.50.5" in found.XMLDesc(0)
    assert events(host, "Restarted") == 0
    lan(host, LEASE, ", mtu: 1400")
    await until(lambda: events(host, "Restarted") == 1, "it was restarted: nobody is plugged in")
    await ready(host)


async def test_what_others_do_to_it_is_undone(host: Running) -> None:
    lan(host, LEASE)
    await ready(host)
    with theirs(host) as connection:
        found = connection.networkLookupByName("lan")
        found.destroy()
        await until(lambda: events(host, "Started") == 2, "it is up again")
        found.update(
            libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE,
            libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST,
            0,
            "<host mac='52:54:00:00:00:01' ip='192.168.50.5'/>",
            libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE,
        )
        assert await host.parts.host._networks.recheck()  # as every resync does: no event tells of it
        host.parts.host._notify_networks()
        await until(lambda: "192.168.50.5" in found.XMLDesc(0), "the lease is back")
        found.setAutostart(0)
        found.destroy()
        await until(lambda: found.autostart() and found.isActive(), "it is up, and starts with the host")


async def test_nothing_is_written_at_rest(host: Running) -> None:
    lan(host, LEASE)
    await ready(host)
    before = host.counters()
    host.parts.operator.look_at_all()
    await until(lambda: host.parts.operator.queue.depth() == 0, "all was looked at")
    assert host.counters() == before


async def test_one_of_others_is_left_alone_until_it_is_adopted(host: Running) -> None:
    (host.folder / "default.yaml").write_text(LAN.format(leases="", more="").replace("lan", "default"))
    await until(lambda: says(host, "Stalled", "default") == ("True", "NameInUse"), "it says whose it is")
    with theirs(host) as connection:
        found = connection.networkLookupByName("default")
        before = found.XMLDesc(0)
        (host.folder / "theirs.yaml").write_text(THEIRS)
        await until(lambda: says(host, "Ready", "theirs") == ("True", "Active"), "it is adopted")
        assert found.XMLDesc(0) != before and "<hostname>one</hostname>" in found.XMLDesc(0)
        (host.folder / "theirs.yaml").unlink()
        await until(lambda: network(host, "theirs") is None, "it is let go")
        assert found.isActive()


async def test_a_machine_is_not_plugged_into_a_network_of_others_that_has_the_name(host: Running) -> None:
    (host.folder / "default.yaml").write_text(LAN.format(leases="", more="").replace("lan", "default"))
    (host.folder / "web.yaml").write_text(WEB.replace("{name: lan}", "{name: default}"))

    def why() -> str:
        found: VirtualMachine | None = host.machine("web")
        condition = find_condition(found.status.conditions, "Ready") if found and found.status else None
        return condition.reason if condition else ""

    await until(lambda: why() == "NetworkNotReady", "it waits")
    assert not any(domain.state.active for domain in host.parts.host.domains())


async def test_of_two_with_the_same_addresses_one_comes_up(host: Running) -> None:
    one = LAN.format(leases="", more="")
    (host.folder / "both.yaml").write_text(f"{one}---\n{one.replace('lan', 'other')}")
    states = lambda: sorted([says(host, "Ready"), says(host, "Ready", "other")])  # noqa: E731
    await until(lambda: states() == [("False", "AddressTaken"), ("True", "Active")], "one of them waits for the other")


async def test_two_exchange_their_addresses(host: Running) -> None:
    def write(first: int, second: int) -> None:
        texts = [LAN.format(leases="", more="").replace("168.50", f"168.{third}") for third in (first, second)]
        (host.folder / "both.yaml").write_text(f"{texts[0]}---\n{texts[1].replace('lan', 'other')}")

    def live() -> list[str]:
        """Where both are up, by libvirt."""
        with theirs(host) as connection:
            found = [connection.networkLookupByName(name) for name in ("lan", "other")]
            return [re.findall("168[.]([0-9]+)", one.XMLDesc(0))[0] for one in found if one.isActive()]

    def ready() -> bool:
        return says(host, "Ready") == says(host, "Ready", "other") == ("True", "Active")

    write(50, 51)
    await until(ready, "both are up")
    write(51, 50)
    await until(lambda: live() == ["51", "50"], "each has what the other had")
    await until(ready, "both say so")
    assert events(host, "Stopped") == 1 and events(host, "Restarted") == 1, "one gave its addresses up first"


async def test_down_takes_ours_and_leaves_theirs_and_what_guests_are_on(tmp_path: Path) -> None:
    folder = tmp_path / "vms"
    folder.mkdir()
    (folder / "theirs.yaml").write_text(THEIRS)
    (folder / "lan.yaml").write_text(LAN.format(leases="", more=""))
    (folder / "web.yaml").write_text(WEB)
    async with running(tmp_path) as host:
        await until(lambda: host.ready("web"), "the machine runs")
        stay = await take_down_networks(host.parts.store, [host.parts.host])
        assert [key.name for key in stay] == ["lan"] and "web" in stay[Key("Network", "default", "lan")]
    async with running(tmp_path) as host:
        (folder / "web.yaml").unlink()
        await until(lambda: host.machine("web") is None, "the machine has gone")
        await ready(host)
        assert await take_down_networks(host.parts.store, [host.parts.host]) == {}
        found = host.parts.host.facts.networks | host.parts.host.facts.idle_networks
        assert "default" in found
    assert (folder / "lan.yaml").exists()
