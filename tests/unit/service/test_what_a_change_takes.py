"""What a change of a machine, a network or another resource takes, and which of its fields a running guest waits for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.planner.machine.preview.classify import Classified
from homeostat.planner.plan import Change, Disruption
from homeostat.service.changing.spec_change import SpecChange, of_machine, of_resource
from homeostat.service.refusals import InUse
from tests.unit.serving import Written, resource

LIVE, RESTART, FORBIDDEN = Disruption.LIVE, Disruption.NEEDS_RESTART, Disruption.FORBIDDEN


def pending(field: str, disruption: str, old: str = "1", new: str = "2") -> dict[str, str]:
    return {"field": field, "old": old, "new": new, "disruption": disruption}


@pytest.mark.parametrize(
    ("state", "known", "changes", "waits"),
    [
        ("Running", [], [Change("vcpu", "1", "2", RESTART)], ("vcpu",)),
        ("Stopped", [], [Change("vcpu", "1", "2", RESTART)], ()),
        ("Running", [], [Change("nics", "1", "2", LIVE)], ()),
        # What waits already goes on waiting, unless the change is back to what the guest has.
        ("Running", [pending("vcpu", "NeedsRestart")], [], ("vcpu",)),
        ("Running", [pending("vcpu", "Live")], [], ("vcpu",)),
        ("Running", [pending("vcpu", "NeedsReplace")], [], ()),
        ("Running", [pending("vcpu", "Forbidden")], [], ()),
        ("Running", [pending("vcpu", "NeedsRestart")], [Change("vcpu", "2", "1", RESTART)], ()),
        ("Running", [pending("vcpu", "NeedsRestart")], [Change("vcpu", "2", "3", RESTART)], ("vcpu",)),
        ("Running", [pending("vcpu", "NeedsRestart")], [Change("rng", "1", "2", RESTART)], ("rng", "vcpu")),
    ],
)
def test_what_a_running_guest_waits_for(
    state: str, known: list[dict[str, str]], changes: list[Change], waits: tuple[str, ...]
) -> None:
    before = resource(VirtualMachine, "web", state=state, changes=known)
    guest = frozenset(change.field for change in changes)
    found = of_machine(before, resource(VirtualMachine, "web"), Classified(tuple(changes), guest, "why not"))
    assert found == SpecChange(tuple(changes), waits, "why not")


def test_why_a_change_takes_that() -> None:
    no_host = SpecChange(cannot="no host has what it asks for")
    assert no_host.reason(Change("vcpu", "1", "2", FORBIDDEN)) == "no host has what it asks for"
    for change, told in ((Change("vcpu", "1", "2", RESTART), no_host), (Change("name", "1", "2", FORBIDDEN), SpecChange())):
        assert told.reason(change) != "no host has what it asks for"


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"version": "1"}, {"version": "1"}, []),
        ({"version": "1"}, {"version": "2"}, [("version", "1", "2")]),
        ({"version": "1", "description": "quiet"}, {"version": "1"}, [("description", "quiet", "none")]),
        ({"version": "1"}, {"version": "2", "labels": {"a": "b"}}, [("version", "1", "2"), ("labels", "none", "set")]),
    ],
)
def test_the_fields_that_differ(before: dict[str, Any], after: dict[str, Any], changes: list[tuple[str, ...]]) -> None:
    rootfs = {"rootfs": {"url": "https://x.example/a.img"}}
    found = of_resource(*(resource(Plugin, "p", {**spec, **rootfs}) for spec in (before, after)))
    assert [(one.field, one.old, one.new) for one in found.changes] == changes
    assert {one.disruption for one in found.changes} <= {LIVE} and found.restart == ()


def of_lan(spec: dict[str, Any]) -> dict[str, Any]:
    return spec if "adopt" in spec else {"mode": "Isolated", **spec}


def lan(guests: int | None, *waiting: str, on: str = "a", **spec: Any) -> Network:
    """``guests``: that are plugged in; None: there is no status. ``waiting``: fields that wait already."""
    changes = [pending(field, "NeedsRestart") for field in waiting]
    hosts = [{"name": "idle", "guests": 0}, {"name": on, "guests": guests, "changes": changes}]
    return resource(Network, "lan", of_lan(spec), **({"hosts": hosts} if guests is not None else {}))


@pytest.mark.parametrize(
    ("before", "after", "changes", "waits"),
    [
        (lan(1, mtu=1400), {"mtu": 1300}, ["mtu"], ("mtu",)),
        (lan(0, mtu=1400), {"mtu": 1300}, ["mtu"], ()),
        (lan(None, mtu=1400), {"mtu": 1300}, ["mtu"], ()),
        (lan(1, "bridge"), {"mtu": 1300}, ["mtu"], ("bridge", "mtu")),
        (lan(0, "bridge"), {"mtu": 1300}, ["mtu"], ()),
        (lan(1), {"dns": {"hosts": [{"ip": "10.0.0.2", "names": ["a"]}]}}, ["dns.hosts[10.0.0.2]"], ()),
        (lan(1), {"hostSelector": {"a": "b"}}, ["hostSelector"], ()),
        (lan(1, adopt="old"), {"adopt": "new"}, ["adopt"], ()),
    ],
)
async def test_a_change_of_a_network_waits_while_guests_are_plugged_in(
    tmp_path: Path, before: Network, after: dict[str, Any], changes: list[str], waits: tuple[str, ...]
) -> None:
    found = await Written().desk(tmp_path).networks.judge(before, resource(Network, "lan", of_lan(after)))
    assert ([change.field for change in found.changes], found.restart) == (changes, waits)


@pytest.mark.parametrize("kind", ["networks", "disks"])
async def test_what_machines_name_is_not_deleted(tmp_path: Path, kind: str) -> None:
    named = {"nics": [{"name": "n", "networkRef": {"name": "x"}}], "disks": [{"name": "d", "diskRef": {"name": "x"}}]}
    web = resource(VirtualMachine, "web", named)
    shelf = Written(web, resource(Network, "x", of_lan({})), resource(Disk, "x", {"size": "1Gi"}))
    collection: Any = getattr(shelf.desk(tmp_path), kind)
    with pytest.raises(InUse, match="x is in use by VirtualMachine web: delete these first") as refused:
        await collection.delete(await collection.get("x"))
    told = refused.value
    assert (told.users, told.known, told.kind, told.details) == ([web.key], [web.key], collection.kind, {"name": "x"})
    shelf.drop(web.key)
    await collection.delete(await collection.get("x"))
    assert (await collection.get("x")).deleting
