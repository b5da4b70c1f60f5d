"""What must hold at every moment, whatever is done meanwhile: looked at all the time, by a thread of its own."""

from __future__ import annotations

import threading
import traceback

from benchmarks.soak.judge.answers import Answers
from benchmarks.soak.judge.canaries import Canaries
from benchmarks.soak.judge.open_files import Qemu, qemus, run_twice, written_twice
from benchmarks.soak.world import World

INTERVAL = 0.5  # seconds
LAST = 600  # characters of what the operator said last
TRIES = 3  # looks at who answers: one machine may go and another come between two of them


class Looks:
    """No disk is written by two, no machine runs twice, no disk vanishes, no run ends that nothing ended, no operator ends by
    itself. A context manager."""

    def __init__(self, world: World, canaries: Canaries) -> None:
        self._world, self._canaries = world, canaries
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._until_stopped, name=f"looks at {world.kind}")
        self._answers = Answers(world.state)
        self._runs: dict[str, int] = {}
        self._read = 0  # bytes of the operator's output
        self.count = 0

    def __enter__(self) -> Looks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _until_stopped(self) -> None:
        while not self._stop.wait(INTERVAL):
            try:
                self.look()
            except Exception:
                self._world.log.violation(f"the soak's own look failed: {traceback.format_exc()[-400:]}")

    def catch_up(self) -> None:
        """Returns once a look that began after this call has ended: what ended before was judged by what is excused now."""
        seen = self.count + 2
        while self.count < seen and not self._stop.wait(INTERVAL / 2):
            pass

    def look(self) -> None:
        self.count += 1
        world = self._world
        self._canaries.forget(list(world.desired.gone) if world.cramped else list(world.erased & world.desired.gone.keys()))
        for machine in self._canaries.lost():
            world.log.violation(f"data lost: the disk of {machine} is nowhere in the state folder")
        if world.kind == "qemu":
            self._guests(qemus(world.root))
            self._serving()
        self._operator()

    def _guests(self, found: list[Qemu]) -> None:
        world = self._world
        if written_twice(found) and (twice := written_twice(qemus(world.root))):  # one may have taken over from another
            world.log.violation(f"written by two: {'; '.join(twice)}")
        if run_twice(found) and (twice := run_twice(qemus(world.root))):
            world.log.violation(f"runs twice: {', '.join(twice)}")
        runs = {qemu.guest: qemu.pid for qemu in found}
        for machine, pid in self._runs.items():
            if runs.get(machine) != pid and not world.excused(machine):
                world.log.violation(f"power lost: a run of {machine} ended, and nothing was done that may end it")
        self._runs = runs

    def _serving(self) -> None:
        """Invariant 6, by the guests' own answers."""
        world = self._world
        for name, replicas in list(world.serving.items()):
            if any((count := self._answers.count(name)) is None or count >= replicas for _ in range(TRIES)):
                continue
            if world.serving.get(name) == replicas:
                world.log.violation(f"availability: fewer than {replicas} machines of {name} answer")

    def _operator(self) -> None:
        world = self._world
        code = world.operator.ended_by_itself()
        if code is not None and world.operator.said()[-LAST:].count("is not a folder"):
            if world.folder.is_dir():  # its service starts it again
                world.operator.start()
        elif code is not None and not world.full:
            world.log.violation(f"the operator ended by itself with {code}: {world.operator.said()[-400:]}")
        said = world.operator.said()
        fresh, self._read = said[self._read :], len(said)
        if "Traceback (most recent call last)" in fresh or "this is a defect" in fresh:
            world.log.violation(f"the operator shows a traceback: {fresh[-400:]}")
