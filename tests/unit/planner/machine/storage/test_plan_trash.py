"""What reclaimPolicy Delete deletes is set aside, and the same machine finds it again (BR-02)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.cli.show.plans.describe_action import action_text
from homeostat.models.base import API_VERSION, IDENTITY, OwnerReference
from homeostat.models.condition import find_condition
from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.files.trash import (
    DELETED_BECAUSE,
    DELETED_BY,
    TAKEN_DOWN,
    WITH_DEPLOYMENT,
    TrashedDisk,
    TrashEntry,
    returning,
)
from homeostat.planner.machine.storage.reclaim import plan_departed
from homeostat.planner.observed import DomainState, ObservedDisk, RememberedActs
from homeostat.runtime.machine.happenings import step_taken
from homeostat.runtime.machine.status import machine_status
from tests.unit.driving import Killed, Operator
from tests.unit.machines import IMAGE, changed, deleted, running
from tests.unit.world import HOST, SINCE, World

DATA, ROOT_DISK = {"name": "data", "size": "1Gi"}, {"name": "root", "image": IMAGE}
KEEP = {"name": "keep", "size": "1Gi", "reclaimPolicy": "Retain"}
PATH = "/state/machines/default/web"


def keeping(**spec: Any) -> tuple[World, Operator, VirtualMachine]:
    world, operator, vm = running(**spec)
    world.host = replace(HOST, trash_keep=3600.0)
    return world, operator, vm


def gone(world: World, vm: VirtualMachine, owner: bool = False, annotations: Mapping[str, str] | None = None) -> None:
    """Torn down to the end."""
    going = deleted(vm)
    owners = (OwnerReference(api_version=API_VERSION, kind="VirtualMachineDeployment", name="web", uid="u"),) if owner else ()
    update = {"owner_references": owners, "annotations": dict(annotations or {})}
    Operator(world).settle(going.model_copy(update={"metadata": going.metadata.model_copy(update=update)}))
    assert world.released and world.domain is None
    world.released = False


def made(world: World, vm: VirtualMachine) -> list[str]:
    """The kinds of actions on disks that bring the machine up."""
    operator = Operator(world)
    operator.settle(vm)
    return [type(a).__name__ for a in operator.done if isinstance(a, act.TakeBack | act.CreateDisk)]


def test_br02_disks_are_found_again_after_the_deletion_is_complete() -> None:
    world, _, vm = keeping(disks=[ROOT_DISK, DATA, KEEP])
    before = dict(world.disks)
    gone(world, vm)
    assert list(world.disks) == [f"{PATH}/keep.qcow2"]
    assert made(world, vm) == ["TakeBack", "TakeBack"]
    assert world.disks == before and world.trash == {}
    assert world.domain and world.domain.active


def test_without_keeping_they_are_erased_at_once() -> None:
    world, _, vm = running(disks=[DATA])
    gone(world, vm)
    assert (world.disks, world.trash) == ({}, {})


def test_another_machine_of_the_name_begins_afresh_and_one_that_names_the_trashed_takes_it_over() -> None:
    world, _, vm = keeping(disks=[DATA])
    gone(world, vm)
    other = vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"uid": "another"})})
    assert made(world.copy(), other) == ["CreateDisk"]
    named = {"uid": "another", "annotations": {IDENTITY: f"default/web/{vm.metadata.uid}"}}
    assert made(world, vm.model_copy(update={"metadata": vm.metadata.model_copy(update=named)})) == ["TakeBack"]


@pytest.mark.parametrize(("because", "returns"), [(None, False), ("rollout", False), (WITH_DEPLOYMENT, True), (TAKEN_DOWN, True)])
def test_of_replicas_only_those_return_that_went_with_their_deployment(because: str | None, returns: bool) -> None:
    world, _, vm = keeping(disks=[DATA])
    gone(world, vm, owner=True, annotations={DELETED_BECAUSE: because} if because else {})
    (entry,) = world.trash.values()
    assert entry.reason.startswith(because or "the resource was deleted")
    assert made(world, vm) == (["TakeBack"] if returns else ["CreateDisk"])


def test_the_label_says_who_asked_for_the_deletion() -> None:
    world, _, vm = keeping(disks=[DATA])
    gone(world, vm, annotations={DELETED_BY: "file web.yaml"})
    (entry,) = world.trash.values()
    assert entry.reason == "the resource was deleted (by file web.yaml), reclaimPolicy: Delete"


def test_a_disk_built_on_another_image_stays_in_the_trash() -> None:
    world, _, vm = keeping(disks=[ROOT_DISK])
    gone(world, vm)
    other = changed(vm, disks=[{"name": "root", "image": {"url": "https://example.org/other.qcow2"}}])
    assert made(world, other) == ["CreateDisk"]
    assert len(world.trash) == 1


def test_a_disk_larger_than_the_spec_wants_stays_in_the_trash_and_a_smaller_one_grows() -> None:
    world, _, vm = keeping(disks=[DATA])
    gone(world, vm)
    small, large = (changed(vm, disks=[{**DATA, "size": size}]) for size in ("512Mi", "2Gi"))
    assert made(world.copy(), small) == ["CreateDisk"]
    assert made(world, large) == ["TakeBack"]
    assert world.disks[f"{PATH}/data.qcow2"].virtual_size == 2 * 2**30


@pytest.mark.parametrize(
    ("disk", "why", "what"),
    [
        (
            {**DATA, "size": "512Mi"},
            "it has 1Gi, and the spec asks for 512Mi",
            "set the size to 1Gi or more, `homeostat stop web`",
        ),
        ({"name": "data", "image": IMAGE}, "it was built on no image, and the spec asks for /state/images/", "its former image"),
    ],
)
def test_that_a_disk_stays_in_the_trash_is_told_and_what_to_do(disk: Mapping[str, Any], why: str, what: str) -> None:
    world, _, vm = keeping(disks=[DATA])
    gone(world, vm)
    other, operator = changed(vm, disks=[disk]), Operator(world)
    plan = operator.settle(other)
    (made_,) = (a for a in operator.done if isinstance(a, act.CreateDisk))
    event = step_taken(made_, world.observe(other, RememberedActs()))
    assert event is not None and (event.type, event.reason) == ("Warning", "DiskStaysInTrash")
    (entry,) = world.trash
    for words in (event.message, action_text(made_), *plan.aside):
        assert why in words and what in words and f"homeostat trash restore {entry}" in words, words
    assert plan.aside and not plan.actions
    status = machine_status(other, world.observe(other, operator.memory), plan, {}, None, SINCE)
    ready = find_condition(status.conditions, "StorageReady")
    assert ready and (ready.status, ready.message) == ("True", plan.aside[0])


def test_of_what_came_back_nothing_is_told() -> None:
    world, _, vm = keeping(disks=[DATA])
    gone(world, vm)
    operator = Operator(world)
    assert operator.settle(vm).aside == ()


def test_findings_deletion_disks_that_left_the_spec_are_set_aside_once_nothing_uses_them() -> None:
    added = [{"name": f"d{n}", "size": "1Gi"} for n in range(4)]
    world, operator, vm = keeping(disks=[DATA])
    operator.settle(changed(vm, disks=[DATA, *added, KEEP]))
    left = changed(vm, disks=[DATA])
    operator.settle(left)
    assert world.domain and world.domain.live and [disk.name for disk in world.domain.live.disks] == ["data"]
    assert sorted(world.disks) == [f"{PATH}/data.qcow2", f"{PATH}/keep.qcow2"]
    (entry,) = world.trash.values()
    assert sorted(disk.name for disk in entry.disks) == ["d0", "d1", "d2", "d3"]
    assert not Operator(world).plan(left).actions


def test_findings_deletion_of_the_machine_takes_them_too_and_each_comes_back_into_the_spec() -> None:
    world, operator, vm = keeping(disks=[DATA, {"name": "more", "size": "1Gi"}])
    operator.settle(changed(vm, disks=[DATA]))
    gone(world, changed(vm, disks=[DATA]))
    assert world.disks == {}
    assert made(world, vm) == ["TakeBack", "TakeBack"]


def test_nothing_is_defined_before_what_was_taken_back_has_been_looked_at() -> None:
    """An overlay that others made may lean on it, and hold the newest data."""
    world, _, vm = keeping(disks=[DATA])
    gone(world, vm)
    assert [type(a) for a in Operator(world).plan(vm).actions] == [act.TakeBack]


def test_a_disk_that_comes_back_into_the_spec_is_taken_back() -> None:
    both = [DATA, {"name": "more", "size": "1Gi"}]
    world, operator, vm = keeping(disks=both, runStrategy="Halted")
    operator.settle(changed(vm, disks=[DATA]))
    assert len(world.trash) == 1
    operator.done.clear()
    operator.settle(changed(vm, disks=both))
    assert [a.disk for a in operator.done if isinstance(a, act.TakeBack)] == ["more"]
    assert not world.trash


def test_a_disk_stays_as_long_as_the_definition_the_guest_or_another_disk_uses_it() -> None:
    world, _, vm = keeping(disks=[DATA, {"name": "more", "size": "1Gi"}], runStrategy="Halted")
    observed = world.observe(vm, RememberedActs())
    assert observed.domain and observed.domain.config
    left, undefined = changed(vm, disks=[DATA]), replace(observed, domain=None)
    assert [a for a in plan_departed(left, undefined) if isinstance(a, act.SetAside)]
    leaning = {**observed.storage.disks, f"{PATH}/data.qcow2": ObservedDisk(f"{PATH}/data.qcow2", 2**30, f"{PATH}/more.qcow2")}
    bare = replace(observed.domain.config, disks=())
    runs = replace(observed.domain, state=DomainState.RUNNING, live=observed.domain.config, config=bare)
    for used in (
        observed,
        replace(observed, domain=runs),
        replace(observed, domain=replace(runs, live=None)),
        replace(undefined, storage=replace(observed.storage, disks=leaning)),
        replace(undefined, others={f"{PATH}/more.qcow2": "another"}),
    ):
        assert not [a for a in plan_departed(left, used) if isinstance(a, act.SetAside)]


def test_of_several_the_newest_comes_back() -> None:
    entries = [
        TrashEntry(since, "default", "web", "u", "", since, "", True, disks=(TrashedDisk("data", since),))
        for since in ("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-01T00:00:00Z")
    ]
    found = returning(entries, "u", "data")
    assert found is not None and found[1].path == "2026-01-03T00:00:00Z"


def test_a_disk_under_an_overlay_that_others_made_is_left_alone() -> None:
    world, _, vm = keeping(disks=[DATA, {"name": "more", "size": "1Gi"}], driftPolicy="Report", runStrategy="Halted")
    assert world.domain and world.domain.config
    disks = tuple(replace(d, source="/elsewhere/more.snap1") if d.name == "more" else d for d in world.domain.config.disks)
    world.edit(disks=disks)
    plan = Operator(world).plan(changed(vm, disks=[DATA]))
    assert not any(isinstance(a, act.SetAside | act.DeleteFile) for a in plan.actions)


def test_a_policy_that_became_retain_holds_when_the_disk_leaves() -> None:
    world, operator, vm = keeping(disks=[DATA, KEEP], runStrategy="Halted")
    operator.settle(changed(vm, disks=[{**DATA, "reclaimPolicy": "Retain"}, KEEP]))
    operator.settle(changed(vm, disks=[KEEP]))
    assert len(world.disks) == 2 and not world.trash


@given(st.integers(0, 9), st.integers(0, 9))
def test_killed_anywhere_it_ends_with_the_disks_it_had(first: int, second: int) -> None:
    world, _, vm = keeping(disks=[DATA, ROOT_DISK])
    before = dict(world.disks)
    for lives, wanted in ((first, deleted(vm)), (second, vm)):
        try:
            Operator(world, lives=lives).settle(wanted)
        except Killed:
            Operator(world).settle(wanted)
        if wanted.deleting:
            assert world.disks == {} and world.released
    assert world.disks == before and not world.trash
