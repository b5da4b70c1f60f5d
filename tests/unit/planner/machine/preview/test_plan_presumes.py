"""Where storage cannot be looked at, what is presumed of a machine at rest is what is there, and so its plan is the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import FetchImage, file_name
from homeostat.planner.machine.preview.foresee import foresee
from homeostat.planner.machine.preview.presume import presumed, storage_root
from homeostat.planner.machine.storage.storage import SECTOR, boot_ref
from homeostat.planner.observed import Observed, ObservedDisk, ObservedStorage
from tests.unit.driving import Operator
from tests.unit.machines import Spec, changed, machine, running
from tests.unit.transcripts import DATA, EDITS, ISO, KERNEL, LAN, ROOT, SEED, step
from tests.unit.world import ROOT as STATE
from tests.unit.world import World

WHOLE: Spec = {"disks": [ROOT, DATA, ISO], "nics": [LAN], "cloudInit": SEED}
KEPT: Spec = {"disks": [{**DATA, "reclaimPolicy": "Retain", "size": "1000001"}], "boot": {"kernel": KERNEL}}


def presumably(seen: Observed, vm: VirtualMachine) -> Observed:
    return presumed(vm, replace(seen, storage=ObservedStorage()), lambda key: f"{STATE}/images/{file_name(key)}")


@pytest.mark.parametrize("spec", [{}, WHOLE, KEPT])
def test_what_is_presumed_is_what_is_there(spec: Spec) -> None:
    world, operator, vm = running(**spec)
    seen = world.observe(vm, operator.memory)
    found = presumably(seen, vm).storage
    assert seen.domain is not None and seen.domain.config is not None
    boots = {boot_ref(source).key for source in (vm.spec.boot.kernel, vm.spec.boot.initramfs) if source}
    assert {key: image.path for key, image in found.images.items()} == {key: i.path for key, i in seen.storage.images.items()}
    assert {image.format for key, image in found.images.items() if key in boots} == {"raw"} & {"raw" for _ in boots}
    assert found.chains.keys() == {disk.source for disk in seen.domain.config.disks if disk.source} - seen.storage.disks.keys()
    assert (found.disks, found.seeds, found.created) == (seen.storage.disks, seen.storage.seeds, True)
    assert found.reclaimable == seen.storage.reclaimable


@pytest.mark.parametrize("spec", [WHOLE, KEPT])
def test_each_edit_has_the_same_plan(spec: Spec) -> None:
    world, operator, vm = running(**spec)
    for what in (name for name, edit in EDITS.items() if "disks" not in edit):  # what a disk has and is noted as is not known
        edited = changed(vm, **EDITS[what])
        seen = world.observe(edited, operator.memory)
        guess = presumably(seen, edited)
        known, presumption = (foresee(edited, found, operator.now, guess.storage.images) for found in (seen, guess))
        ours = [step(action) for action in known.actions if not isinstance(action, FetchImage)]
        assert [step(action) for action in presumption.actions] == ours, what
        assert presumption.outcome == known.outcome


def test_a_disk_of_no_whole_sectors_is_as_large_as_it_is_made() -> None:
    world, operator, vm = running(**KEPT)
    (disk,) = presumably(world.observe(vm, operator.memory), vm).storage.disks.values()
    assert disk.virtual_size == -(-1000001 // SECTOR) * SECTOR


def test_one_on_a_file_of_others_is_there_too() -> None:
    world, operator, vm = running(disks=[DATA])
    world.put_on("data", "/elsewhere/data.qcow2")
    found = presumably(world.observe(vm, operator.memory), vm).storage
    assert [chain.files for chain in found.chains.values()] == [(ObservedDisk("/elsewhere/data.qcow2", 1, None),)]


def test_one_without_a_domain_has_nothing_yet_and_one_of_no_folder_is_not_looked_for() -> None:
    vm = machine(**WHOLE)
    seen = World().observe(vm, Operator(World()).memory)
    assert presumably(seen, vm).storage == ObservedStorage()
    world, operator, vm = running(**WHOLE)
    seen = world.observe(vm, operator.memory)
    homeless = replace(seen, host=replace(seen.host, storage_root=""))
    assert presumably(homeless, vm).storage == ObservedStorage()


def test_the_state_folder_is_told_by_the_first_domain_of_ours_that_has_files_in_one() -> None:
    world, operator, vm = running(disks=[DATA])
    domain = world.observe(vm, operator.memory).domain
    assert domain is not None and domain.config is not None
    silent = replace(domain, config=replace(domain.config, console_log=None, disks=()), live=None)
    assert storage_root([]) == storage_root([silent]) == storage_root([replace(domain, record=None)]) == ""
    undefined = replace(domain, config=None)
    for ours in (domain, undefined, replace(domain, live=None), replace(domain, config=replace(domain.config, console_log=None))):
        assert storage_root([replace(domain, record=None), silent, ours]) == STATE
