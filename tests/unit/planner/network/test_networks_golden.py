"""What is done about networks, from each spec to each other one. After a wanted change: pytest --regenerate-golden, and read the
diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from homeostat.driver.xml.network import build_network, parse_network
from homeostat.models.machine_nics import Nic
from homeostat.planner.network import actions as act
from homeostat.planner.network.config import AddressConfig, NetworkConfig, NetworkRecord
from homeostat.planner.network.desired import desired_network
from homeostat.planner.network.plan import NetworkPlan, named
from homeostat.planner.network.plugged import networks_named, plugged
from homeostat.planner.placement import host_finalizer
from tests.unit.network_world import INSTANCE, UID, NetworkWorld, network
from tests.unit.tables import as_before, differences, grouped, words
from tests.unit.world import HOST

V4, V6 = "192.168.100.1/24", "fd00::1/64"
LEASE = {"mac": "52:54:00:00:00:01", "ip": "192.168.100.10"}
SPECS: dict[str, dict[str, Any]] = {
    "plain": {"addresses": [{"cidr": V4}]},
    "range": {"addresses": [{"cidr": V4, "dhcp": {"start": "192.168.100.100", "end": "192.168.100.200"}}]},
    "lease": {"addresses": [{"cidr": V4, "dhcp": {"leases": [LEASE]}}]},
    "other lease": {"addresses": [{"cidr": V4, "dhcp": {"leases": [{**LEASE, "hostname": "web"}]}}]},
    "no lease": {"addresses": [{"cidr": V4, "dhcp": {"leases": []}}]},
    "both": {"addresses": [{"cidr": V4}, {"cidr": V6, "dhcp": {"leases": [{"duid": "00:01:AB", "ip": "fd00::9"}]}}]},
    "v6": {"addresses": [{"cidr": V6}]},
    "no address": {"mode": "Isolated"},
    "routed": {"mode": "Routed", "forwardDevice": "eth0", "addresses": [{"cidr": V4}, {"cidr": V6}]},
    "bridge": {"mode": "Bridge", "bridge": "br0"},
    "named": {"bridge": "virbr9", "mtu": 9000, "addresses": [{"cidr": V4}]},
    "dns": {
        "addresses": [{"cidr": V4}],
        "dns": {"domain": "lan", "hosts": [{"ip": "192.168.100.7", "names": ["a", "b"]}], "forwarders": ["1.1.1.1"]},
    },
    "open dns": {"addresses": [{"cidr": V4}], "dns": {"domain": "lan", "localOnly": False}},
    "no dns": {"addresses": [{"cidr": V4}], "dns": {"enabled": False}},
}
ADOPTED: dict[str, dict[str, Any]] = {
    "nothing of it": {},
    "its mode": {"mode": "NAT", "addresses": [{"cidr": V4}]},
    "isolated": {"mode": "Isolated", "addresses": [{"cidr": V6}]},
    "its names": {"dns": {"hosts": [{"ip": "192.168.100.8", "names": ["c"]}], "domain": "x"}},
    "its leases": {"addresses": [{"cidr": V4, "dhcp": {"leases": [LEASE]}}]},
    "no leases": {"addresses": [{"cidr": V4, "dhcp": {"leases": []}}], "mtu": 1400},
}


def step(action: act.NetworkAction) -> str:
    match action:
        case act.DefineNetwork(config, owner, reason):
            return f"Define({config.mode} {config.bridge} {_whose(owner)}: {reason})"
        case act.UpdateNetwork():
            return f"Update({action.command} {action.entry} {action.address}: {action.reason})"
    return f"{type(action).__name__.removesuffix('Network')}({_whose(getattr(action, 'owner', ''))}: {action.reason})"


def _whose(owner: str) -> str:
    return "own" if owner == UID else owner


def told(plan: NetworkPlan) -> str:
    parts = {"changes": plan.changes, "pending": plan.pending}
    differ = "".join(f" {word}: {differences(found)}" for word, found in parts.items() if found)
    held = f" held by {plan.holders}" if plan.holders else ""
    return f"{' '.join([*map(step, plan.actions), '→'])} {words(plan.outcome)}{differ}{held}"


def up(spec: dict[str, Any]) -> NetworkWorld:
    world = NetworkWorld(host=replace(HOST, bridges=frozenset({"br0"})))
    world.settle(network(**spec))
    return world


def edited() -> Iterator[str]:
    for what, spec in SPECS.items():
        world = up(spec)
        yield f"{what}: {parse_network(world.definitions['lan'])}"
        for held in (False, True):
            world.guests = {"lan": ("web",)} if held else {}
            plans = [(now, told(world.plan(network(**wanted)))) for now, wanted in SPECS.items()]
            yield from grouped(f"{what}, {'held' if held else 'free'}", plans)


def adopted() -> Iterator[str]:
    """What others made, and what is left of it as it is."""
    for (what, spec), (how, wanted) in product(SPECS.items(), ADOPTED.items()):
        world = up(spec)
        text = world.definitions["lan"]
        config = replace(parse_network(text), record=None, uuid="0" * 36)
        world.definitions["lan"], world.live["lan"] = build_network(config), config
        for held in (False, True):
            world.guests = {"lan": ("web",)} if held else {}
            plan = world.plan(network("other", adopt="lan", **wanted))
            yield f"{what}, {how}{', held' if held else ''}: {told(plan)}"


def disturbed() -> Iterator[str]:
    """What others did to it."""
    for what, spec in {name: SPECS[name] for name in ("plain", "bridge", "both")}.items():
        world = up(spec)
        for live, defined, autostart, deleting, held in product((True, False), repeat=5):
            if not (live or defined):
                continue
            now = replace(
                world,
                live=dict(world.live) if live else {},
                definitions=dict(world.definitions) if defined else {},
                autostart={"lan"} if autostart and defined else set(),
                guests={"lan": ("web",)} if held and live else {},
            )
            facts = (live and "up", defined and "defined", autostart and "autostart", deleting and "deleted", held and "held")
            yield f"{what}, {' '.join(fact for fact in facts if fact)}: {told(now.plan(network(deleting=deleting, **spec)))}"


def _config(name: str, cidr: str = "10.0.0.1/8", **fields: Any) -> NetworkConfig:
    return NetworkConfig(name, "u", "nat", "virbr7", addresses=(AddressConfig(cidr),), **fields)


def barred() -> Iterator[str]:
    """By what else is on the host."""
    records = {
        "somebody's": None,
        "of another uid": NetworkRecord("other", "default", "lan", INSTANCE),
        "of another name": NetworkRecord(network().identity, "default", "wan", INSTANCE),
        "of another namespace": NetworkRecord(network().identity, "prod", "lan", INSTANCE),
        "its own": NetworkRecord(network().identity, "default", "lan", "instance-0"),
    }
    world = up(SPECS["plain"])
    bare = NetworkWorld(host=world.host)
    for (what, record), adopt, deleting in product(records.items(), (False, True), (False, True)):
        config = replace(parse_network(world.definitions["lan"]), record=record)
        seen = replace(bare, definitions={"lan": build_network(config)}, live={"lan": config})
        wanted = network(**SPECS["plain"], deleting=deleting, **({"adopt": "lan"} if adopt else {}))
        yield f"{what}{', to be adopted' if adopt else ''}{', deleted' if deleting else ''}: {told(seen.plan(wanted))}"
    others = {
        "elsewhere": _config("wan"),
        "overlapping": _config("wan", "192.168.100.200/25"),
        "wider": _config("wan", "192.168.0.1/16"),
        "of IPv6": _config("wan", "fd00::77/48"),
        "of its bridge": replace(_config("wan"), bridge="virbr9"),
        "bridged": replace(_config("wan"), mode="bridge", bridge="virbr9"),
        "without addresses": replace(_config("wan"), addresses=None),
    }
    for (what, other), (how, spec), live, there in product(
        others.items(), {name: SPECS[name] for name in ("plain", "both", "named", "bridge")}.items(), (True, False), (True, False)
    ):
        seen = up(spec) if there else replace(bare, definitions={}, live={})
        seen.definitions["wan"] = build_network(other)
        seen.live |= {"wan": other} if live else {}
        yield f"{how} {'up' if there else ''} beside one {what}{', up' if live else ''}: {told(seen.plan(network(**spec)))}"
        if there:
            seen.live.pop("lan")
            yield f"{how} down beside one {what}{', up' if live else ''}: {told(seen.plan(network(**spec)))}"
    hosts: dict[str, dict[str, Any]] = {
        "away": {"reachable": False, "error": "no route"},
        "away, nobody knows why": {"reachable": False},
        "without bridges": {"bridges": frozenset()},
        "with others": {"bridges": frozenset({"br2", "br1"})},
        "of unknown bridges": {"bridges": None},
    }
    for (what, facts), (how, spec) in product(hosts.items(), {name: SPECS[name] for name in ("plain", "bridge")}.items()):
        yield f"{how} on a host {what}: {told(replace(bare, host=replace(HOST, **facts)).plan(network(**spec)))}"
    yield f"adopted by two: {told(replace(world, rival='default/wan').plan(network('x', uid='x', adopt='lan')))}"
    yield f"nothing to adopt: {told(bare.plan(network('x', adopt='lan')))}"
    yield f"adopts another now: {told(world.plan(network(adopt='wan')))}"
    renamed = replace(world, definitions={**world.definitions, "wan": build_network(_config("wan"))})
    yield f"adopts another that is there: {told(renamed.plan(network(adopt='wan')))}"


def let_go() -> Iterator[str]:
    """Where it is deleted, or no longer selected."""
    users: dict[str, dict[str, str]] = {
        "nobody": {},
        "a deployment": {"vmd/shop": ""},
        "a machine": {"vm/web": "web"},
        "many": {f"vm/m{number}": f"m{number}" for number in range(6)},
    }
    held = host_finalizer(HOST.name)
    for (who, named_by), guests, unselected, deleting, adopt, finalizers in product(
        users.items(), ((), ("web", "db")), ("", "no label zone=a"), (False, True), (False, True), ((), (held,))
    ):
        if not (unselected or deleting):
            continue
        world = up(SPECS["plain"])
        world.guests, world.users, world.unselected = {"lan": guests}, named_by, unselected
        if adopt:
            config = replace(parse_network(world.definitions["lan"]), record=None)
            world.definitions, world.live = {"lan": build_network(config)}, {"lan": config}
        wanted = network(deleting=deleting, **({"adopt": "lan"} if adopt else SPECS["plain"]))
        wanted = wanted.model_copy(update={"metadata": wanted.metadata.model_copy(update={"finalizers": finalizers})})
        facts = (unselected and "not selected", deleting and "deleted", adopt and "adopted", finalizers and "finalizer")
        case = f"{who}, {' '.join(guests)}, {' '.join(fact for fact in facts if fact)}"
        yield f"{case}: {told(world.plan(wanted))}"
    yield f"{[named([str(number) for number in range(count)]) for count in (0, 1, 5, 6, 7)]}"


def wanted() -> Iterator[str]:
    """All of what is defined, and how nics name it."""
    for what, spec in SPECS.items():
        yield f"{what}: {desired_network(network(**spec), INSTANCE)}"
    for what, spec in ADOPTED.items():
        yield f"{what}, adopted: {desired_network(network(adopt='lan', **spec), INSTANCE)}"
    named_by = {"name": "a", "networkRef": {"name": "lan"}}, {"name": "b", "network": "default"}
    nics = tuple(map(Nic.model_validate, named_by))
    yield f"{list(networks_named(nics, 'prod'))}"
    for of in (network(), network(namespace="prod"), network(adopt="br")):
        yield f"{[(nic.network, nic.network_ref) for nic in plugged(nics, {'lan': of})]}"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "edited": edited,
    "adopted": adopted,
    "disturbed": disturbed,
    "barred": barred,
    "let-go": let_go,
    "wanted": wanted,
}


@pytest.mark.parametrize("name", TABLES)
def test_what_is_done_is_as_before(name: str, request: pytest.FixtureRequest) -> None:
    as_before(f"networks-{name}", TABLES[name](), request)
