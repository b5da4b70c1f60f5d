"""The soak over an operator that is made to break what it must not break: it says so, and how to do it again."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from io import StringIO

import pytest

from benchmarks.soak.acts import Act
from benchmarks.soak.judge.settled import DEADLINE
from benchmarks.soak.life import live
from benchmarks.soak.log import Log
from benchmarks.soak.program import soak
from benchmarks.soak.world import DriverWorld, World


def _delete_a_disk(world: World) -> None:
    path = world.state / "machines" / "default" / "m-1" / "data.qcow2"
    path.unlink()


def _exchange_a_disk(world: World) -> None:
    path = world.state / "machines" / "default" / "m-2" / "data.qcow2"
    content = path.read_bytes()
    path.rename(world.root / "taken-away")
    path.write_bytes(content)


def _end_the_operator(world: World) -> None:
    os.kill(world.operator.pid, 9)


def _edit_unseen(world: World) -> None:
    """The soak believes that it wrote another spec."""
    world.desired.wishes["m-1"].spec["runStrategy"] = "Halted"


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (_delete_a_disk, "data lost: the disk of m-1 is nowhere"),
        (_exchange_a_disk, "data lost: the disk of m-2"),
        (_end_the_operator, "the operator ended by itself with -9"),
        (_edit_unseen, "not settled within 2 s: m-1 is Running"),
    ],
)
def test_it_reports(act: Callable[[World], None], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.soak.life.OPERATIONS", (1, 1))
    monkeypatch.setattr("benchmarks.soak.judge.settled.REST", 0.5)

    def break_it(world: World) -> None:
        monkeypatch.setitem(DEADLINE, "test", 2.0)  # before, the operator starts
        act(world)

    log = Log("test", "python -m benchmarks soak --seed 1", StringIO())
    world = DriverWorld(log, 6, 0.5)
    live(world, [Act("break it", 1, lambda world: True, break_it)], "1", 1, time.monotonic() + 60)
    assert any(told in violation.what for violation in log.violations), log.violations
    assert all(violation.replay.endswith("--life 0 --phases 1") for violation in log.violations)
    assert not world.root.exists()


def test_it_counts_what_it_did() -> None:
    options = argparse.Namespace(
        seconds=60, seed=7, phases=1, life=1, guests=1, machines=6, only="test", acts="label,memory", settle=0.5, keep=None
    )
    out = StringIO()
    found = soak(options, out, None, None)
    assert found["violations"] == []
    done = sum(found["worlds"]["test"]["operations"].values())
    assert done == found["count"] == len([line for line in out.getvalue().splitlines() if line]) > 2
