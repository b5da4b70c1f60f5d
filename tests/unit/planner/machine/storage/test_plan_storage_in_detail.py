"""What is said while images come, which disk grows, and which files a deletion leaves to whoever made them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.planner import actions as act
from homeostat.planner.actions import ImageRef
from homeostat.planner.machine.storage.storage import plan_images
from homeostat.planner.observed import HostFacts, ImagePhase, Observed, ObservedImage, ObservedStorage
from homeostat.planner.plan import Plan, Stalled, Waiting
from tests.unit.driving import Operator
from tests.unit.machines import IMAGE, changed, deleted, machine, running
from tests.unit.world import HOST, World

MIB, GIB = 2**20, 2**30
A, B = ImageRef("https://example.org/a.img"), ImageRef("https://example.org/b.img")
READY = ObservedImage(ImagePhase.READY, "/i/a", "qcow2", GIB)


def planned(a: ObservedImage | None, b: ObservedImage | None = READY, host: HostFacts = HOST) -> tuple[list[str], Any]:
    there = {ref.key: image for ref, image in ((A, a), (B, b)) if image is not None}
    actions, blocker = plan_images((A, B), Observed(host, None, storage=ObservedStorage(images=there)))
    return [action.image.url for action in actions if isinstance(action, act.FetchImage)], blocker


@pytest.mark.parametrize(
    ("image", "fetched", "reason", "said"),
    [
        (None, [A.url], "ImageFetching", "fetching https://example.org/a.img"),
        (ObservedImage(ImagePhase.MISSING), [A.url], "ImageFetching", "fetching https://example.org/a.img"),
        (
            ObservedImage(ImagePhase.FETCHING, fetched=30 * MIB, total=120 * MIB),
            [],
            "ImageFetching",
            "fetching https://example.org/a.img: 25 % of 120 MiB",
        ),
        (
            ObservedImage(ImagePhase.FETCHING, fetched=30 * MIB),
            [],
            "ImageFetching",
            "fetching https://example.org/a.img: 30 MiB so far",
        ),
        (
            ObservedImage(ImagePhase.FETCHING, fetched=512, total=512),
            [],
            "ImageFetching",
            "fetching https://example.org/a.img: 100 % of 1 KiB",
        ),
        (ObservedImage(ImagePhase.FETCHING), [], "ImageFetching", "fetching https://example.org/a.img: 0 KiB so far"),
        (ObservedImage(ImagePhase.FETCHING, error="HTTP 503"), [], "ImageFailed", "HTTP 503"),
        (
            ObservedImage(ImagePhase.FETCHING, error="HTTP 503", fetched=MIB),
            [],
            "ImageFetching",
            "fetching https://example.org/a.img: 1 MiB so far",
        ),
        (ObservedImage(ImagePhase.FAILED, error="HTTP 503"), [], "ImageFailed", "HTTP 503"),
    ],
)
def test_what_is_told_of_an_image_that_is_not_there(
    image: ObservedImage | None, fetched: list[str], reason: str, said: str
) -> None:
    urls, blocker = planned(image)
    assert urls == fetched and isinstance(blocker, Waiting)
    assert (blocker.reason, blocker.message) == (reason, said)


def test_of_several_the_first_is_told_and_all_are_fetched() -> None:
    assert planned(READY) == ([], None)
    urls, blocker = planned(None, None)
    assert urls == [A.url, B.url] and A.url in blocker.message
    for first in (ObservedImage(ImagePhase.FETCHING, fetched=MIB), ObservedImage(ImagePhase.MISSING)):
        for second in (ObservedImage(ImagePhase.FAILED, error="HTTP 503"), ObservedImage(ImagePhase.FETCHING, fetched=2 * MIB)):
            assert A.url in planned(first, second)[1].message
    assert planned(ObservedImage(ImagePhase.FAILED, error="HTTP 503"), None)[1].reason == "ImageFailed"


def test_one_that_can_never_come_stops_the_others() -> None:
    broken = ObservedImage(ImagePhase.FAILED, error="is no image", permanent=True)
    assert planned(None, broken) == ([], Stalled("ImageFailed", "is no image"))


# Disks


def disks(*sizes: str) -> list[dict[str, Any]]:
    return [{"name": name, "size": size} for name, size in zip("abc", sizes, strict=False)]


def growths(plan: Plan) -> list[tuple[str, str | None]]:
    return [(a.path.rpartition("/")[2], a.target) for a in plan.actions if isinstance(a, act.GrowDisk)]


def test_the_disk_that_grows_is_the_one_that_was_asked_for() -> None:
    world, operator, vm = running(disks=disks("1Gi", "1Gi", "1Gi"))
    larger = changed(vm, disks=disks("1Gi", "2Gi", "1Gi"))
    assert growths(operator.plan(larger)) == [("b.qcow2", "vdb")]
    operator.settle(larger)
    assert {path.rpartition("/")[2]: disk.virtual_size for path, disk in world.disks.items()} == {
        "a.qcow2": GIB, "b.qcow2": 2 * GIB, "c.qcow2": GIB
    }  # fmt: skip
    world.destroy()
    assert growths(operator.plan(changed(vm, disks=disks("3Gi", "2Gi", "1Gi"), runStrategy="Halted"))) == [("a.qcow2", None)]


def test_never_changes_no_disk_that_is_in_use_and_says_what_waits() -> None:
    _, operator, vm = running(disks=disks("1Gi"), updatePolicy="Never")
    plan = operator.plan(changed(vm, disks=disks("2Gi")))
    assert growths(plan) == [] and [(c.field, c.disruption.word) for c in plan.pending] == [("disks[a].size", "NeedsRestart")]


def test_without_a_size_a_disk_keeps_the_one_it_has() -> None:
    world, operator, vm = running(disks=[{"name": "root", "image": IMAGE, "size": "3Gi"}])
    plan = operator.settle(changed(vm, disks=[{"name": "root", "image": IMAGE}]))
    assert plan.outcome.reason != "DiskShrink" and growths(plan) == []
    assert {disk.virtual_size for disk in world.disks.values()} == {3 * GIB}


@pytest.mark.parametrize("size", ["1Gi", "1073741825"])
def test_a_size_at_the_image_s_is_enough(size: str) -> None:
    world = World(image_size=GIB)
    plan = Operator(world).settle(machine(disks=[{"name": "root", "image": IMAGE, "size": size}]))
    assert plan.outcome.reason != "DiskTooSmall" and world.starts == 1


# What a deletion leaves


def undefined(operator: Operator) -> tuple[str, ...]:
    return next(a.stays for a in operator.done if isinstance(a, act.UndefineDomain))


@pytest.mark.parametrize("leans", [True, False])
def test_a_file_elsewhere_that_others_put_a_disk_on_is_named_and_stays(leans: bool) -> None:
    world, operator, vm = running(disks=disks("1Gi", "1Gi"))
    world.put_on("b", "/elsewhere/b.img", leans=leans)
    operator.settle(vm)
    operator.done.clear()
    operator.settle(deleted(vm))
    assert undefined(operator) == ("/elsewhere/b.img",)
    assert "/elsewhere/b.img" in world.disks


def test_where_all_is_ours_nothing_stays() -> None:
    _, operator, vm = running(disks=disks("1Gi", "1Gi"), cloudInit={"userData": "#cloud-config\n"})
    operator.settle(deleted(vm))
    assert undefined(operator) == ()


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_a_deletion_stops_where_nobody_knows_which_file_a_disk_is_on(policy: str) -> None:
    world, operator, vm = running(disks=disks("1Gi"), reclaimPolicy=policy)
    world.moved_problem = "the note of moved disks cannot be read: mend or delete it"
    world.destroy()
    world.undefine()
    plan = operator.settle(deleted(vm))
    assert isinstance(plan.outcome, Stalled) and plan.outcome.message == world.moved_problem
    assert world.disks and not world.released


def test_a_machine_without_disks_goes_whatever_that_note_says() -> None:
    world, operator, vm = running(disks=[{"name": "iso", "type": "cdrom"}])
    world.moved_problem = "the note of moved disks cannot be read"
    world.destroy()
    world.undefine()
    operator.settle(deleted(vm))
    assert world.released


def test_the_deletion_is_noted_once_and_first_and_forgotten_where_it_was_undone() -> None:
    world, operator, vm = running(disks=disks("1Gi"))
    world.obedient = False
    plan = operator.plan(deleted(vm))
    assert isinstance(plan.actions[0], act.NoteDeletion)
    operator.reconcile(deleted(vm))
    assert world.noted is not None and '"name":"web"' in world.noted
    assert not any(isinstance(a, act.NoteDeletion) for a in operator.plan(deleted(vm)).actions)
    operator.settle(vm)
    assert world.noted is None
    assert not any(isinstance(a, act.ForgetDeletion) for a in operator.plan(vm).actions)


def test_of_one_that_never_was_no_deletion_is_noted() -> None:
    world = World()
    plan = Operator(world).plan(deleted(machine()))
    assert not any(isinstance(a, act.NoteDeletion) for a in plan.actions)
    away = World(host=replace(HOST, storage_root=""), created=True)
    assert not any(isinstance(a, act.NoteDeletion) for a in Operator(away).plan(deleted(machine())).actions)


def test_a_drive_is_given_its_medium_and_no_file_of_its_own() -> None:
    world, _, _ = running(disks=[{"name": "iso", "type": "cdrom", "image": IMAGE}])
    assert world.disks == {} and world.domain and world.domain.live
    assert [disk.source is not None for disk in world.domain.live.disks] == [True]
