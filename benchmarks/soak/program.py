"""The soak as a program: both worlds at once, each in a thread, life after life, until the time is over."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

from benchmarks.soak.acts import all_acts
from benchmarks.soak.life import PHASES, Lived, live
from benchmarks.soak.log import Log
from benchmarks.soak.world import DriverWorld, QemuWorld, World
from tests.rig.guest import GuestImage, build_guest_image
from tests.rig.libvirtd import Libvirtd

CRAMPED_EVERY = 3  # lives: the state of one of them lies on a small file system
STOP = threading.Event()


@dataclass(slots=True)
class Course:
    """What one kind of world went through."""

    log: Log
    make: Callable[[], World]
    lived: list[Lived] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        counts = {name: sum(getattr(one, name) for one in self.lived) for name in ("phases", "looks", "kills")}
        return counts | {"lives": len(self.lived), "operations": dict(sorted(self.log.counts.items()))}


def run(options: argparse.Namespace) -> int:
    """Prints the JSON; 1 where there were violations."""
    with _ended_in_order(), ExitStack() as stack:
        out: TextIO = stack.enter_context(options.log.open("w")) if options.log else sys.stderr
        rig = image = None
        if options.only != "test":
            rig = stack.enter_context(Libvirtd())
            image = build_guest_image(rig.storage)
        found = soak(options, out, rig, image)
    print(json.dumps(found), flush=True)
    return 1 if found["violations"] else 0


def soak(options: argparse.Namespace, out: TextIO, rig: Libvirtd | None, image: GuestImage | None) -> dict[str, Any]:
    """What was done, and what was found. Without a rig the world of real guests is left out."""
    began = time.monotonic()
    courses = _courses(options, out, rig, image, began)
    failures: list[str] = []
    threads = [threading.Thread(target=_go, args=(options, course, began, failures)) for course in courses]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(1.0)  # so that a signal is seen
    if failures:
        raise RuntimeError("the soak itself failed:\n" + "\n".join(failures))
    violations = [one for course in courses for one in course.log.told()]
    return {
        "name": "soak",
        "seed": options.seed,
        "seconds": round(time.monotonic() - began, 1),
        "worlds": {course.log.world: course.told() for course in courses},
        "count": sum(course.log.operations for course in courses),
        "looks": sum(one.looks for course in courses for one in course.lived),
        "kills": sum(one.kills for course in courses for one in course.lived),
        "violations": violations,
    }


def _courses(
    options: argparse.Namespace, out: TextIO, rig: Libvirtd | None, image: GuestImage | None, began: float
) -> list[Course]:
    def log(kind: str) -> Log:
        fleet = f"--guests {options.guests}" if kind == "qemu" else f"--machines {options.machines}"
        acts = f" --acts {options.acts}" if options.acts else ""
        return Log(kind, f"python -m benchmarks soak --seed {options.seed} --only {kind} {fleet}{acts}", out, began)

    courses = []
    if rig is not None and image is not None and options.only != "test":
        mine, here, guest = log("qemu"), rig, image
        courses.append(Course(mine, lambda: QemuWorld(here, guest, mine, options.guests, options.settle)))
    if options.only != "qemu":
        other = log("test")
        courses.append(Course(other, lambda: DriverWorld(other, options.machines, options.settle)))
    return courses


def _go(options: argparse.Namespace, course: Course, began: float, failures: list[str]) -> None:
    acts = all_acts(word.strip() for word in options.acts.split(",") if word.strip())
    life, left = options.life, options.phases or sys.maxsize
    try:
        while time.monotonic() < began + options.seconds and left > 0 and not STOP.is_set():
            course.log.life = life
            world = course.make()
            world.stop = STOP
            if life % CRAMPED_EVERY == 0:
                world.cramp()
            seed = f"{options.seed}/{course.log.world}/{life}"
            lived = live(world, acts, seed, min(left, PHASES), began + options.seconds, options.keep)
            course.lived.append(lived)
            left -= lived.phases
            life += 1
            if lived.phases == 0:
                break
    except BaseException:
        failures.append(f"{course.log.world} {life}.{course.log.phase}: {traceback.format_exc()}")


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM and Ctrl-C end it soon, and without a trace."""

    def stop(number: int, frame: object) -> None:
        STOP.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
