"""What is done about one Disk: it is made once, grows, and is never made into another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.models.disk import Disk, DiskStatus
from homeostat.planner.actions import CopyDisk, CreateDisk, FetchImage, GrowDisk, LabelDisk, TakeBack
from homeostat.planner.disk import plan_disk
from homeostat.planner.disk.foresee import foresee_disk
from homeostat.planner.disk.make import label_of
from homeostat.planner.disk.observed import Copying, DiskHolder, DiskSeen
from homeostat.planner.domain import BackingFile, MovedDisk
from homeostat.planner.files.disk_file import read_disk_label, write_disk_label
from homeostat.planner.files.trash import TrashedDisk, TrashEntry
from homeostat.planner.observed import ImagePhase, ObservedDisk, ObservedImage, ObservedStorage
from homeostat.planner.plan import Converged, Disruption, Stalled, Waiting
from tests.unit.disks import GIB, HOST, PATH, disk, nothing, there

IMAGE = {"url": "https://example.org/debian.qcow2"}
RUNS = DiskHolder("web", "u", True, source=PATH, target="vdb")
OFF = DiskHolder("web", "u", False, source=PATH)


def kinds(seen: DiskSeen, **spec: Any) -> list[str]:
    return [type(action).__name__ for action in plan_disk(disk(**spec), seen).actions]


def test_a_blank_one_is_labelled_before_it_is_made_and_when_it_is_complete() -> None:
    plan, seen = foresee_disk(disk(size="1Gi"), nothing(), {})
    first, made, last = plan.actions
    assert isinstance(first, LabelDisk) and not first.label.made
    assert isinstance(made, CreateDisk) and (made.path, made.size, made.backing) == (PATH, GIB, None)
    assert isinstance(last, LabelDisk) and last.label.made
    assert isinstance(plan.outcome, Converged) and seen.named.file is not None


def test_killed_after_the_file_was_made_only_the_label_is_completed() -> None:
    of = disk(size="1Gi")
    label = label_of(of, None, made=False)
    seen = there(of)
    assert seen.named.file is not None
    seen = replace(seen, named=replace(seen.named, file=replace(seen.named.file, label=label), label=label))
    assert [type(action) for action in plan_disk(of, seen).actions] == [LabelDisk]


def test_one_on_an_image_waits_for_it_and_names_it_in_its_label() -> None:
    of = disk(source={"image": IMAGE})
    seen = nothing(image=of.spec.source.image if of.spec.source else None)
    assert [type(action) for action in plan_disk(of, seen).actions] == [FetchImage]
    plan, seen = foresee_disk(of, seen, {f"{IMAGE['url']}##": ObservedImage(ImagePhase.READY, "/state/images/x", "qcow2", GIB)})
    made = next(action for action in plan.actions if isinstance(action, CreateDisk))
    assert (made.backing, made.size) == ("/state/images/x", None)
    assert made.label is not None and made.label.base == BackingFile("/state/images/x", "qcow2")
    assert isinstance(plan.outcome, Converged)


@pytest.mark.parametrize("format", ["raw", "vmdk"])
def test_only_a_qcow2_leans_on_an_image(format: str) -> None:
    of = disk(format=format, size="2Gi", source={"image": IMAGE})
    found = ObservedImage(ImagePhase.READY, "/state/images/x", "qcow2", GIB)
    storage = ObservedStorage(images={f"{IMAGE['url']}##": found})
    plan = plan_disk(of, nothing(image=of.spec.source.image if of.spec.source else None, storage=storage))
    copy = plan.actions[-1]
    assert isinstance(copy, CopyDisk) and (copy.source, copy.size, copy.label.format) == ("/state/images/x", 2 * GIB, format)
    assert copy.label.base is None


def test_a_copy_waits_while_somebody_writes_to_its_source_and_goes_on_by_itself() -> None:
    of = disk(source={"diskRef": {"name": "other"}})
    busy = Waiting("SourceInUse", "machine web runs with it")
    assert plan_disk(of, nothing(origin_problem=busy)).outcome == busy
    origin = ObservedDisk("/state/disks/default/other/disk.img", GIB, None)
    assert kinds(nothing(origin=origin), source={"diskRef": {"name": "other"}}) == ["LabelDisk", "CopyDisk"]
    going = plan_disk(of, nothing(origin=origin, copy=Copying(2**20)))
    assert (going.actions, going.outcome.reason) == ((), "Copying")
    failed = plan_disk(of, nothing(origin=origin, copy=Copying(error="no space is left")))
    assert failed.outcome == Waiting("CopyFailed", "no space is left", 30.0)
    assert isinstance(plan_disk(of, nothing(copy=Copying(error="no", refused=True))).outcome, Stalled)


@pytest.mark.parametrize(
    ("now", "field"),
    [
        ({"size": "1Gi", "format": "raw"}, "format"),
        ({"size": "1Gi", "source": {"image": IMAGE}}, "source"),
        ({"size": "1Gi", "source": {"diskRef": {"name": "x"}}}, "source"),
    ],
)
def test_it_never_becomes_another_one(now: dict[str, Any], field: str) -> None:
    plan = plan_disk(disk(**now), there(disk(size="1Gi")))
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "ForbiddenChange"
    assert [(change.field, change.disruption) for change in plan.changes] == [(field, Disruption.FORBIDDEN)]
    assert not plan.actions and "make another Disk" in plan.outcome.message


def test_a_smaller_size_is_refused() -> None:
    plan = plan_disk(disk(size="1Gi"), there(disk(), 2 * GIB))
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskShrink" and not plan.actions


def test_it_grows_by_itself_where_no_guest_has_it_and_through_libvirt_where_one_does() -> None:
    (grow,) = plan_disk(disk(size="2Gi"), there(disk())).actions
    assert isinstance(grow, GrowDisk) and (grow.path, grow.size, grow.target) == (PATH, 2 * GIB, None)
    assert plan_disk(disk(size="2Gi"), there(disk(), holder=OFF)).actions == (grow,)
    (live,) = plan_disk(disk(size="2Gi"), there(disk(), holder=RUNS)).actions
    assert isinstance(live, GrowDisk) and (live.uuid, live.target) == ("u", "vdb")


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"holder": replace(RUNS, stays="machine web is suspended")}, "suspended"),
        ({"holder": replace(RUNS, target="")}, "next start"),
        ({"holder": replace(OFF, saved=True)}, "saved"),
        ({"holder": replace(RUNS, source="/backup/data.snap")}, "/backup/data.snap"),
        ({"storage": ObservedStorage(moved=(MovedDisk(PATH, "/backup/x", "qcow2"),))}, "/backup/x"),
    ],
)
def test_growth_waits_and_says_for_whom(seen: dict[str, Any], said: str) -> None:
    plan = plan_disk(disk(size="2Gi"), there(disk(), **seen))
    assert not plan.actions and [change.field for change in plan.pending] == ["size"]
    assert plan.outcome.reason == "GrowthWaits" and said in plan.outcome.message


def test_growth_waits_for_a_copy() -> None:
    plan = plan_disk(disk(size="2Gi"), there(disk(), busy="Disk x is copied from it"))
    assert (plan.actions, plan.outcome.reason) == ((), "Busy")


def test_a_vmdk_does_not_grow() -> None:
    of = disk(size="1Gi", format="vmdk")
    plan = plan_disk(disk(size="2Gi", format="vmdk"), there(of))
    assert isinstance(plan.outcome, Stalled) and "QEMU cannot grow a vmdk" in plan.outcome.message


def test_a_file_that_has_vanished_is_not_made_anew() -> None:
    of = disk()
    seen = there(of)
    gone = replace(seen, named=replace(seen.named, file=None))
    assert plan_disk(of, gone).outcome.reason == "DiskMissing" and not plan_disk(of, gone).actions
    assert plan_disk(of, nothing(holder=OFF)).outcome.reason == "DiskMissing"


def with_status(of: Disk, **status: Any) -> Disk:
    return of.model_copy(update={"status": DiskStatus.model_validate(status)})


def test_one_whose_folder_has_vanished_is_not_made_anew() -> None:
    """As where its file system is not mounted. What was said of it stays until somebody deletes it."""
    was = with_status(disk(), host=nothing().host.name, path=PATH)
    plan = plan_disk(was, nothing())
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "DiskMissing" and not plan.actions
    assert "is its file system mounted?" in plan.outcome.message
    ready = {"type": "Ready", "status": "False", "reason": "DiskMissing", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    assert plan_disk(with_status(disk(), conditions=[ready]), nothing()).outcome.reason == "DiskMissing"
    waits = {**ready, "reason": "Creating"}
    assert plan_disk(with_status(disk(), conditions=[waits]), nothing()).actions, "it was never there"


def test_a_header_that_names_a_file_of_the_host_is_not_opened() -> None:
    of, seen = disk(size="2Gi"), there(disk())
    assert seen.named.file is not None
    forged = replace(seen, named=replace(seen.named, file=replace(seen.named.file, backing="/etc/shadow")))
    plan = plan_disk(of, forged)
    assert (plan.actions, plan.outcome.reason) == ((), "DiskHeaderAltered")


def trashed(**label: Any) -> ObservedStorage:
    of = disk(**label)
    kept = TrashedDisk("data", PATH, 1, GIB, None, "/backup/data.snap", "qcow2")
    entry = TrashEntry(
        "e", "default", "data", "uid-data", "deleted", "2026", "", True, disks=(kept,), label=label_of(of, None, made=True)
    )
    return ObservedStorage(trash=(entry,))


def test_what_comes_back_has_its_data_and_where_others_put_it() -> None:
    (back,) = plan_disk(disk(), nothing(storage=trashed())).actions
    assert isinstance(back, TakeBack) and (back.entry, back.path) == ("e", PATH)
    assert back.moved == MovedDisk(PATH, "/backup/data.snap", "qcow2")
    assert back.label == label_of(disk(), None, made=True)


@pytest.mark.parametrize("now", [{"size": "1Gi", "format": "raw"}, {"size": "512Mi"}, {"source": {"image": IMAGE}}])
def test_what_comes_back_otherwise_stays_in_the_trash_and_no_new_one_is_made(now: dict[str, Any]) -> None:
    plan = plan_disk(disk(**now), nothing(storage=trashed()))
    assert isinstance(plan.outcome, Stalled) and plan.outcome.reason == "StaysInTrash" and not plan.actions


def test_a_selector_that_the_host_does_not_meet_lets_it_wait_and_moves_none_that_is_there() -> None:
    of = disk(size="1Gi", hostSelector={"zone": "b"})
    host = replace(HOST, labels={"zone": "a"})
    assert plan_disk(of, replace(nothing(), host=host)).outcome.reason == "NoHostMatches"
    assert isinstance(plan_disk(of, replace(there(of), host=host)).outcome, Converged)
    assert plan_disk(disk(size="1Gi", hostSelector={"zone": "a"}), replace(nothing(), host=host)).actions


def test_one_whose_host_is_away_says_so() -> None:
    away = replace(nothing(), host=replace(HOST, reachable=False, error="no libvirt"))
    assert plan_disk(disk(), away).outcome == Waiting("HostUnreachable", "no libvirt")
    assert not plan_disk(disk(deleting=True), away).actions


_SPECS = st.fixed_dictionaries(
    {"size": st.sampled_from(["1Mi", "1Gi", "1500000001"])}, optional={"format": st.sampled_from(["qcow2", "raw", "vmdk"])}
)


@given(_SPECS)
def test_what_was_made_is_as_it_should_be(spec: dict[str, Any]) -> None:
    of = disk(**spec)
    plan, seen = foresee_disk(of, nothing(), {})
    assert isinstance(plan.outcome, Converged)
    assert plan_disk(of, seen).actions == ()
    assert seen.named.label is not None and read_disk_label(write_disk_label(seen.named.label)) == seen.named.label
