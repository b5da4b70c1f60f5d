"""A machine is placed where its Disks lie and where its Networks are or can be; a Disk where its source and its machine are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.base import ObjectMeta
from homeostat.models.disk import DiskStatus
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.models.network import Network
from homeostat.planner.placement import (
    CONTRADICTION,
    IMPOSSIBLE,
    SEVERAL_HOSTS,
    Demand,
    Offer,
    choose,
    choose_bound,
    choose_host,
    demand_of_image,
    demand_of_network,
    host_finalizer,
    kept_elsewhere,
)
from homeostat.planner.plan import Stalled, Waiting
from tests.unit.disks import disk

GIB = 2**30
MACHINE = VirtualMachine(metadata=ObjectMeta(name="web"), spec=VirtualMachineSpec())
SSD = VirtualMachine(metadata=ObjectMeta(name="web"), spec=VirtualMachineSpec(host_selector={"disk": "ssd"}))
BUSY, IDLE = Offer("busy", {"disk": "ssd", "rack": "1"}, "", 8 * GIB, 7 * GIB), Offer("idle", {"rack": "2"}, "", 8 * GIB)
OFFERS = [BUSY, IDLE]


def on(host: str, what: str = "Disk data") -> Demand:
    return Demand(what, host=host)


def chosen(machine: VirtualMachine, *named: Demand, offers: list[Offer] = OFFERS, memory: int = GIB) -> str:
    """Returns the host, or the reason."""
    found = choose_host(machine, memory, offers, named)
    return found.name if isinstance(found, Offer) else found.reason


def network(hosts: dict[str, str], **selector: str) -> Network:
    """``hosts``: the reasons that they told."""
    status = {"hosts": [{"name": name, "reason": reason, "message": f"{reason} there"} for name, reason in hosts.items()]}
    spec = {"mode": "Isolated", "hostSelector": selector}
    return Network.model_validate({"metadata": {"name": "lan"}, "spec": spec, "status": status})


@pytest.mark.parametrize(
    ("machine", "named", "expected"),
    [
        (MACHINE, [], "idle"),
        (MACHINE, [on("busy")], "busy"),
        (MACHINE, [on("busy"), on("busy", "Disk more")], "busy"),
        (MACHINE, [on("busy"), on("idle", "Disk more")], SEVERAL_HOSTS),
        (SSD, [on("busy")], "busy"),
        (SSD, [on("idle")], CONTRADICTION),
        (MACHINE, [on("gone")], "HostGone"),
        (MACHINE, [Demand("Network lan", {"rack": "1"})], "busy"),
        (MACHINE, [Demand("Network lan", {"rack": "3"})], "NoHostMatches"),
        (MACHINE, [Demand("Network lan", barred={"idle": "no bridge br0"})], "busy"),
        (MACHINE, [on("idle"), Demand("Network lan", {"rack": "1"})], CONTRADICTION),
        (MACHINE, [on("idle"), Demand("Network lan", barred={"idle": "no bridge br0"})], "HostNotReady"),
        (SSD, [Demand("Network lan", {"rack": "2"})], "NoHostMatches"),
    ],
)
def test_where_a_machine_goes(machine: VirtualMachine, named: list[Demand], expected: str) -> None:
    assert chosen(machine, *named) == expected
    assert chosen(machine, *named[::-1], offers=OFFERS[::-1]) == expected


@pytest.mark.parametrize(
    ("machine", "named", "words"),
    [
        (MACHINE, [on("busy"), on("idle", "Disk more")], ["Disk data is on host busy and Disk more is on host idle", "name "]),
        (SSD, [on("idle")], ["Disk data is on host idle, which lacks the label disk=ssd:", "change the hostSelector"]),
        (MACHINE, [on("gone")], ["Disk data is on host gone, which is no more", "add the host again"]),
        (MACHINE, [Demand("Network lan", {"rack": "3"})], ["lacks the label rack=3, which Network lan asks for"]),
        (MACHINE, [Demand("Network lan", barred={"idle": "no br0", "busy": "x"})], ["idle cannot have Network lan (no br0)"]),
    ],
)
def test_the_sentence_says_what_is_so_and_what_helps(
    machine: VirtualMachine, named: list[Demand], words: tuple[str, ...]
) -> None:
    found = choose_host(machine, GIB, OFFERS, named)
    assert isinstance(found, Waiting | Stalled) and all(word in found.message for word in words), found


@pytest.mark.parametrize(("closed", "memory"), [("is in maintenance", 8 * GIB), ("", GIB)])
def test_it_waits_for_the_one_host_and_goes_to_no_other(closed: str, memory: int) -> None:
    found = choose_host(MACHINE, 2 * GIB, [Offer("a", {}, closed, memory), Offer("b", {}, "", 8 * GIB)], [on("a")])
    assert isinstance(found, Waiting) and found.reason == "HostNotReady"
    assert (closed or "1Gi of memory") in found.message


def test_what_a_deployment_keeps_and_a_disk_elsewhere_contradict() -> None:
    assert isinstance(choose_bound(MACHINE, GIB, OFFERS, "busy", [on("busy")]), Offer)
    found = choose_bound(MACHINE, GIB, OFFERS, "busy", [on("idle")])
    assert isinstance(found, Stalled) and found.reason == SEVERAL_HOSTS and "its deployment keeps" in found.message
    barred = choose_bound(MACHINE, GIB, OFFERS, "busy", [Demand("Network lan", barred={"busy": "no br0"})])
    assert isinstance(barred, Waiting) and "no br0" in barred.message


@pytest.mark.parametrize("reason", [*sorted(IMPOSSIBLE), "Active", "Reconciling", "HostUnreachable", "NetworkUnknown"])
def test_a_host_that_said_it_cannot_have_the_network_is_no_place(reason: str) -> None:
    demand = demand_of_network(network({"idle": reason}, rack="2"))
    assert dict(demand.labels) == {"rack": "2"}
    assert dict(demand.barred) == ({"idle": f"{reason} there"} if reason in IMPOSSIBLE else {})
    assert demand_of_network(network({}).model_copy(update={"status": None})).barred == {}


def test_what_was_uploaded_is_where_it_was_uploaded() -> None:
    found = Image.model_validate({"metadata": {"name": "base"}, "spec": {"source": {"upload": {}, "sha256": "a" * 64}}})
    wanted, by_url = (
        demand_of_image(found),
        Image.model_validate(
            {"metadata": {"name": "base"}, "spec": {"source": {"url": "https://images.example/base.img", "sha256": "a" * 64}}}
        ),
    )
    has, lacks, any_ = Offer("h", {}, uploads=frozenset({"a" * 64})), Offer("l", {}, uploads=frozenset()), Offer("x", {})
    assert wanted.upload == "a" * 64 and demand_of_image(by_url).upload == ""
    assert chosen(MACHINE, wanted, offers=[lacks, has]) == "h" and chosen(MACHINE, wanted, offers=[any_]) == "x"
    none = choose_host(MACHINE, GIB, [lacks], [wanted])
    assert isinstance(none, Waiting) and "l lacks the file of Image base, which was uploaded elsewhere" in none.message
    assert chosen(MACHINE, demand_of_image(by_url), offers=[lacks]) == "l"


def placed(*hosts: str) -> Any:
    one = disk()
    metadata = one.metadata.model_copy(update={"finalizers": tuple(host_finalizer(host) for host in hosts)})
    return one.model_copy(update={"metadata": metadata})


def test_a_disk_is_for_the_machines_of_its_host_only() -> None:
    assert kept_elsewhere(placed("a"), "a") is None
    assert kept_elsewhere(placed("a", "b"), "a") is None  # whatever somebody added
    nowhere, elsewhere = kept_elsewhere(placed(), "a"), kept_elsewhere(placed("b", "a"), "a")
    assert isinstance(nowhere, Waiting) and nowhere.reason == "DiskNotReady"
    assert isinstance(elsewhere, Stalled) and elsewhere.reason == SEVERAL_HOSTS
    assert "Disk data is on host b, and this machine is on host a" in elsewhere.message


def test_a_finalizer_by_hand_makes_no_second_disk() -> None:
    was_on_b = placed("a").model_copy(update={"status": DiskStatus(host="b")})
    found = kept_elsewhere(was_on_b, "a", {"a", "b"}.__contains__)
    assert isinstance(found, Stalled) and found.reason == "OnAnotherHost" and "give it the finalizer of b" in found.message
    assert kept_elsewhere(was_on_b, "a", {"a"}.__contains__) is None, "as after a migration: there is no such host"
    assert kept_elsewhere(placed("a").model_copy(update={"status": DiskStatus(host="a")}), "a", {"a"}.__contains__) is None


labels = st.dictionaries(st.sampled_from("xy"), st.sampled_from("12"))
offers = st.lists(
    st.builds(Offer, st.sampled_from("abc"), labels, st.sampled_from(["", "is closed"]), st.just(8 * GIB), st.integers(0, GIB)),
    unique_by=lambda offer: offer.name,
)
demands = st.lists(
    st.builds(
        Demand,
        st.sampled_from(["Disk d", "Network n"]),
        labels,
        st.sampled_from([None, None, "a", "b"]),
        st.dictionaries(st.sampled_from("abc"), st.just("no")),
    ),
    max_size=3,
)


@given(offers, demands)
def test_a_choice_meets_every_demand_and_is_made_where_one_does(offers: list[Offer], demands: list[Demand]) -> None:
    found = choose(GIB, offers, demands)
    lies = {demand.host for demand in demands if demand.host}
    fitting = [offer for offer in offers if not offer.refuses(GIB, demands) and lies <= {offer.name}]
    if isinstance(found, Offer):
        assert found in fitting
    else:
        assert not fitting and found.message
    assert isinstance(found, Stalled) <= bool(lies)  # where nothing lies anywhere, another host may still come


@pytest.mark.parametrize(("has", "needs", "taken"), [(512, 512, True), (512, 513, False), (0, 513, True)])
def test_all_of_a_hosts_memory_can_be_had_and_where_it_is_not_known_any(has: int, needs: int, taken: bool) -> None:
    assert (Offer("a", {}, memory=has).refusal(MACHINE, needs) == "") is taken
