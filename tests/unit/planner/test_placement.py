"""Which host a machine is placed on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.base import ObjectMeta
from homeostat.models.deployment import MachineTemplate, VirtualMachineDeployment, VirtualMachineDeploymentSpec
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.planner.placement import PLACEMENTS, Offer, choose_bound, choose_host, placements_of
from homeostat.planner.plan import Waiting

GIB = 2**30


def machine(**selector: str) -> VirtualMachine:
    return VirtualMachine(metadata=ObjectMeta(name="db-1"), spec=VirtualMachineSpec(host_selector=selector))


def offer(name: str, promised: int = 0, memory: int = 8 * GIB, closed: str = "", **labels: str) -> Offer:
    return Offer(name, labels, closed, memory, promised)


def test_the_host_whose_memory_is_promised_least_is_chosen() -> None:
    chosen = choose_host(machine(), GIB, [offer("a", 4 * GIB), offer("b", 2 * GIB), offer("c", 3 * GIB)])
    assert isinstance(chosen, Offer) and chosen.name == "b"


def test_shares_count_not_bytes() -> None:
    chosen = choose_host(machine(), GIB, [offer("small", GIB, 4 * GIB), offer("large", 4 * GIB, 64 * GIB)])
    assert isinstance(chosen, Offer) and chosen.name == "large"


def test_more_may_be_promised_than_there_is() -> None:
    assert isinstance(choose_host(machine(), GIB, [offer("a", 100 * GIB)]), Offer)


@pytest.mark.parametrize(
    ("offers", "reason", "said"),
    [
        ([], "NoHosts", "there are no hosts"),
        ([offer("a", closed="is in maintenance")], "NoHostMatches", "a is in maintenance"),
        ([offer("a", zone="west")], "NoHostMatches", "a lacks the label zone=east"),
        ([offer("a", memory=GIB, zone="east")], "NoHostMatches", "a has 1Gi of memory, 2Gi are needed"),
    ],
)
def test_why_there_is_none(offers: list[Offer], reason: str, said: str) -> None:
    chosen = choose_host(machine(**({"zone": "east"} if offers and offers[0].labels else {})), 2 * GIB, offers)
    assert isinstance(chosen, Waiting)
    assert chosen.reason == reason and said in chosen.message


def test_disks_bind_a_machine_to_their_host() -> None:
    offers = [offer("a", 6 * GIB), offer("b")]
    chosen = choose_bound(machine(), GIB, offers, "a")
    assert isinstance(chosen, Offer) and chosen.name == "a"


@pytest.mark.parametrize(
    ("offers", "reason", "said"),
    [
        ([offer("b")], "HostGone", "its disks are on host a, which is no more"),
        ([offer("a", closed="is in maintenance"), offer("b")], "HostNotReady", "which is in maintenance"),
    ],
)
def test_a_bound_machine_waits_for_its_host(offers: list[Offer], reason: str, said: str) -> None:
    chosen = choose_bound(machine(), GIB, offers, "a")
    assert isinstance(chosen, Waiting)
    assert chosen.reason == reason and said in chosen.message


def deployment(note: str | None) -> VirtualMachineDeployment:
    annotations = {} if note is None else {PLACEMENTS: note}
    spec = VirtualMachineDeploymentSpec(template=MachineTemplate())
    return VirtualMachineDeployment(metadata=ObjectMeta(name="db", annotations=annotations), spec=spec)


def test_placements_are_read() -> None:
    assert placements_of(deployment(None)) == {}
    assert placements_of(deployment(json.dumps({"db-1": "a"}))) == {"db-1": "a"}


@pytest.mark.parametrize("note", ["no JSON", "[]", '{"db-1": 1}', "null", "[" * 100_000])
def test_placements_that_cannot_be_read_are_not_passed_over(note: str) -> None:
    with pytest.raises(ValueError):
        placements_of(deployment(note))


names = st.sampled_from("abcdef")
hosts = st.lists(
    st.builds(Offer, names, st.just({}), st.sampled_from(["", "is in maintenance"]), st.just(8 * GIB), st.integers(0, 20 * GIB)),
    unique_by=lambda offer: offer.name,
)


@given(hosts)
def test_the_choice_does_not_depend_on_the_order_and_is_open(offers: list[Offer]) -> None:
    chosen = choose_host(machine(), GIB, offers)
    assert chosen == choose_host(machine(), GIB, offers[::-1])
    if isinstance(chosen, Offer):
        assert not chosen.closed
    else:
        assert all(offer.closed for offer in offers)
