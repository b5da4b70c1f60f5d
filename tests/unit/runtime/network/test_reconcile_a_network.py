"""One reconcile of a Network on one host: what is done there, what its status and events say, and when it is looked at again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.host import Host
from homeostat.models.network import Network, NetworkOnHost, NetworkStatus
from homeostat.planner.network import actions as act
from homeostat.planner.network.actions import NetworkAction
from homeostat.planner.network.observed import ObservedNetwork
from homeostat.planner.network.plan import POLL_SECONDS
from homeostat.planner.observed import ObservedDomain
from homeostat.planner.placement import host_finalizer
from homeostat.planner.plan import Stalled
from homeostat.runtime.engine.dependencies import Dependencies
from homeostat.runtime.engine.reconciler import GONE, Next
from homeostat.runtime.network.keeper import NetworkKeeper
from homeostat.runtime.network.reconcile import NETWORKS, NetworkReconciler
from homeostat.runtime.unseen import SaysSo
from tests.unit.machines import machine
from tests.unit.network_world import INSTANCE, NetworkWorld, network
from tests.unit.operating import Shelf
from tests.unit.world import HOST

OTHER = network("other", uid="uid-other", addresses=[{"cidr": "10.9.0.1/24"}])


class NetworkHost:
    """A world of networks as a driver. The action whose type is ``failing`` fails, and what is ``hidden`` cannot be read."""

    def __init__(self, world: NetworkWorld) -> None:
        self.world, self.failing, self.hidden = world, "", False

    @property
    def facts(self) -> Any:
        return self.world.host

    async def networks(self) -> Mapping[str, ObservedNetwork]:
        if self.hidden:
            raise DriverError("the networks cannot be read")
        return self.world.seen().networks

    def domains(self) -> list[ObservedDomain]:
        return []

    async def change_network(self, action: NetworkAction) -> None:
        if type(action).__name__ == self.failing:
            raise DriverError("it broke")
        self.world.apply(action)


class Site:
    """A host with its networks, a store, and the reconciler between them."""

    def __init__(self, *resources: Any, **options: Any) -> None:
        self.world = NetworkWorld()
        self.host, self.shelf, self.rests = NetworkHost(self.world), Shelf(*resources), Dependencies()
        store: Any = self.shelf
        host: Any = self.host
        self.reconciler = NetworkReconciler(store, host, self.rests, INSTANCE, **options)

    async def reconcile(self, wanted: Network) -> Next:
        return await self.reconciler.reconcile(self.now(wanted))

    def now(self, wanted: Network) -> Network:
        found = self.shelf.resources.get(wanted.key)
        return found if isinstance(found, Network) else wanted

    def here(self, wanted: Network) -> NetworkOnHost:
        status = self.now(wanted).status
        assert status is not None
        return next(host for host in status.hosts if host.name == "local")

    @property
    def reasons(self) -> list[str]:
        return [reason for _, reason in self.shelf.told]


def reached(*hosts: str) -> NetworkStatus:
    return NetworkStatus(hosts=tuple(NetworkOnHost(name=host, active=True) for host in hosts))


def with_status(wanted: Network, *hosts: str) -> Network:
    return wanted.model_copy(update={"status": reached(*hosts)})


async def test_it_is_made_and_then_left_alone() -> None:
    lan = network()
    site = Site(with_status(lan, "far"), machine(nics=[{"name": "n", "networkRef": {"name": "lan"}}]))
    assert await site.reconcile(lan) == Next(None)
    assert [type(action).__name__ for action in site.world.done] == ["DefineNetwork", "SetNetworkAutostart", "StartNetwork"]
    status = site.now(lan).status
    assert status is not None and status.machines == 1
    assert [(host.name, host.active) for host in status.hosts] == [("far", True), ("local", True)], "what others wrote stays"
    assert site.reasons == ["Created", "Started"]
    assert await site.reconcile(lan) == Next(None)
    assert len(site.shelf.statuses) == 1 and len(site.world.done) == 3 and site.reasons == ["Created", "Started"]
    here = Key(Host.KIND, "default", "local")
    assert site.rests.resting_on(NETWORKS) == site.rests.resting_on(here) == [lan.key]


async def test_what_cannot_be_looked_at_twice_does_not_count_as_up_here() -> None:
    lan = network()
    site = Site(with_status(lan, "far"))
    reconciler = SaysSo(site.reconciler, site.shelf, site.reconciler.unseen)
    await reconciler.reconcile(site.now(lan))
    site.host.hidden = True
    for active in (True, False, False):
        with pytest.raises(DriverError):
            await reconciler.reconcile(site.now(lan))
        assert site.here(lan).active is active
    status = site.now(lan).status
    assert status is not None and [host.active for host in status.hosts] == [True, False], "what others wrote stays"
    ready = find_condition(status.conditions, "Ready")
    assert ready is not None and (ready.status, ready.message) == ("False", "host local: the networks cannot be read")
    assert len(site.shelf.statuses) == 2, "it is said once"
    site.host.hidden = False
    await reconciler.reconcile(site.now(lan))
    assert site.here(lan).active


async def test_the_first_step_that_fails_ends_it_and_is_told() -> None:
    lan = network()
    site = Site(lan)
    site.host.failing = "SetNetworkAutostart"
    with pytest.raises(DriverError) as failed:
        await site.reconcile(lan)
    assert failed.value.told, "the status says it"
    assert [type(action).__name__ for action in site.world.done] == ["DefineNetwork"]
    here = site.here(lan)
    assert (here.active, here.message) == (False, "it broke") and site.reasons == []
    site.host.failing = ""
    await site.reconcile(lan)
    assert site.here(lan).active and site.reasons == ["Started"]


async def test_what_waits_for_its_guests_is_looked_at_again() -> None:
    lan = network()
    site = Site(lan)
    await site.reconcile(lan)
    site.world.guests["lan"] = ("web",)
    changed = network(mtu=1400, **lan.spec.dump())
    site.shelf.put(changed)
    assert await site.reconcile(changed) == Next(POLL_SECONDS)
    here = site.here(changed)
    assert [change.field for change in here.changes] == ["mtu"] and here.guests == 1
    assert site.reasons[2:] == ["Changed", "RestartRequired"]
    site.world.guests.clear()
    assert await site.reconcile(changed) == Next(None)
    assert site.reasons[-1] == "Restarted" and site.here(changed).changes == ()


async def test_what_is_missing_on_the_host_is_looked_for_again() -> None:
    adopted = network(adopt="lab")
    site = Site(adopted)
    assert await site.reconcile(adopted) == Next(POLL_SECONDS)
    assert site.world.done == [] and site.here(adopted).reason == "NetworkUnknown"
    site.world.host = replace(HOST, reachable=False, error="it is off")
    assert await site.reconcile(adopted) == Next(None)
    assert site.here(adopted).reason == "HostUnreachable" and site.here(adopted).message == "it is off"


async def test_a_rival_leaves_it_to_the_other_operator() -> None:
    lan = network()
    site = Site(lan, rival=lambda: Stalled("OtherOperator", "another one acts here"))
    assert await site.reconcile(lan) == Next(None)
    assert site.world.done == [] and site.here(lan).message == "another one acts here"


async def test_each_step_is_fenced() -> None:
    fenced: list[int] = []
    lan = network()
    site = Site(lan, fence=lambda: fenced.append(len(site.world.done)))
    await site.reconcile(lan)
    assert fenced == [0, 1, 2]


@pytest.mark.parametrize(
    ("spec", "labels", "declared", "there"),
    [
        ({}, None, {}, True),
        ({"hostSelector": {"rack": "7"}}, {"rack": "7", "disk": "ssd"}, {}, True),
        ({"hostSelector": {"rack": "7"}}, {"rack": "8"}, {"rack": "7"}, False),
        ({"hostSelector": {"rack": "7"}}, None, {"rack": "7"}, True),
        ({"hostSelector": {"rack": "7"}}, None, {}, False),
        ({"hostSelector": {"rack": "7"}}, {}, {"rack": "7"}, False),
    ],
)
async def test_only_a_host_with_its_labels_has_it(
    spec: dict[str, Any], labels: dict[str, str] | None, declared: dict[str, str], there: bool
) -> None:
    lan = network(**network().spec.dump(), **spec)
    host = Host.model_validate({"metadata": {"name": "local", "labels": declared}})
    site = Site(with_status(lan, "local"), *([host] if declared else []))
    site.world.host = replace(HOST, labels=labels)
    await site.reconcile(lan)
    status = site.now(lan).status
    assert status is not None and bool(status.hosts) is there and bool(site.world.definitions) is there


@pytest.mark.parametrize(
    ("born", "selector", "adopt", "kept"),
    [
        ("2026-01-02T00:00:00Z", {}, "lab", False),  # it came after
        ("2025-01-01T00:00:00Z", {}, "lab", True),
        ("2025-01-01T00:00:00Z", {"rack": "7"}, "lab", False),  # not on this host
        ("2025-01-01T00:00:00Z", {}, "den", False),
    ],
)
async def test_of_two_that_adopt_one_network_the_earlier_has_it(
    born: str, selector: dict[str, str], adopt: str, kept: bool
) -> None:
    def adopting(name: str, since: str, adopt: str, **spec: Any) -> Network:
        made = network(name, uid=f"uid-{name}", adopt=adopt, **spec)
        return made.model_copy(update={"metadata": made.metadata.model_copy(update={"creation_timestamp": since})})

    mine = adopting("mine", "2026-01-01T00:00:00Z", "lab")
    site = Site(mine, adopting("theirs", born, adopt, **({"hostSelector": selector} if selector else {})))
    await site.reconcile(mine)
    here = site.here(mine)
    assert here.reason == ("NameInUse" if kept else "NetworkUnknown")
    assert ("adopted by default/theirs already" in here.message) is kept


def going(wanted: Network, *finalizers: str) -> Network:
    ending = {"deletion_timestamp": "2026-01-01T00:00:00Z", "finalizers": finalizers}
    return wanted.model_copy(update={"metadata": wanted.metadata.model_copy(update=ending)})


async def test_one_that_is_deleted_goes_with_its_last_user() -> None:
    lan = network()
    site = Site(lan, web := machine(nics=[{"name": "n", "networkRef": {"name": "lan"}}]))
    await site.reconcile(lan)
    site.shelf.put(going(lan))
    assert await site.reconcile(lan) == Next(POLL_SECONDS)
    assert "lan" in site.world.definitions and site.here(lan).reason == "InUse"
    site.shelf.drop(web.key)
    assert await site.reconcile(lan) is GONE
    assert site.shelf.released == [lan.key] and site.world.definitions == {}
    assert site.reasons[-2:] == ["Stopped", "Deleted"]
    assert site.shelf.said[lan.key][-1] == "nothing of it is left on host local"


async def test_an_adopted_one_stays_on_the_host() -> None:
    lab = network("lab")
    site = Site()
    site.world.settle(lab)
    config = next(action.config for action in site.world.done if isinstance(action, act.DefineNetwork))
    site.world.apply(act.DefineNetwork(replace(config, record=None), "", "by others"))
    adopted = going(network("mine", uid="uid-mine", adopt="lab"))
    assert await site.reconcile(adopted) is GONE
    assert "lab" in site.world.definitions and site.shelf.released == [adopted.key]
    assert site.shelf.said[adopted.key][-1] == "the adopted network stays as it is on host local"


async def test_taken_down_it_goes_and_says_why_where_it_does_not() -> None:
    lan = network()
    site = Site(lan, machine(nics=[{"name": "n", "networkRef": {"name": "lan"}}]))
    await site.reconcile(lan)
    site.world.guests["lan"] = ("stranger",)
    assert "guest stranger" in await site.reconciler.take_down(site.now(lan))
    site.world.guests.clear()
    site.host.failing = "UndefineNetwork"
    assert await site.reconciler.take_down(site.now(lan)) == "it broke"
    site.host.failing = ""
    assert await site.reconciler.take_down(site.now(lan)) == "", "machines that name it do not keep it"
    assert site.world.definitions == {} and site.shelf.released == [] and site.now(lan).status == NetworkStatus()
    blocked = Site(lan, rival=lambda: Stalled("OtherOperator", "another one acts here"))
    assert await blocked.reconciler.take_down(lan) == "another one acts here"


async def test_they_are_reconciled_one_after_the_other() -> None:
    lan = network()
    site = Site(lan, OTHER)
    read, inside, most = site.host.networks, 0, 0

    async def slowly() -> Mapping[str, ObservedNetwork]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        return await read()

    site.host.networks = slowly  # type: ignore[method-assign]
    await asyncio.gather(site.reconcile(lan), site.reconcile(OTHER))
    assert most == 1


# On several hosts, each of which reconciles it


def kept(shelf: Shelf, *exist: str) -> NetworkKeeper:
    store: Any = shelf
    return NetworkKeeper(store, lambda key: key in {Key(Host.KIND, "default", host) for host in exist})


def holding(wanted: Network, *hosts: str) -> Network:
    finalizers = tuple(host_finalizer(host) for host in hosts)
    return wanted.model_copy(update={"metadata": wanted.metadata.model_copy(update={"finalizers": finalizers})})


@pytest.mark.parametrize(
    ("holders", "exist", "told", "left"),
    [
        (("a", "b"), ("a", "b"), ("a", "b"), ("a", "b")),
        (("a", "b"), ("a",), ("a", "b"), ("a",)),  # host b was deleted
        (("a",), ("a", "b"), ("a", "b"), ("a",)),  # host b has let go
        ((), ("a",), ("a",), ()),
    ],
)
async def test_its_status_says_what_hosts_that_have_it_say(
    holders: tuple[str, ...], exist: tuple[str, ...], told: tuple[str, ...], left: tuple[str, ...]
) -> None:
    lan = with_status(holding(network(), *holders), *told)
    shelf = Shelf(lan, machine(nics=[{"name": "n", "networkRef": {"name": "lan"}}]))
    assert await kept(shelf, *exist).reconcile(lan) == Next(None)
    status = getattr(shelf.resources[lan.key], "status", None)
    assert status is not None and [host.name for host in status.hosts] == list(left)
    assert bool(shelf.statuses) is (left != told), "what is so already is not written again"
    assert not shelf.statuses or status.machines == 1
    again: Any = shelf.resources[lan.key]
    await kept(shelf, *exist).reconcile(again)
    assert len(shelf.statuses) == (left != told)


@pytest.mark.parametrize(("exist", "gone"), [(("a",), False), ((), True)])
async def test_it_goes_after_the_last_host_has_let_it_go(exist: tuple[str, ...], gone: bool) -> None:
    lan = going(with_status(network(), "a"), host_finalizer("a"))
    shelf = Shelf(lan)
    assert await kept(shelf, *exist).reconcile(lan) == (GONE if gone else Next(POLL_SECONDS))
    assert shelf.released == ([lan.key] if gone else []) and shelf.told == ([(lan.key, "Deleted")] if gone else [])
