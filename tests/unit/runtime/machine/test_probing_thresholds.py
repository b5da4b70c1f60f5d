"""How tries add up: thresholds in a row, and startup holding the others back, as in the kubelet."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.probe import Probe, Probes
from homeostat.runtime.machine.probing.attempt import Result
from homeostat.runtime.machine.probing.counting import Count, ProbeCounts

NOW = "2026-01-01T00:00:00Z"
GOOD, BAD = Result(True, "HTTP 200"), Result(False, "HTTP 500")


def probe(**fields: Any) -> Probe:
    return Probe.model_validate({"httpGet": {"port": 80}, **fields})


def follow(probes: Probes, *tries: tuple[str, Result]) -> ProbeCounts:
    tally = ProbeCounts.begin(probes)
    for name, result in tries:
        tally = tally.after(name, getattr(probes, name), result, NOW)
    return tally


def test_readiness_begins_as_not_yet_and_liveness_as_good() -> None:
    probes = Probes(liveness=probe(), readiness=probe())
    health = ProbeCounts.begin(probes).health(probes)
    assert (health.started, health.ready, health.alive, health.was_ready) == (True, False, True, False)


def test_thresholds_count_in_a_row() -> None:
    probes = Probes(readiness=probe(successThreshold=2, failureThreshold=3))
    assert not follow(probes, *[("readiness", r) for r in (GOOD, BAD, GOOD)]).health(probes).ready
    up = [GOOD, GOOD]
    assert follow(probes, *[("readiness", r) for r in up]).health(probes).ready
    assert follow(probes, *[("readiness", r) for r in (*up, BAD, BAD, GOOD, BAD, BAD)]).health(probes).ready
    down = follow(probes, *[("readiness", r) for r in (*up, BAD, BAD, BAD)]).health(probes)
    assert not down.ready and down.was_ready and down.alive and down.message == "HTTP 500"


def test_liveness_kills_at_its_threshold_only() -> None:
    probes = Probes(liveness=probe(failureThreshold=3))
    assert follow(probes, *[("liveness", BAD)] * 2).health(probes).alive
    assert not follow(probes, *[("liveness", BAD)] * 3).health(probes).alive


def test_a_dead_guest_is_not_ready() -> None:
    probes = Probes(liveness=probe(failureThreshold=1), readiness=probe())
    assert not follow(probes, ("readiness", GOOD), ("liveness", BAD)).health(probes).ready


def test_startup_holds_the_others_back() -> None:
    probes = Probes(startup=probe(failureThreshold=30), liveness=probe(), readiness=probe())
    tally = ProbeCounts.begin(probes)
    assert tally.due("startup") and not tally.due("liveness") and not tally.due("readiness")
    tally = tally.after("startup", probe(failureThreshold=30), BAD, NOW)
    health = tally.health(probes)
    assert (health.started, health.ready, health.alive) == (False, False, True)
    tally = tally.after("startup", probe(failureThreshold=30), GOOD, NOW)
    assert not tally.due("startup") and tally.due("liveness") and tally.due("readiness")
    assert tally.health(probes).started and not tally.health(probes).ready


def test_startup_alone_makes_ready() -> None:
    probes = Probes(startup=probe())
    health = follow(probes, ("startup", GOOD)).health(probes)
    assert health.started and health.ready and health.alive


def test_a_startup_that_is_used_up_is_a_death() -> None:
    probes = Probes(startup=probe(failureThreshold=2))
    assert follow(probes, ("startup", BAD)).health(probes).alive
    dead = follow(probes, ("startup", BAD), ("startup", BAD)).health(probes)
    assert not dead.alive and not dead.started and not dead.ready


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 4), st.integers(1, 4))
def test_a_count_turns_only_after_so_many_in_a_row(tries: list[bool], up: int, down: int) -> None:
    asked, count = probe(successThreshold=up, failureThreshold=down), Count(False)
    for index, ok in enumerate(tries):
        before, count = count, count.after(asked, GOOD if ok else BAD)
        if count.healthy != before.healthy:
            needed = up if count.healthy else down
            assert tries[: index + 1][-needed:] == [count.healthy] * needed
        if len(tries[: index + 1]) >= up and all(tries[: index + 1][-up:]):
            assert count.healthy
