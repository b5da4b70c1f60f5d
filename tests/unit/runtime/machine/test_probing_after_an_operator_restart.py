"""A machine that was healthy stays so over a restart of the operator, until its probes fail as often as it takes."""

from __future__ import annotations

from homeostat.models.probe import Probe, Probes, TcpSocket
from homeostat.runtime.machine.probing.attempt import Result
from homeostat.runtime.machine.probing.counting import ProbeCounts

PROBE = Probe(tcp_socket=TcpSocket(port=80), failure_threshold=2)
PROBES = Probes(startup=PROBE, readiness=PROBE)
BAD = Result(False, "refused")


def test_what_was_healthy_begins_as_healthy() -> None:
    tally = ProbeCounts.begin(PROBES, healthy=True)
    health = tally.health(PROBES)
    assert (health.started, health.ready, health.was_ready) == (True, True, True)
    assert tally.due("readiness")
    assert not tally.due("startup")


def test_failures_turn_it_as_ever() -> None:
    tally = ProbeCounts.begin(PROBES, healthy=True).after("readiness", PROBE, BAD, "now")
    assert tally.health(PROBES).ready
    assert not tally.after("readiness", PROBE, BAD, "now").health(PROBES).ready


def test_what_was_not_known_begins_as_not_ready() -> None:
    assert not ProbeCounts.begin(PROBES).health(PROBES).ready
