"""Kills and pauses: of the operator, its API, libvirtd, and guests."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from benchmarks.soak.acts import act
from benchmarks.soak.desired import VM, Wish
from benchmarks.soak.world import QemuWorld, World
from tests.rig import processes


def _start_later(world: World) -> None:
    world.later("start the operator", world.operator.start)


@act(5, lambda world: world.operator.acting)
def kill_operator(world: World) -> None:
    world.log.operation("kill operator", "kill -9")
    api = world.operator.children()
    world.operator.kill9()
    for pid in api:  # as the end of the service's control group does
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _start_later(world)


@act(1, lambda world: world.operator.acting)
def stop_operator(world: World) -> None:
    world.log.operation("stop operator", "Ctrl-C")
    code = world.operator.stop()
    if code not in (0, 130, -signal.SIGINT):  # the latter two: before it had begun
        world.log.violation(f"an operator that was stopped in order ended with {code}: {world.operator.said()[-300:]}")
    _start_later(world)


@act(3, lambda world: world.operator.acting)
def pause_operator(world: World) -> None:
    world.log.operation("pause operator", "SIGSTOP")
    world.operator.pause()
    world.later("let the operator go on", world.operator.go_on)


@act(3, lambda world: world.libvirtd_up, only="qemu")
def kill_libvirtd(world: World) -> None:
    assert isinstance(world, QemuWorld)
    world.log.operation("kill libvirtd", "kill -9")
    world.rig.kill9()
    world.libvirtd_up = False

    def back() -> None:
        assert isinstance(world, QemuWorld)
        world.rig.start()
        world.libvirtd_up = True

    world.later("start libvirtd", back)


@act(1, lambda world: world.operator.acting, only="qemu")
def kill_api(world: World) -> None:
    children: list[int] = []
    deadline = time.monotonic() + 10
    while not children and time.monotonic() < deadline:  # a new operator starts it after a moment
        children = [pid for pid in world.operator.children() if "homeostat_api" in processes.command_of(pid)]
        time.sleep(0.1)
    world.log.operation("kill API", f"{len(children)} processes")
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def running(world: World) -> list[Wish]:
    """Machines that should run, each to be hit once in a phase."""
    wishes = world.desired.of_kind(VM)
    return [w for w in wishes if w.spec.get("runStrategy", "Always") == "Always" and w.name not in world.struck]


@act(2, running, only="qemu")
def kill_guest(world: World) -> None:
    assert isinstance(world, QemuWorld)
    wish = world.rng.choice(running(world))
    world.struck.add(wish.name)
    world.excuse([wish.name])
    pid = world.pid_of(wish.name)
    world.log.operation("kill guest", f"{wish.name}: kill -9 of its QEMU")
    if pid is not None and f"guest={wish.name}," in processes.command_of(pid):
        os.kill(pid, signal.SIGKILL)
