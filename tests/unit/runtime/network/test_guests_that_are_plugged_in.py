"""The running domains that are plugged into a network keep it: as they run, not as they are defined."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.planner.domain import DomainConfig, NicConfig
from homeostat.planner.observed import DomainState, ObservedDomain
from homeostat.runtime.network.users import guests_by_network
from tests.unit.configs import PLAIN

LAN = NicConfig("lan", "network", "lan", "52:54:00:00:00:01", "virtio")
ON, OFF = replace(PLAIN, nics=(replace(LAN, source="other"), LAN)), replace(PLAIN, nics=())


class Host:
    def __init__(self, *domains: ObservedDomain) -> None:
        self._domains = domains

    def domains(self) -> tuple[ObservedDomain, ...]:
        return self._domains


def domain(live: DomainConfig | None, state: DomainState = DomainState.RUNNING) -> ObservedDomain:
    return ObservedDomain("web", "uuid", state, "booted", True, False, False, None, ON, live)


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        (domain(ON), True),
        (domain(ON, DomainState.PAUSED), True),
        (domain(ON, DomainState.SHUTOFF), False),
        (domain(None), False),
        (domain(OFF), False),
        (domain(replace(OFF, nics=(replace(LAN, kind="bridge"),))), False),
        (domain(replace(OFF, nics=(replace(LAN, source="other"),))), False),
    ],
)
def test_what_counts(found: ObservedDomain, counts: bool) -> None:
    host: Any = Host(found)
    assert guests_by_network(host).get("lan", ()) == (("web",) if counts else ())
