"""A Disk goes once nothing has it. Then its file is set aside with its label, or stays with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.planner.actions import LabelDisk, ReleaseResource, RemoveDisk, SetAside
from homeostat.planner.disk import plan_disk
from homeostat.planner.disk.make import label_of
from homeostat.planner.disk.observed import Copying, DiskHolder, NamedDisk
from homeostat.planner.domain import MovedDisk
from homeostat.planner.observed import ObservedDisk, ObservedStorage
from tests.unit.disks import HOST, PATH, disk, nothing, there

OF = disk(deleting=True, size="1Gi")


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"holder": DiskHolder("web", "u", True, source=PATH, target="vdb")}, "machine web runs with it"),
        ({"holder": DiskHolder("web", "u", False, source=PATH)}, "machine web is defined with it"),
        ({"users": ("vm/web", "vmd/shop")}, "used by vm/web, vmd/shop"),
        ({"busy": "Disk x is copied from it"}, "Disk x is copied from it"),
        ({"copy": Copying(1)}, "it is being copied"),
    ],
)
def test_it_waits_and_says_who_has_it(seen: dict[str, Any], said: str) -> None:
    plan = plan_disk(OF, there(OF, **seen))
    assert (plan.actions, plan.outcome.reason) == ((), "InUse") and said in plan.outcome.message


def test_its_file_is_set_aside_before_its_folder_goes() -> None:
    moved = (MovedDisk(PATH, "/backup/x", "qcow2"),)
    aside, removed, release = plan_disk(OF, there(OF, storage=ObservedStorage(moved=moved))).actions
    assert isinstance(aside, SetAside) and (aside.disks, aside.uid, aside.returns) == ((("data", PATH),), "uid-data", True)
    assert (aside.label, aside.moved) == (label_of(OF, None, made=True), moved)
    assert isinstance(removed, RemoveDisk) and isinstance(release, ReleaseResource)


def test_killed_after_that_the_rest_goes() -> None:
    label = label_of(OF, None, made=True)
    plan = plan_disk(OF, nothing(named=NamedDisk(label=label, there=True)))
    assert [type(action) for action in plan.actions] == [RemoveDisk, ReleaseResource]
    assert [type(action) for action in plan_disk(OF, nothing()).actions] == [ReleaseResource]


def test_without_a_trash_it_is_erased() -> None:
    seen = replace(there(OF), host=replace(HOST, trash_keep=0.0))
    assert [type(action) for action in plan_disk(OF, seen).actions] == [RemoveDisk, ReleaseResource]


def test_a_retained_one_says_what_it_was_and_is_taken_up_again() -> None:
    kept = disk(deleting=True, size="1Gi", reclaimPolicy="Retain")
    seen = there(kept)
    note, release = plan_disk(kept, seen).actions
    assert isinstance(note, LabelDisk) and note.label.retained.startswith("2026-01-01T00:00:00Z: the Disk was deleted")
    assert isinstance(release, ReleaseResource)
    file = ObservedDisk(PATH, 2**30, None, label=note.label)
    left = replace(seen, named=NamedDisk(file, note.label, there=True))
    assert [type(action) for action in plan_disk(kept, left).actions] == [ReleaseResource]  # killed in between
    (again,) = plan_disk(disk(size="1Gi", reclaimPolicy="Retain"), left).actions
    assert isinstance(again, LabelDisk) and not again.label.retained


def test_one_that_never_took_up_what_was_retained_leaves_it_where_it_is() -> None:
    label = replace(label_of(disk(size="1Gi"), None, made=True), retained="2026-01-01T00:00:00Z: the Disk was deleted")
    left = nothing(named=NamedDisk(ObservedDisk(PATH, 2**30, None, label=label), label, there=True))
    for policy in ("Delete", "Retain"):
        assert plan_disk(disk(size="1Gi", format="raw"), left).outcome.reason == "ForbiddenChange"
        refused = disk(deleting=True, size="1Gi", format="raw", reclaimPolicy=policy)
        assert [type(action) for action in plan_disk(refused, left).actions] == [ReleaseResource]


def test_a_file_that_nobody_knows_stays() -> None:
    unknown = NamedDisk(ObservedDisk(PATH, 0, None, problem="no label"), problem="no label", there=True)
    assert [type(action) for action in plan_disk(OF, nothing(named=unknown)).actions] == [ReleaseResource]
    assert plan_disk(disk(), nothing(named=unknown)).outcome.reason == "DiskUnusable"
