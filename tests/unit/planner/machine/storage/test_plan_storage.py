"""Disks and images of one machine: made before it, grown with its spec, never shrunk, replaced or made anew over a loss."""

from __future__ import annotations

from homeostat.planner import actions as act
from homeostat.planner.machine.storage.storage import image_ref
from homeostat.planner.observed import ImagePhase, ObservedImage
from homeostat.planner.plan import Stalled, Waiting
from tests.unit.driving import Operator
from tests.unit.machines import IMAGE, changed, machine, running
from tests.unit.world import GIB, World

ROOT_DISK = {"name": "root", "image": IMAGE}
PATH = "/state/machines/default/web/root.qcow2"


def with_image(phase: ImagePhase, **values: object) -> tuple[World, Operator, object]:
    world, vm = World(), machine(disks=[ROOT_DISK])
    source = vm.spec.disks[0].image
    assert source is not None
    world.images[image_ref(source).key] = ObservedImage(phase, **values)  # type: ignore[arg-type]
    return world, Operator(world), vm


def test_a_missing_image_is_fetched_before_anything_is_defined() -> None:
    world, vm = World(), machine(disks=[ROOT_DISK])
    plan = Operator(world).reconcile(vm)
    assert [type(a) for a in plan.actions] == [act.FetchImage]
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.message == "fetching https://example.org/debian.qcow2"


def test_its_progress_is_told() -> None:
    _, operator, vm = with_image(ImagePhase.FETCHING, fetched=50 * 2**20, total=200 * 2**20)
    plan = operator.plan(vm)  # type: ignore[arg-type]
    assert plan.actions == ()
    assert plan.outcome.message.endswith(": 25 % of 200 MiB")


def test_a_failed_fetch_is_not_asked_for_again_until_the_cache_lets_it() -> None:
    """The cache waits longer after each failure, and then says Missing again."""
    _, operator, vm = with_image(ImagePhase.FAILED, error="the server is down")
    plan = operator.plan(vm)  # type: ignore[arg-type]
    assert plan.actions == ()
    assert plan.outcome == Waiting("ImageFailed", "the server is down", 30)


def test_an_image_that_can_never_come_stalls_with_the_cache_s_own_words() -> None:
    _, operator, vm = with_image(ImagePhase.FAILED, error="404: correct the url", permanent=True)
    plan = operator.plan(vm)  # type: ignore[arg-type]
    assert plan.actions == ()
    assert plan.outcome == Stalled("ImageFailed", "404: correct the url")


def test_a_running_machine_goes_on_while_an_image_is_fetched_again() -> None:
    world, operator, vm = running(disks=[ROOT_DISK])
    world.images.clear()
    assert [type(a) for a in operator.plan(vm).actions] == [act.FetchImage]
    world.destroy()
    assert not any(isinstance(a, act.StartDomain) for a in operator.plan(vm).actions), "its base is not there"


def test_sizes_between_sectors_are_no_shrinking() -> None:
    world, operator, vm = running(disks=[{"name": "root", "size": "1500000001"}])
    plan = operator.settle(vm)
    assert plan.outcome.reason == "InSync"
    assert world.disks[PATH].virtual_size == 1500000256


def test_a_disk_grows_while_the_machine_runs() -> None:
    world, operator, vm = running(disks=[{"name": "root", "size": "1Gi"}])
    operator.settle(changed(vm, disks=[{"name": "root", "size": "2Gi"}]))
    assert [(a.target, a.size) for a in operator.done if isinstance(a, act.GrowDisk)] == [("vda", 2 * GIB)]
    assert world.starts == 1


def test_a_disk_never_shrinks_and_the_machine_goes_on() -> None:
    world, operator, vm = running(disks=[{"name": "root", "size": "2Gi"}])
    plan = operator.settle(changed(vm, disks=[{"name": "root", "size": "1Gi"}]))
    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.message == "disks[root].size: a disk cannot shrink from 2Gi to 1Gi; make the size 2Gi or larger"
    assert [c.disruption.word for c in plan.changes] == ["Forbidden"]
    world.crash()
    operator.settle(changed(vm, disks=[{"name": "root", "size": "1Gi"}]))
    assert world.starts == 2


def test_another_image_does_not_replace_what_is_on_the_disk() -> None:
    world, operator, vm = running(disks=[ROOT_DISK])
    before = dict(world.disks)
    plan = operator.settle(changed(vm, disks=[{"name": "root", "image": {"url": "https://example.org/other.qcow2"}}]))
    assert isinstance(plan.outcome, Stalled)
    assert "give the disk another name" in plan.outcome.message
    assert [c.disruption.word for c in plan.changes] == ["NeedsReplace"]
    assert world.disks == before


def test_a_size_below_the_image_s_says_which_would_do() -> None:
    world, vm = World(), machine(disks=[{**ROOT_DISK, "size": "100Mi"}])
    plan = Operator(world).settle(vm)
    assert plan.outcome == Stalled(
        "DiskTooSmall",
        "disks[root].size is 100Mi, but its image needs 1Gi: make the size at least that, or leave it out",
    )


def test_a_disk_file_that_vanished_is_not_replaced_by_an_empty_one() -> None:
    world, operator, vm = running(disks=[{"name": "root", "size": "1Gi"}])
    del world.disks[PATH]
    world.destroy()
    plan = operator.settle(vm)
    assert PATH not in world.disks and world.starts == 1
    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.message == f"the file {PATH} has vanished: put it back, or delete the machine to start anew"


def test_a_seed_that_vanished_is_written_again() -> None:
    world, operator, vm = running(cloudInit={"userData": "#cloud-config\n"})
    world.seeds.clear()
    operator.settle(vm)
    assert len(world.seeds) == 1


def test_a_changed_seed_is_another_file_and_waits_for_a_boot() -> None:
    world, operator, vm = running(cloudInit={"userData": "#cloud-config\n"})
    before = set(world.seeds)
    plan = operator.settle(changed(vm, cloudInit={"userData": "#cloud-config\nhostname: x\n"}))
    assert before < world.seeds
    assert [c.field for c in plan.pending] == ["cloudInit"]
