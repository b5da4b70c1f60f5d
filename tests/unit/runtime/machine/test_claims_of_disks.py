"""A Disk has one writer: machines, what copies or grows it, and a template for several are kept apart, with the holder named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.planner.deployment.repeat import usable_once
from homeostat.planner.domain import BackingFile, DiskConfig, DomainConfig, DomainType
from homeostat.planner.observed import DomainState, HostFacts, ObservedDomain
from homeostat.runtime.machine.claims import Claims
from tests.unit.disks import HOST, PATH
from tests.unit.machines import machine

DEVICE = {"name": "letters", "diskRef": {"name": "data"}}
DISK = Key("Disk", "default", "data")
COPY = Key("Disk", "default", "copy")


class Empty:
    """A host without domains of known machines. ``strangers``: other domains."""

    facts: HostFacts = HOST

    def __init__(self, *strangers: ObservedDomain) -> None:
        self.strangers = strangers

    def domain(self, uuid: str) -> None:
        return None

    def domains(self) -> Sequence[ObservedDomain]:
        return self.strangers


def update(claims: Claims, vm: VirtualMachine) -> dict[str, str]:
    return dict(claims.update(vm, Empty()))  # type: ignore[arg-type]


def named(machine_name: str, **fields: Any) -> VirtualMachine:
    return machine(name=machine_name, disks=[{**DEVICE, **fields}])


def test_the_second_machine_is_refused_whatever_it_calls_the_disk() -> None:
    claims = Claims()
    assert update(claims, named("first")) == {}
    assert update(claims, named("second", name="other", bus="scsi")) == {PATH: "machine first"}
    claims.release(named("first").key)
    assert update(claims, named("second")) == {}


def test_disks_of_one_name_in_two_namespaces_are_two() -> None:
    claims = Claims()
    assert update(claims, named("first")) == {}
    assert update(claims, machine(name="first", namespace="shop", disks=[DEVICE])) == {}


def test_a_file_is_held_while_it_is_copied_or_grown_and_no_machine_starts_with_it() -> None:
    freed: list[Key] = []
    claims = Claims(freed.append)
    vm = named("first")
    update(claims, vm)
    assert claims.hold(COPY, [PATH, "/state/disks/default/copy/disk.img"]) == ""
    assert claims.borrowers(PATH) == [COPY]
    assert claims.begin(vm, Empty()) == {PATH: "Disk copy, until that is done with it"}  # type: ignore[arg-type]
    freed.clear()
    claims.release(COPY)
    assert freed == [vm.key] and claims.borrowers(PATH) == []
    assert claims.begin(vm, Empty()) == {}  # type: ignore[arg-type]


def test_nothing_opens_the_file_of_a_machine_that_was_started() -> None:
    claims = Claims()
    vm = named("first")
    assert claims.begin(vm, Empty()) == {}  # type: ignore[arg-type]
    assert claims.hold(DISK, [PATH]) == "machine first"
    assert claims.borrowers(PATH) == []
    assert claims.begin(vm, Empty()) == {}  # type: ignore[arg-type]


def test_two_copies_of_one_disk_do_not_exclude_machines_of_others_but_each_other() -> None:
    claims = Claims()
    assert claims.hold(COPY, [PATH]) == ""
    assert claims.hold(DISK, [PATH]) == "Disk copy"
    assert update(claims, machine(name="third", disks=[{"name": "own", "size": "1Gi"}])) == {}


def test_a_template_for_several_machines_names_no_disk() -> None:
    def deployment(replicas: int, strategy: str) -> VirtualMachineDeployment:
        spec = {"replicas": replicas, "strategy": {"type": strategy}, "template": {"spec": {"disks": [DEVICE]}}}
        return VirtualMachineDeployment.model_validate({"metadata": {"name": "web"}, "spec": spec})

    assert "disks[letters]: Disk data is for one machine only" in usable_once(deployment(2, "Recreate"))
    assert "is for one machine only" in usable_once(deployment(1, "RollingUpdate"))
    assert usable_once(deployment(1, "Recreate")) == ""


@pytest.mark.parametrize("state", [DomainState.RUNNING, DomainState.PAUSED, DomainState.SHUTOFF])
@pytest.mark.parametrize("source", [PATH, "/elsewhere/overlay.qcow2", "/state/disks/default/other/disk.img"])
def test_a_domain_whose_machine_is_not_known_keeps_what_it_runs_with(state: DomainState, source: str) -> None:
    chain = (BackingFile(PATH, "qcow2"),) if source.startswith("/elsewhere") else ()
    device = DiskConfig("letters", "disk", source, "qcow2", "virtio", "vda", chain=chain)
    config = DomainConfig("gone", "uuid-gone", DomainType.QEMU, 1, 1, "q35", None, disks=(device,))
    host = Empty(ObservedDomain("gone", "uuid-gone", state, "booted", True, True, False, None, config, config))
    has_it = state.active and "other" not in source
    held = {PATH: "domain gone, which runs with it"} if has_it else {}
    assert dict(Claims().begin(named("first"), host)) == held  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [PATH, "/state/disks/default/other/disk.img"])
def test_nor_does_one_whose_memory_is_saved_lose_it(source: str) -> None:
    """Its next definition may lack the disk."""
    device = DiskConfig("letters", "disk", source, "qcow2", "virtio", "vda")
    config = DomainConfig("gone", "uuid-gone", DomainType.QEMU, 1, 1, "q35", None)
    was = replace(config, disks=(device,))
    host = Empty(ObservedDomain("gone", "uuid-gone", DomainState.SHUTOFF, "saved", True, True, True, None, config, saved=was))
    held = {PATH: "domain gone, which is saved with it"} if source == PATH else {}
    assert dict(Claims().begin(named("first"), host)) == held  # type: ignore[arg-type]
