"""A machine that runs is not restarted while it could not start again: what still runs is worth more than what is off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from homeostat.planner import actions as act
from homeostat.planner.allowed import Allowed
from homeostat.planner.machine import plan_machine
from homeostat.planner.observed import ImagePhase, ObservedImage, ProbedHealth
from homeostat.planner.plan import Converged, Plan
from tests.unit.acting_host import HOST
from tests.unit.driving import Operator
from tests.unit.machines import IMAGE, changed, machine, running
from tests.unit.world import World

DISKS = [{"name": "root", "image": IMAGE}]
SICK = ProbedHealth(started=True, ready=False, alive=False, was_ready=True, message="HTTP 500")
NOW = "2026-01-01T00:00:00Z"


def image_gone(world: World) -> None:
    world.images.clear()


def image_changed(world: World) -> None:
    failed = ObservedImage(ImagePhase.FAILED, error="it has other contents now", permanent=True, changed=True)
    world.images = dict.fromkeys(world.images, failed)


def disk_gone(world: World) -> None:
    """Only the QEMU that has it open can still read it."""
    world.disks.clear()


GONE = [(image_gone, "ImageFetching"), (image_changed, "ImageChanged"), (disk_gone, "DiskMissing")]


def runs_on(plan: Plan, reason: str) -> bool:
    ends = any(isinstance(action, act.ShutdownDomain | act.PowerOffDomain) for action in plan.actions)
    said = plan.outcome.message.startswith("it runs on, and is restarted once it can start: ")
    return not ends and said and plan.outcome.reason == reason


@pytest.mark.parametrize(("lose", "reason"), GONE)
def test_that_was_asked_for(lose: Callable[[World], None], reason: str) -> None:
    world, operator, vm = running(disks=DISKS)
    lose(world)
    plan = operator.reconcile(changed(vm, restartedAt=NOW))
    assert runs_on(plan, reason), plan
    assert world.domain is not None and world.domain.active and world.starts == 1


def test_whose_shared_folder_has_gone() -> None:
    share = {"name": "share", "path": "/srv/share"}
    world = World(host=replace(HOST, allowed=Allowed(folders=("/srv/share",))))
    operator, vm = Operator(world), machine(filesystems=[share])
    operator.settle(vm)
    world.lost_folders.add("/srv/share")
    plan = operator.reconcile(changed(vm, restartedAt=NOW))
    assert runs_on(plan, "FolderMissing") and "host local has no folder /srv/share now" in plan.outcome.message
    world.lost_folders.clear()
    operator.settle(changed(vm, restartedAt=NOW))
    assert world.starts == 2


@pytest.mark.parametrize(("lose", "reason"), GONE)
def test_whose_liveness_probe_fails(lose: Callable[[World], None], reason: str) -> None:
    world, operator, vm = running(disks=DISKS)
    lose(world)
    plan = plan_machine(vm, replace(world.observe(vm, operator.memory), health=SICK), operator.now)
    assert runs_on(plan, reason), plan


def test_it_is_once_the_image_is_there_again() -> None:
    world, operator, vm = running(disks=DISKS)
    image_gone(world)
    assert isinstance(operator.settle(changed(vm, restartedAt=NOW)).outcome, Converged)
    assert world.starts == 2


@pytest.mark.parametrize(("lose", "reason"), GONE)
def test_one_that_is_to_be_off_goes_off(lose: Callable[[World], None], reason: str) -> None:
    world, operator, vm = running(disks=DISKS)
    lose(world)
    operator.settle(changed(vm, runStrategy="Halted"))
    assert any(isinstance(action, act.ShutdownDomain) for action in operator.done)
    assert world.domain is not None and not world.domain.active
