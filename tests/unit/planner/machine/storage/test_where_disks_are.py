"""Which files a machine's disks are on: whose chains are looked at, what counts as its own, and what nobody names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.planner.domain import DiskConfig
from homeostat.planner.machine.storage.disk_source import (
    ALTERED,
    MISSING,
    MOVED,
    OVERLAY,
    DiskSource,
    files_of,
    find_source,
    foreign_sources,
    moved_disks,
    plan_note,
    unnamed_disks,
)
from homeostat.planner.observed import MovedDisk, Observed, ObservedChain, ObservedDisk, RememberedActs
from homeostat.planner.plan import Stalled
from tests.unit.machines import IMAGE, running
from tests.unit.world import ROOT, World

OWN, ELSE, OVER = f"{ROOT}/machines/default/web/data.qcow2", "/elsewhere/data.img", f"{ROOT}/machines/default/web/data.s1"
SPEC: dict[str, Any] = {
    "disks": [{"name": "data", "size": "1Gi"}, {"name": "iso", "type": "cdrom", "image": IMAGE}],
    "cloudInit": {"userData": "#cloud-config\n"},
}


def machine_on(world_of: tuple[World, Any, VirtualMachine] | None = None) -> tuple[World, VirtualMachine]:
    world, _, vm = world_of or running(**SPEC)
    return world, vm


def seen(world: World, vm: VirtualMachine) -> Observed:
    return world.observe(vm, RememberedActs())


def asked(world: World, vm: VirtualMachine, *noted: MovedDisk) -> tuple[str, ...]:
    return foreign_sources(vm, seen(world, vm).domain, ROOT, noted)


# Whose chains are looked at


def test_of_what_is_where_it_was_placed_none_is_looked_at() -> None:
    """Neither drives nor the seed hold the machine's data."""
    world, vm = machine_on()
    assert asked(world, vm) == ()
    assert unnamed_disks(vm, seen(world, vm).domain, ROOT) == ()
    assert moved_disks(vm, seen(world, vm)) == ()


def test_a_file_elsewhere_is_looked_at_once() -> None:
    world, vm = machine_on()
    world.put_on("data", ELSE)
    assert asked(world, vm) == (ELSE,)
    world.put_on("data", "/other", config=False)
    assert asked(world, vm) == (ELSE, "/other")


def test_what_was_noted_counts_only_where_no_domain_says_it() -> None:
    world, vm = machine_on()
    noted = MovedDisk("data", ELSE, "qcow2")
    assert asked(world, vm, noted) == ()
    assert foreign_sources(vm, None, ROOT, (noted,)) == (ELSE,)
    assert unnamed_disks(vm, None, ROOT) == (OWN,)
    assert world.domain is not None
    world.domain.record = None  # not ours
    assert asked(world, vm, noted) == ()


# Where the contents are


def disk(name: str = "data", source: str | None = OWN, format: str = "qcow2") -> DiskConfig:
    return DiskConfig(name, "disk", source, format, "virtio", "vda")


def source(world: World, vm: VirtualMachine, **storage: Any) -> DiskSource | Stalled:
    observed = seen(world, vm)
    return find_source(vm, vm.spec.disks[0], replace(observed, storage=replace(observed.storage, **storage)))


def on(*disks: DiskConfig) -> tuple[World, VirtualMachine]:
    """Both the definition and the running guest have these."""
    world, vm = machine_on()
    world.edit(disks=disks)
    world.edit_live(disks=disks)
    return world, vm


def test_in_our_own_file() -> None:
    world, vm = machine_on()
    found = source(world, vm)
    assert isinstance(found, DiskSource) and (found.path, found.active, found.on_ours, found.note) == (OWN, None, True, "")


@pytest.mark.parametrize("leans", [True, False])
def test_in_a_file_of_others_which_says_whether_it_leans_on_ours(leans: bool) -> None:
    world, vm = machine_on()
    world.put_on("data", ELSE, leans=leans)
    found = source(world, vm)
    assert isinstance(found, DiskSource) and found.path == ELSE and found.on_ours is leans
    assert found.active is not None and found.active.path == ELSE and ("blockcommit" in found.note) is leans


def test_a_disk_without_a_name_of_ours_is_known_by_its_file_or_by_what_it_leans_on() -> None:
    for theirs in (OWN, OVER):
        world, vm = on(disk(theirs, theirs), disk("/stranger", "/stranger"))
        world.disks[OVER] = ObservedDisk(OVER, 2**30, OWN)
        world.disks["/stranger"] = ObservedDisk("/stranger", 2**30, None)
        found = source(world, vm)
        assert isinstance(found, DiskSource) and found.path == theirs
    world, vm = on(disk("/stranger", "/stranger"))
    world.disks["/stranger"] = ObservedDisk("/stranger", 2**30, None)
    found = source(world, vm)
    assert isinstance(found, DiskSource) and found.path == OWN


def test_what_is_read_as_raw_leans_on_nothing_whatever_its_first_bytes_say() -> None:
    world, vm = on(disk(source=ELSE, format="raw"))
    world.disks[ELSE] = ObservedDisk(ELSE, 2**30, OWN)
    found = source(world, vm)
    assert isinstance(found, DiskSource) and (found.path, found.format, found.on_ours) == (ELSE, "raw", False)


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (None, MOVED),
        (ObservedChain(), MOVED),
        (ObservedChain(problem="it is a folder"), MOVED),
        (ObservedChain(missing="/gone"), MISSING),
        (ObservedChain((ObservedDisk(ELSE, 2**30, "/gone"),), missing="/gone"), MISSING),
        (ObservedChain((ObservedDisk(ELSE, 2**30, None),), altered="its header names /etc/shadow"), ALTERED),
    ],
)
def test_what_cannot_be_followed_stalls(chain: ObservedChain | None, reason: str) -> None:
    world, vm = on(disk(source=ELSE))
    found = source(world, vm, chains={} if chain is None else {ELSE: chain})
    assert isinstance(found, Stalled) and found.reason == reason and "disks[data]" in found.message


def test_a_definition_that_names_what_the_guest_s_file_leans_on_is_older_and_another_one_is_not_taken() -> None:
    world, vm = machine_on()
    world.put_on("data", ELSE, leans=True, config=False)
    found = source(world, vm)
    assert isinstance(found, DiskSource) and found.path == ELSE
    world.put_on("data", "/other", live=False)
    found = source(world, vm)
    assert isinstance(found, Stalled) and found.reason == MOVED and "/other" in found.message and ELSE in found.message


def test_our_file_where_the_state_folder_was_before_is_ours() -> None:
    before = OWN.replace(ROOT, "/former")
    world, vm = on(disk(source=before))
    found = source(world, vm, chains={before: ObservedChain(missing=before)})
    assert isinstance(found, DiskSource) and found.path == OWN
    for other in ("/former/machines/default/db/data.qcow2", f"{before}.old"):
        world, vm = on(disk(source=other))
        assert isinstance(source(world, vm, chains={other: ObservedChain(missing=other)}), Stalled)
    world, vm = on(disk(source=before))
    world.disks.clear()
    assert isinstance(source(world, vm, chains={before: ObservedChain(missing=before)}), Stalled)


# What is noted, and what goes with it


def test_what_was_noted_stays_noted_until_a_domain_says_otherwise() -> None:
    world, vm = machine_on()
    world.moved = (MovedDisk("data", ELSE, "qcow2"), MovedDisk("left", "/left", "raw"))
    assert moved_disks(vm, seen(world, vm)) == (MovedDisk("left", "/left", "raw"),)
    world.put_on("data", "/other")
    assert [moved.source for moved in moved_disks(vm, seen(world, vm))] == ["/other", "/left"]
    world.point("data", ELSE, config=False)  # what runs counts
    assert moved_disks(vm, seen(world, vm))[0].source == ELSE
    world.destroy()
    assert moved_disks(vm, seen(world, vm))[0].source == "/other"


@pytest.mark.parametrize(
    ("files", "ours", "theirs"),
    [
        ((), (OWN,), ()),
        ((OVER,), (OVER, OWN), ()),
        ((OVER, ELSE), (OVER, OWN), (ELSE,)),
    ],
)
def test_all_files_of_a_disk(files: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    world, vm = machine_on()
    for file in files:
        world.snapshot("data", file)
    found = files_of(vm, vm.spec.disks[0], seen(world, vm))
    assert (set(found.inside), found.outside) == (set(ours), theirs)


def test_also_overlays_that_no_domain_names() -> None:
    world, vm = machine_on()
    observed = seen(world, vm)
    beside = replace(observed, storage=replace(observed.storage, overlays={OWN: (OVER, ELSE)}))
    found = files_of(vm, vm.spec.disks[0], beside)
    assert set(found.inside) == {OWN, OVER} and found.outside == (ELSE,)
    gone = replace(observed, storage=replace(observed.storage, disks={}))
    assert files_of(vm, vm.spec.disks[0], gone).inside == ()


def test_another_disk_of_ours_that_leans_on_this_one_is_not_taken_for_it() -> None:
    world, vm = on(disk("other", OVER))
    world.disks[OVER] = ObservedDisk(OVER, 2**30, OWN)
    found = source(world, vm)
    assert isinstance(found, Stalled) and found.reason == OVERLAY and OVER in found.message


@pytest.mark.parametrize(("files", "stalls"), [((ObservedDisk(ELSE, 2**30, "/gone"),), False), ((), True)])
def test_of_a_raw_file_only_itself_can_be_missing(files: tuple[ObservedDisk, ...], stalls: bool) -> None:
    for format, waits in (("raw", stalls), ("qcow2", True)):
        world, vm = on(disk(source=ELSE, format=format))
        found = source(world, vm, chains={ELSE: ObservedChain(files, missing="/gone")})
        assert isinstance(found, Stalled) is waits


def test_what_is_noted_already_is_not_noted_again() -> None:
    world, vm = machine_on()
    world.put_on("data", ELSE)
    (noted,) = moved_disks(vm, seen(world, vm))
    assert plan_note(vm, seen(world, vm)) != []
    world.moved = (noted,)
    assert plan_note(vm, seen(world, vm)) == []
    world.moved = (noted, MovedDisk("left", "/left", "raw"))  # of a disk that the spec does not name any more
    assert plan_note(vm, seen(world, vm)) == []


def test_a_note_that_cannot_be_read_is_written_anew_where_the_domain_says_all() -> None:
    world, vm = machine_on()
    found = seen(world, vm)
    assert plan_note(vm, found) == []
    spoilt = replace(found, storage=replace(found.storage, moved_problem="line 1: no JSON"))
    assert plan_note(vm, spoilt) != []
