"""One life of a world: it is made, goes through some phases, and ends: early at a violation, as what follows would be an echo."""

from __future__ import annotations

import random
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak.acts import Act, choose
from benchmarks.soak.judge.canaries import Canaries
from benchmarks.soak.judge.looks import Looks
from benchmarks.soak.judge.settled import Judge
from benchmarks.soak.world import World

PHASES = 8  # of one life
OPERATIONS = (3, 8)  # of one phase
UNDO = 0.4  # how often something is put right after an operation


@dataclass(slots=True)
class Lived:
    """What it came to."""

    phases: int = 0
    looks: int = 0
    kills: int = 0


def live(world: World, acts: list[Act], seed: str, phases: int, until: float, keep: Path | None = None) -> Lived:
    """At most so many phases, none of which begins after ``until`` (monotonic)."""
    lived, canaries = Lived(), Canaries(world.state)
    judge = Judge(world, canaries)
    world.settle_first = judge.settle
    try:
        with Looks(world, canaries) as looks:
            world.log.phase = 0
            world.begin()
            if judge.settle():
                judge.judge()
            while not world.log.spoilt and lived.phases < phases and time.monotonic() < until and not world.stop.is_set():
                lived.phases += 1
                world.log.phase = lived.phases
                world.rng = random.Random(f"{seed}/{lived.phases}")
                _phase(world, acts)
                if judge.settle():
                    judge.judge()
                looks.catch_up()
                world.excuses.clear()  # what ends from now on was not done in this phase
                world.struck.clear()
                world.restarted.clear()
                world.excused_at.clear()
                world.began = time.time()
        lived.looks, lived.kills = looks.count, world.operator.kills
        if world.log.spoilt and keep is not None:
            _keep(world, keep / f"{world.kind}-{world.log.life}")
    finally:
        world.close()
    return lived


def _phase(world: World, acts: list[Act]) -> None:
    for _ in range(world.rng.randint(*OPERATIONS)):
        if one := choose(world, acts):
            one.carry_out(world)
        world.hold()
        if world.pending and world.rng.random() < UNDO:
            world.undo(world.rng.randrange(len(world.pending)))
    while world.pending:
        world.undo(world.rng.randrange(len(world.pending)))


def _keep(world: World, place: Path) -> None:
    """For who looks for the cause."""
    place.mkdir(parents=True, exist_ok=True)
    for path in (world.operator.output, *world.state.glob("index.sqlite*")):
        with suppress(OSError):
            shutil.copy(path, place)
    shutil.copytree(world.folder, place / "vms", dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("*.fifo"))
