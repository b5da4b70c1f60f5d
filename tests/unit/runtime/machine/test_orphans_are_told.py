"""Orphans are told once and noted as they change; a deletion that an index forgot is finished only where nothing doubts it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.machine import VirtualMachine
from homeostat.planner.domain import Record
from homeostat.planner.network.config import NetworkConfig, NetworkRecord
from homeostat.planner.network.observed import ObservedNetwork
from homeostat.planner.observed import DomainState, ObservedDomain
from homeostat.planner.orphans import MachineFolder, Orphan, mend, why
from homeostat.runtime.machine import orphans
from homeostat.runtime.machine.orphans import AGAIN, EVERY, OrphanWatch, describe, machine_to_delete
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost, until

DB = machine(name="db", disks=[{"name": "root", "size": "1Gi"}])
NOTE = DB.model_dump_json(by_alias=True, exclude_none=True)
RECORD = Record(DB.identity, "default", "db", "test", writer="w", written_at="2026-01-01T00:00:00Z")
DOMAIN = ObservedDomain("db", "uuid-db", DomainState.RUNNING, "booted", True, True, False, RECORD, None)
FOLDER = MachineFolder("default", "db", "/state/machines/default/db", ("root",), created=True)


class Index:
    def __init__(self) -> None:
        self.complete = True
        self.known: Sequence[Orphan] = ()
        self.notes = 0
        self.machines: dict[str, tuple[str, str]] = {}
        self.networks = frozenset[str]()

    def identities(self) -> Mapping[str, tuple[str, str]]:
        return self.machines

    def deployments(self) -> frozenset[str]:
        return frozenset()

    def network_identities(self) -> frozenset[str]:
        return self.networks

    def orphans(self, host: str) -> Sequence[Orphan]:
        assert host == "local"
        return self.known

    def note_orphans(self, host: str, found: Sequence[Orphan]) -> None:
        self.known, self.notes = found, self.notes + 1


class Deletions:
    def __init__(self, doubt: str = "", takes: bool = True) -> None:
        self.why, self.takes = doubt, takes
        self.taken: list[VirtualMachine] = []

    def doubt(self) -> str:
        return self.why

    def take_up(self, vm: VirtualMachine) -> bool:
        self.taken.append(vm)
        return self.takes


class Host(WorldHost):
    def __init__(self, *folders: MachineFolder) -> None:
        super().__init__()
        self.folders: Sequence[MachineFolder] = folders
        self.there: dict[str, ObservedNetwork] = {}

    async def networks(self) -> Mapping[str, ObservedNetwork]:
        return self.there

    async def machine_folders(self) -> Sequence[MachineFolder]:
        if self.unreadable:
            raise DriverError(self.unreadable)
        return self.folders


def watch(host: Host, index: Index, shelf: Shelf | None = None, **options: Any) -> OrphanWatch:
    return OrphanWatch(shelf or Shelf(), index, host, "test", **options)  # type: ignore[arg-type]


async def test_one_is_told_once_also_by_the_next_operator() -> None:
    host, index, shelf = Host(FOLDER), Index(), Shelf()
    host.strangers["db"] = DOMAIN
    counted: list[int] = []
    first = watch(host, index, shelf)
    first.changed = lambda: counted.append(len(first.found))
    for _ in range(2):
        assert await first.scan() == EVERY
    assert [reason for _, reason in shelf.told] == ["Orphaned"] and counted == [1] and index.notes == 1
    assert "domain db (running), disks root in /state/machines/default/db: no resource declares it" in shelf.said[DB.key][0]
    next_one = watch(host, index, shelf)
    await next_one.scan()
    assert len(shelf.told) == 1 and index.notes == 1 and len(next_one.found) == 1
    host.strangers, host.folders = {}, ()
    await next_one.scan()
    assert next_one.found == () and index.known == () and len(shelf.told) == 1
    host.strangers["db"] = replace(DOMAIN, uuid="another")
    await next_one.scan()
    assert len(shelf.told) == 2


async def test_disks_that_were_kept_are_noted_and_told_to_nobody() -> None:
    index, shelf = Index(), Shelf()
    await watch(Host(replace(FOLDER, created=False)), index, shelf).scan()
    assert shelf.told == [] and [orphan.name for orphan in index.known] == ["db"]


async def test_a_machine_that_went_while_the_folders_were_read_is_none() -> None:
    class Going(Host):
        async def machine_folders(self) -> Sequence[MachineFolder]:
            found = await super().machine_folders()
            self.folders = ()
            return found

    index, shelf = Index(), Shelf()
    watching = watch(Going(replace(FOLDER, deletion=NOTE)), index, shelf)
    assert await watching.scan() == EVERY
    assert (shelf.told, index.known, watching.found) == ([], (), ())


async def test_what_a_resource_declares_is_none() -> None:
    host, index = Host(FOLDER), Index()
    host.strangers["db"] = DOMAIN
    index.machines = {DB.identity: ("default", "db")}
    watching = watch(host, index)
    assert await watching.scan() == EVERY and watching.found == ()


async def test_disks_of_a_name_that_another_host_has_are_noted_and_told_to_nobody() -> None:
    index, shelf = Index(), Shelf()
    index.machines = {DB.identity: ("default", "db")}
    there = {("default", "db")}
    await watch(Host(FOLDER), index, shelf, placements=lambda: dict.fromkeys(there, "another"), apart=lambda: there).scan()
    assert shelf.told == [] and [orphan.state for orphan in index.known] == ["machine elsewhere"]


@pytest.mark.parametrize("why", ["away", "incomplete"])
async def test_nothing_is_told_before_all_can_be_seen(why: str) -> None:
    host, index, shelf = Host(FOLDER), Index(), Shelf()
    index.complete = why != "incomplete"
    if why == "away":
        host.world.host = replace(host.world.host, reachable=False)
    watching = watch(host, index, shelf)
    assert await watching.scan() == AGAIN
    assert (watching.scans, watching.found, shelf.told) == (0, (), [])


# A deletion that had begun


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "SETTLE", 0.0)


async def test_it_goes_on_where_nothing_doubts_it(at_once: None) -> None:
    deletions = Deletions()
    watching = watch(Host(replace(FOLDER, deletion=NOTE)), Index(), deletions=deletions)
    assert await watching.scan() == AGAIN
    assert [vm.metadata.name for vm in deletions.taken] == ["db"]


@pytest.mark.parametrize(("placed_as", "taken"), [("", []), ("a", []), ("b", ["db"])])
async def test_of_several_hosts_it_goes_on_where_it_had_begun(at_once: None, placed_as: str, taken: list[str]) -> None:
    finalizers = ("homeostat.dev/teardown", "b.host.homeostat.dev/teardown")
    placed = DB.model_copy(update={"metadata": DB.metadata.model_copy(update={"finalizers": finalizers})})
    note, deletions, shelf = placed.model_dump_json(by_alias=True, exclude_none=True), Deletions(), Shelf()
    watching = watch(Host(replace(FOLDER, deletion=note)), Index(), shelf, deletions=deletions, placed_as=placed_as)
    await watching.scan()
    assert [vm.metadata.name for vm in deletions.taken] == taken
    assert "it was being deleted on host b" in shelf.said[DB.key][0] and "--host b=URI" in shelf.said[DB.key][0]


async def test_where_none_was_being_deleted_it_looks_again_as_ever(at_once: None) -> None:
    assert await watch(Host(FOLDER), Index(), deletions=Deletions()).scan() == EVERY


async def test_it_waits_for_its_time() -> None:
    deletions = Deletions()
    watching = watch(Host(replace(FOLDER, deletion=NOTE)), Index(), deletions=deletions)
    for _ in range(2):
        assert await watching.scan() == AGAIN
    assert deletions.taken == []


async def test_that_time_begins_anew_where_it_was_somebody_s_meanwhile() -> None:
    host, deletions = Host(replace(FOLDER, deletion=NOTE)), Deletions()
    watching = watch(host, Index(), deletions=deletions)
    await watching.scan()
    folders, host.folders = host.folders, ()
    assert await watching.scan() == EVERY
    assert watching._waiting == {}
    host.folders = folders
    await watching.scan()
    assert list(watching._waiting) == [("default", "db")] and deletions.taken == []


async def test_it_waits_while_something_is_in_doubt(at_once: None) -> None:
    deletions = Deletions(doubt="a file cannot be read")
    watching = watch(Host(replace(FOLDER, deletion=NOTE)), Index(), deletions=deletions)
    assert await watching.scan() == AGAIN and deletions.taken == []


@pytest.mark.parametrize(
    "note",
    [
        "no JSON",
        machine(name="other").model_dump_json(by_alias=True, exclude_none=True),
        machine(name="db", namespace="lab").model_dump_json(by_alias=True, exclude_none=True),
    ],
)
async def test_a_note_that_is_not_about_it_deletes_nothing(at_once: None, note: str) -> None:
    deletions = Deletions()
    await watch(Host(replace(FOLDER, deletion=note)), Index(), deletions=deletions).scan()
    assert deletions.taken == []


async def test_nor_does_one_about_an_earlier_machine_of_the_name(at_once: None) -> None:
    host, deletions = Host(replace(FOLDER, deletion=NOTE)), Deletions()
    host.strangers["db"] = replace(DOMAIN, record=replace(RECORD, uid="another"))
    await watch(host, Index(), deletions=deletions).scan()
    assert deletions.taken == []


async def test_in_a_cluster_none_is_taken_up(at_once: None) -> None:
    watching = watch(Host(replace(FOLDER, deletion=NOTE)), Index())
    assert await watching.scan() == EVERY


# By itself


async def test_it_looks_when_it_is_poked_and_goes_on_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("GATHER", "SHARE"):
        monkeypatch.setattr(orphans, name, 0.0)
    monkeypatch.setattr(orphans, "AGAIN", 0.001)
    host, index = Host(FOLDER), Index()
    host.unreadable = "the disk cannot be read"
    watching, may = watch(host, index), [True]
    task = asyncio.create_task(watching.run(lambda: may[0]))
    await until(lambda: watching.scans > 2)
    assert watching.found == ()
    host.unreadable = ""
    await until(lambda: watching.found)
    scans = watching.scans
    may[0] = False
    watching.poke()
    await until(lambda: not watching._due.is_set())
    may[0] = True
    assert watching.scans == scans
    watching.poke()
    await until(lambda: watching.scans == scans + 1)
    task.cancel()


# What a person decides


@pytest.mark.parametrize(("keep", "policy"), [(True, "Retain"), (False, "Delete")])
def test_a_deletion_by_hand_overrules_what_the_machine_said_of_its_disks(keep: bool, policy: str) -> None:
    base = Orphan("default", "db", "no domain", uid=DB.identity, directory=FOLDER.path, disks=("root", "../x"), deletion=NOTE)
    known = machine_to_delete(base, keep_disks=keep)
    assert [(disk.name, disk.reclaim_policy) for disk in known.spec.disks] == [("root", policy)]
    unknown = machine_to_delete(replace(base, deletion=""), keep_disks=keep)
    assert [disk.name for disk in unknown.spec.disks] == ["root"] and unknown.spec.reclaim_policy == policy
    assert (unknown.metadata.uid, unknown.metadata.name) == (DB.identity, "db")


def test_in_words() -> None:
    base = Orphan("default", "db", "running", "db", directory="/f", disks=("a", "b"))
    assert describe(base) == "domain db (running), disks a, b in /f"
    assert describe(replace(base, disks=())) == "domain db (running), no disks"
    assert describe(replace(base, domain="")) == "disks a, b in /f"


def lan(uid: str, instance: str = "test") -> ObservedNetwork:
    config = NetworkConfig("lan", "uuid-lan", record=NetworkRecord(uid, "default", "lab", instance))
    return ObservedNetwork("lan", "uuid-lan", True, True, True, config)


async def test_a_network_that_no_resource_declares_is_told_and_goes_from_the_list_with_it() -> None:
    host, index, shelf = Host(), Index(), Shelf()
    host.there = {"lan": lan("uid-lan")}
    watching = watch(host, index, shelf)
    await watching.scan()
    (found,) = watching.found
    assert (found.state, found.name, found.network) == ("network", "lab", "lan")
    assert "net-undefine lan" in mend(found) and "no Network declares it" in why(found)
    index.networks = frozenset({"uid-lan"})
    await watching.scan()
    assert watching.found == ()
    index.networks, host.there = frozenset(), {"lan": lan("uid-lan", "another")}
    await watching.scan()
    assert watching.found == (), "another installation made it"
