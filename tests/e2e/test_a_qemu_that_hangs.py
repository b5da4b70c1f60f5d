"""A QEMU that does not answer, in the middle of a change: the machine says so, and its power can be cut."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.e2e.homeostat import Homeostat, idle

GROWN = [{"name": "data", "size": "8Mi"}]
HUNG = 60.0  # seconds; it is taken for hung after a third of that


@pytest.fixture
def hung(town: Homeostat) -> Iterator[Homeostat]:
    """``box`` runs, its QEMU is stopped, and a change waits for it."""
    town.write("box", idle(disks=[{"name": "data", "size": "4Mi"}], shutdown={"gracePeriodSeconds": 3}))
    town.start()
    town.wait_condition("box", "Ready")
    pid = town.qemu_pid("box")
    os.kill(pid, signal.SIGSTOP)
    town.edit("box", lambda spec: spec.update(disks=GROWN))
    yield town
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return


def test_it_says_so_and_goes_on_when_it_answers(hung: Homeostat) -> None:
    told = hung.wait_condition("box", "Ready", "NotAnswering", HUNG, status="False")
    assert "`homeostat stop --force`" in told.message
    os.kill(hung.qemu_pid("box"), signal.SIGCONT)
    hung.wait_condition("box", "Ready", timeout=HUNG)


def test_its_power_can_be_cut(hung: Homeostat) -> None:
    hung.wait_condition("box", "Ready", "NotAnswering", HUNG, status="False")
    print(hung.run("stop", "box", "--force"))
    hung.wait_for(lambda: hung.state_of("box") in ("", "shut off"), "it is off", HUNG)


def test_it_is_off_after_the_grace_period(hung: Homeostat) -> None:
    hung.edit("box", lambda spec: spec.update(runStrategy="Halted"))
    hung.wait_for(lambda: hung.state_of("box") in ("", "shut off"), "it is off", HUNG)
