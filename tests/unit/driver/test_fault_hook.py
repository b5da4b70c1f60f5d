"""HOMEOSTAT_FAULT kills at exactly the boundary it names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from homeostat.driver import faults
from homeostat.driver.faults import Fault
from homeostat.planner.actions import PauseDomain, ResumeDomain

ROOT = Path(__file__).resolve().parents[3]

ACTIONS = (PauseDomain("u", ""), ResumeDomain("u", ""), PauseDomain("u", ""))
PROGRAM = "from tests.unit.driver.test_fault_hook import carry_out; carry_out()"


def carry_out() -> None:
    """Prints each action between its two boundaries."""
    for action in ACTIONS:
        with faults.around(action):
            os.write(1, f"{type(action).__name__}\n".encode())


@pytest.mark.parametrize(
    ("fault", "printed"),
    [
        ("before:PauseDomain:1", []),
        ("after:PauseDomain:1", ["PauseDomain"]),
        ("before:PauseDomain:2", ["PauseDomain", "ResumeDomain"]),
        ("after:PauseDomain:2", ["PauseDomain", "ResumeDomain", "PauseDomain"]),
    ],
)
def test_killed_there(fault: str, printed: list[str]) -> None:
    assert carried_out(Fault.parse(fault)) == (-signal.SIGKILL, printed)


def test_without_it_nothing_happens() -> None:
    assert carried_out(None) == (0, ["PauseDomain", "ResumeDomain", "PauseDomain"])


def carried_out(fault: Fault | None) -> tuple[int, list[str]]:
    """Returns how a fork of this process ends, and what it prints."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(writing, 1)
            faults._fault = fault
            carry_out()
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as output:
        return os.waitstatus_to_exitcode(status), output.read().split()


def test_it_is_read_from_the_environment() -> None:
    environment = {**os.environ, "HOMEOSTAT_FAULT": "before:PauseDomain:2"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (-signal.SIGKILL, ["PauseDomain", "ResumeDomain"])


@pytest.mark.parametrize("text", ["sometimes:PauseDomain:1", "before:PauseDomain:0", "before:PauseDomain:x"])
def test_a_misspelt_fault_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="before\\|after"):
        Fault.parse(text)
