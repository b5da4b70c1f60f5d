"""A run whose QEMU's pid can only be read later is no other run: nothing is told to have started."""

from __future__ import annotations

import pytest

from homeostat.models.machine import VirtualMachineStatus
from homeostat.planner.observed import Observed, same_run, surely_same_run
from homeostat.runtime.machine.happenings import transitions
from tests.unit.world import HOST


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("5", "5-77", True), ("5-77", "5", True), ("5-77", "5-77", True), ("5-77", "5-78", False), ("5", "6-77", False),
     ("5", None, False), (None, None, True)],
)  # fmt: skip
def test_same_run(one: str | None, other: str | None, same: bool) -> None:
    assert same_run(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("5-77", "5-77", True), ("5-3fa9c2e1", "5-3fa9c2e1", True), ("5", "5", False), ("5", "5-77", False), ("5-77", "5-78", False),
     ("", "", False), (None, None, False), ("5-77", None, False)],
)  # fmt: skip
def test_an_id_alone_is_no_certain_name(one: str | None, other: str | None, same: bool) -> None:
    assert surely_same_run(one, other) is same


def test_nothing_started_when_the_pid_becomes_readable() -> None:
    seen = Observed(HOST, None)
    before, after = VirtualMachineStatus(run="5", host="local"), VirtualMachineStatus(run="5-77", host="local")
    assert transitions(before, after, seen, seen) == ([], [])
    began = transitions(before, VirtualMachineStatus(run="6-80", host="local"), seen, seen)[1]
    assert [happening.reason for happening in began] == ["Started"]
