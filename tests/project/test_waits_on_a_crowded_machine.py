"""A deadline of a test counts what the machine had time for: five times as long where something always waits for a processor."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.rig import waiting
from tests.rig.waiting import CROWDED, Patience

LIMIT = 10.0  # seconds


class Machine:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, pressure: Path) -> None:
        self.now, self.waited, self._pressure = 1000.0, 50.0, pressure
        monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(waiting, "PRESSURE", pressure)
        self.passes(0.0)

    def passes(self, seconds: float, crowded: float = 0.0) -> None:
        """Lets time pass, and a share of it in which something waited for a processor."""
        self.now += seconds
        self.waited += seconds * crowded
        some = f"some avg10=1.00 avg60=1.00 avg300=1.00 total={int(self.waited * 1e6)}"
        self._pressure.write_text(f"{some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path / "cpu")


@pytest.mark.parametrize(("crowded", "times"), [(0.0, 1.0), (1.0, CROWDED), (0.5, 1 / 0.6)])
def test_it_ends_later_the_more_waits(machine: Machine, crowded: float, times: float) -> None:
    patience = Patience(LIMIT)
    machine.passes(LIMIT * times - 0.1, crowded)
    assert not patience.over
    machine.passes(0.2, crowded)
    assert patience.over


def test_what_was_waited_before_does_not_count(machine: Machine) -> None:
    machine.passes(500.0, 1.0)
    patience = Patience(LIMIT)
    machine.passes(LIMIT + 0.1)
    assert patience.over


def test_a_machine_that_stood_still_takes_no_time(machine: Machine) -> None:
    patience = Patience(LIMIT)
    machine.passes(100.0)
    patience.stood_still(99.0)
    assert not patience.over
    machine.passes(LIMIT)
    assert patience.over


def test_without_the_account_of_the_kernel_seconds_are_seconds(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PRESSURE", Path("/nowhere"))
    patience = Patience(LIMIT)
    machine.passes(LIMIT + 0.1, 1.0)
    assert patience.over
