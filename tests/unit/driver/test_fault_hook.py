"""HOMEOSTAT_FAULT kills at exactly the boundary it names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from homeostat.driver.faults import Fault

PROGRAM = """
from homeostat.driver.faults import around
from homeostat.planner.actions import PauseDomain, ResumeDomain
for action in (PauseDomain("u", ""), ResumeDomain("u", ""), PauseDomain("u", "")):
    with around(action):
        print(type(action).__name__, flush=True)
"""


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
    environment = {**os.environ, "HOMEOSTAT_FAULT": fault}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == printed


def test_without_it_nothing_happens() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "HOMEOSTAT_FAULT"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("text", ["sometimes:PauseDomain:1", "before:PauseDomain:0", "before:PauseDomain:x"])
def test_a_misspelt_fault_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="before\\|after"):
        Fault.parse(text)
