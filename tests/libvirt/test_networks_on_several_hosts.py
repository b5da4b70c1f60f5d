"""A Network over several hosts of one folder: each that its selector takes has it, machines find it there, and all let it go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from homeostat.models.condition import find_condition
from homeostat.models.network import Network
from tests.libvirt.spread import SMALL, Spread, spread

LAN = {"addresses": [{"cidr": "192.168.50.1/24"}]}
ON_LAN: dict[str, Any] = {"nics": [{"name": "lan", "networkRef": {"name": "lan"}}]}


def network(site: Spread) -> Network | None:
    found = site._get(Network.KIND, "lan")
    assert found is None or isinstance(found, Network)
    return found


def told(site: Spread) -> dict[str, bool]:
    """Whether it is up, by host, as its status says."""
    found = network(site)
    return {host.name: host.active for host in found.status.hosts} if found and found.status else {}


def why(site: Spread) -> str:
    found = network(site)
    ready = find_condition(found.status.conditions, "Ready") if found and found.status else None
    return ready.reason if ready else ""


def there(site: Spread) -> list[str]:
    """The hosts that have it, as libvirt says."""
    return sorted(name for name, host in site.all.items() if "lan" in host.facts.networks | host.facts.idle_networks)


async def test_every_host_has_it_and_machines_on_each_find_it(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.vm("one", "a", **ON_LAN)
        site.vm("two", "b", **ON_LAN)
        site.write("Network", "lan", LAN)
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        await site.until(lambda: told(site) == {"a": True, "b": True} and why(site) == "Active", "both hosts say so")
        site.remove("lan")
        await site.until(lambda: why(site) == "InUse", "it stays")
        assert there(site) == ["a", "b"]
        site.write("VirtualMachine", "rest", SMALL)  # a folder that holds nothing at all is held
        site.remove("one")
        site.remove("two")
        await site.until(lambda: network(site) is None, "it has gone")
        assert there(site) == []


async def test_a_selector_takes_it_to_one_host_and_on_to_another(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Host", "a", {}, labels={"zone": "x"})
        site.write("Host", "b", {}, labels={"zone": "y"})
        site.write("Network", "lan", {**LAN, "hostSelector": {"zone": "x"}})
        site.start()
        await site.until(lambda: told(site) == {"a": True}, "it is on a")
        assert there(site) == ["a"]
        site.write("Network", "lan", {**LAN, "hostSelector": {"zone": "y"}})
        await site.until(lambda: told(site) == {"b": True} and there(site) == ["b"], "it is on b, and there alone")
        site.write("Network", "lan", {**LAN, "hostSelector": {"zone": "z"}})
        await site.until(lambda: why(site) == "NotSelected" and there(site) == [], "it is nowhere, and says so")
        site.remove("lan")
        await site.until(lambda: network(site) is None, "it has gone")


async def test_the_name_of_a_host_is_a_label_of_it(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Network", "lan", {**LAN, "hostSelector": {"kubernetes.io/hostname": "a"}})
        site.vm("web", **ON_LAN)
        site.start()
        await site.until(lambda: site.ready("web"), "its machine is on the host that has it")
        assert told(site) == {"a": True} and there(site) == ["a"]


async def test_a_label_of_a_host_brings_it_there(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Host", "a", {})
        site.write("Network", "lan", {**LAN, "hostSelector": {"zone": "x"}})
        site.start()
        await site.until(lambda: why(site) == "NotSelected", "it waits for a host")
        site.write("Host", "a", {}, labels={"zone": "x"})
        await site.until(lambda: told(site) == {"a": True}, "it is on a")
