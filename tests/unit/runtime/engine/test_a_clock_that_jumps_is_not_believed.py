"""What goes for good by its time waits until the wall clock has gone evenly with the time since boot."""

from __future__ import annotations

import pytest

from homeostat.runtime.engine.steady import HOLD, SteadyTime


class Clocks:
    def __init__(self) -> None:
        self.boot, self.wall = 100.0, 1_700_000_000.0

    def passes(self, seconds: float, ahead: float = 0.0) -> None:
        self.boot += seconds
        self.wall += seconds + ahead


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def time(clocks: Clocks) -> SteadyTime:
    return SteadyTime(lambda: clocks.wall, lambda: clocks.boot)


def test_a_start_is_followed_by_a_while(time: SteadyTime, clocks: Clocks) -> None:
    assert not time.steady()
    clocks.passes(HOLD - 1)
    assert not time.steady()
    clocks.passes(1)
    assert time.steady()


@pytest.mark.parametrize("ahead", [3 * 86400.0, -3 * 86400.0, 61.0])
def test_and_so_is_a_jump(time: SteadyTime, clocks: Clocks, ahead: float) -> None:
    time.steady()
    clocks.passes(HOLD)
    assert time.steady()
    clocks.passes(60, ahead)
    assert not time.steady()
    clocks.passes(HOLD - 60, -ahead)  # it was put right
    assert not time.steady()
    clocks.passes(HOLD)
    assert time.steady()


def test_a_clock_that_is_put_right_little_by_little_is_believed(time: SteadyTime, clocks: Clocks) -> None:
    time.steady()
    for _ in range(11):
        clocks.passes(60, 0.5)
        time.steady()
    assert time.steady()


def test_what_is_kept_for_less_waits_for_less(time: SteadyTime, clocks: Clocks) -> None:
    assert not time.steady(5.0) and time.steady(0.0)
    clocks.passes(5)
    assert time.steady(5.0) and not time.steady(86400.0)
