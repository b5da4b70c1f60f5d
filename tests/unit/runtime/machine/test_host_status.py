"""What a Host's status says, from what its operator knows."""

from __future__ import annotations

from typing import Any

from homeostat.models.condition import Condition, find_condition
from homeostat.models.host import Host, HostMeta, HostSpec, HostStatus
from homeostat.planner.domain import DomainType
from homeostat.planner.files.trash import TrashedDisk, TrashEntry
from homeostat.planner.observed import HostFacts
from homeostat.planner.orphans import Orphan, OrphansSeen
from homeostat.runtime.host.reconcile import host_status

NOW, LATER = "2026-01-02T03:04:05Z", "2026-01-02T03:05:05Z"


def host(**metadata: Any) -> Host:
    return Host(metadata=HostMeta(name="node", generation=4, **metadata), spec=HostSpec())


def facts(**known: Any) -> HostFacts:
    plain = {"name": "node", "reachable": True, "uri": "qemu:///system", "cpus": 8, "memory": 2**33, "version": "libvirt 9.0"}
    return HostFacts(**{**plain, **known})


def condition(status: HostStatus, type: str) -> Condition:
    found = find_condition(status.conditions, type)
    assert found is not None, type
    return found


def test_one_that_answers() -> None:
    status = host_status(host(), facts(), 3, "me", NOW)
    assert (status.observed_generation, status.machines, status.operator, status.version) == (4, 3, "me", "libvirt 9.0")
    assert status.capacity is not None
    assert (status.capacity.vcpus, status.capacity.memory) == (8, 2**33)
    assert [condition(status, type).status for type in ("Ready", "Reachable", "Schedulable")] == ["True"] * 3
    assert find_condition(status.conditions, "Reconciling") is None


def test_one_that_does_not_keeps_what_was_known_of_it() -> None:
    before = host_status(host(), facts(), 3, "me", NOW)
    known = host().model_copy(update={"status": before})
    status = host_status(known, facts(reachable=False, memory=0, cpus=0, error="no route"), 3, "me", LATER)
    assert status.capacity == before.capacity
    for type in ("Ready", "Reachable"):
        assert (condition(status, type).status, condition(status, type).message) == ("False", "no route")
    assert condition(status, "Reconciling").status == "True"
    assert condition(status, "Schedulable").message == "cannot be reached"


def test_maintenance_closes_it() -> None:
    closed = host().model_copy(update={"spec": HostSpec(maintenance=True)})
    status = host_status(closed, facts(), 0, "me", NOW)
    assert (condition(status, "Schedulable").status, condition(status, "Schedulable").reason) == ("False", "Maintenance")
    assert condition(status, "Ready").status == "True"


def test_so_does_its_deletion() -> None:
    status = host_status(host(deletion_timestamp=NOW), facts(), 1, "me", NOW)
    assert (condition(status, "Schedulable").status, condition(status, "Schedulable").reason) == ("False", "Terminating")


def test_how_guests_run_is_told() -> None:
    offered = facts(domain_types=frozenset({DomainType.KVM}))
    assert condition(host_status(host(), offered, 0, "me", NOW), "KVMUsable").reason == "NotWorking"
    assert condition(host_status(host(), facts(), 0, "me", NOW), "KVMUsable").reason == "NotOffered"
    proven = facts(domain_types=frozenset({DomainType.KVM}), kvm_usable=True)
    assert condition(host_status(host(), proven, 0, "me", NOW), "KVMUsable").status == "True"


def test_the_same_again_is_the_same_status() -> None:
    before = host_status(host(), facts(), 3, "me", NOW)
    again = host_status(host().model_copy(update={"status": before}), facts(), 3, "me", LATER)
    assert again == before


def test_orphans_are_told_and_what_was_kept_on_purpose_alarms_nobody() -> None:
    lost, kept = Orphan("default", "db", "running", "db"), Orphan("default", "old", "retained")
    status = host_status(host(), facts(), 0, "me", NOW, OrphansSeen((lost, kept)))
    assert [(o.name, o.state, o.domain) for o in status.orphans] == [("db", "running", "db"), ("old", "retained", "")]
    told = condition(status, "Orphaned")
    assert (told.status, told.reason) == ("True", "OrphansFound") and "1 belong to no object: default/db" in told.message
    assert find_condition(host_status(host(), facts(), 0, "me", NOW, OrphansSeen((kept,))).conditions, "Orphaned") is None


def test_what_is_set_aside_is_told_100_at_the_most_and_kept_where_it_cannot_be_read() -> None:
    disk = TrashedDisk("root", "/state/root.qcow2", 10, 20, "/state/base")
    entries = [
        TrashEntry(
            f"web-{n}", "default", "web", "uid", "deleted", NOW, LATER, True, ("52:54:00:00:00:01",), (disk,), "space is low"
        )
        for n in range(101)
    ]
    told = host_status(host(), facts(), 0, "me", NOW, trash=entries)
    assert [one.entry for one in told.trash] == [f"web-{n}" for n in range(100)]
    (there,) = told.trash[0].disks
    assert (there.name, there.path, there.size, there.virtual_size, there.backing) == ("root", disk.path, 10, 20, "/state/base")
    first = told.trash[0]
    assert (first.of, first.uid, first.reason, first.since, first.until) == ("VirtualMachine", "uid", "deleted", NOW, LATER)
    assert (first.returns, first.macs, first.note) == (True, ("52:54:00:00:00:01",), "space is low")
    before = host().model_copy(update={"status": told})
    assert host_status(before, facts(), 0, "me", LATER).trash == told.trash
    assert host_status(before, facts(), 0, "me", LATER, trash=[]).trash == ()
