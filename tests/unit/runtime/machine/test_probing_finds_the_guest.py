"""Where a probe looks for a port of a guest: at a forward of it, else at an address of a card on a network, else nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.planner.observed import ObservedDomain
from homeostat.runtime.machine.probing.attempt import Endpoint
from homeostat.runtime.machine.probing.guest import DomainGuest
from tests.unit.machines import machine, running
from tests.unit.operating import WorldHost


def forward(port: int, protocol: str = "TCP", address: str = "127.0.0.1") -> dict[str, object]:
    return {"hostPort": port + 8000, "guestPort": port, "protocol": protocol, "hostAddress": address}


NICS = [
    {"name": "own", "user": {"forwards": [forward(53, "UDP"), forward(80), forward(81, address="0.0.0.0")]}},
    {"name": "lan", "network": "default"},
    {"name": "wan", "bridge": "br0"},
]  # fmt: skip


def guest(told: dict[str, list[str]]) -> tuple[DomainGuest, ObservedDomain]:
    """``told``: addresses by nic."""
    world, operator, vm = running(**machine(nics=NICS).dump()["spec"])
    domain, host = world.observe(vm, operator.memory).domain, WorldHost(world)
    assert domain is not None and domain.live is not None
    macs = {nic.name: nic.mac for nic in domain.live.nics}
    host.seen_at = {macs[nic]: [(ip, "Lease") for ip in ips] for nic, ips in told.items()}
    return DomainGuest(host, domain.uuid), domain  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("port", "endpoint"),
    [
        (80, Endpoint("127.0.0.1", 8080, relayed=True)),
        (81, Endpoint("127.0.0.1", 8081, relayed=True)),
        (53, Endpoint("10.0.0.7", 53)),  # of UDP no probe tells anything
        (443, Endpoint("10.0.0.7", 443)),
    ],
)
def test_forwards_come_first(port: int, endpoint: Endpoint) -> None:
    found, _ = guest({"lan": ["10.0.0.7", "10.0.0.8"], "wan": ["10.0.1.7"], "own": ["10.0.2.15"]})
    assert found.locate(port) == endpoint


def test_another_card_counts_where_the_first_has_none_and_what_nobody_reaches_does_not() -> None:
    assert guest({"wan": ["10.0.1.7"]})[0].locate(443) == Endpoint("10.0.1.7", 443)
    assert guest({"own": ["10.0.2.15"]})[0].locate(443) is guest({})[0].locate(443) is None


def test_one_that_is_gone_or_off_is_nowhere() -> None:
    found, domain = guest({"lan": ["10.0.0.7"]})
    host = WorldHost()
    for known in (None, replace(domain, live=None)):
        host.domain = lambda uuid, known=known: known  # type: ignore[method-assign, assignment, misc]
        assert DomainGuest(host, domain.uuid).locate(80) is None  # type: ignore[arg-type]
    assert found.can_be_asked()
