"""What a machine may still take back from the trash stays there, and the end of a deployment asks whose the kept disks are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.base import ORPHANING
from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.files.trash import Space, TrashedDisk, TrashEntry
from homeostat.planner.observed import KeptDisks
from homeostat.runtime.deployment.kept import KeptDisksReconciler
from homeostat.runtime.deployment.reconcile import owner_reference
from homeostat.runtime.engine.ports import StoreFailure, Unreadable
from homeostat.runtime.engine.reconciler import GONE
from homeostat.runtime.machine.trash import empty_trash
from homeostat.runtime.metrics import OperatorMetrics
from tests.unit.fleet import deployment
from tests.unit.machines import deleted, machine
from tests.unit.operating import BORN, Shelf, WorldHost, kinds

DB = machine(name="db", disks=[{"name": "data", "size": "1Gi"}])
OVER = TrashEntry(
    "one", "default", "db", DB.identity, "deleted", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", returns=True,
    disks=(TrashedDisk("data", "/state/machines/default/db/data.qcow2", 5, 10, None),),
)  # fmt: skip
FRESH = replace(OVER, entry="two", until="2999-01-01T00:00:00Z")
FULL = Space(free=1, total=100 * 2**30)


async def emptied(shelf: Shelf, *entries: TrashEntry, space: Space | None = None, left: list[str] | None = None) -> list[str]:
    host = WorldHost()
    host.aside, host.left, host.room = list(entries), left or [], space or host.room
    gone = await empty_trash(shelf, host, lambda: None, OperatorMetrics())  # type: ignore[arg-type]
    assert {entry.entry for entry in entries} - {entry.entry for entry in host.aside} == {e.entry.entry for e in gone}
    return [erasure.entry.entry for erasure in gone]


async def test_what_is_over_its_time_goes_and_what_is_not_stays() -> None:
    shelf = Shelf()
    assert await emptied(shelf, OVER, FRESH) == ["one"]
    assert shelf.told == [(DB.key, "TrashErased")]
    assert "data of trash entry one, set aside on 2026-01-01T00:00:00Z (deleted)" in shelf.said[DB.key][0]


@pytest.mark.parametrize(("entries", "left"), [((OVER, FRESH), 1), ((FRESH,), 1), ((), 0)])
async def test_what_is_left_is_counted_at_once(entries: tuple[TrashEntry, ...], left: int) -> None:
    metrics, host = OperatorMetrics(), WorldHost()
    host.aside = list(entries)
    await empty_trash(Shelf(), host, lambda: None, metrics)  # type: ignore[arg-type]
    where = {"host": host.facts.name if host.facts.uri else ""}
    counted = [metrics.registry.get_sample_value(f"homeostat_trash_{what}", where) for what in ("entries", "bytes")]
    assert counted == [left, sum(entry.size for entry in host.aside)]


async def test_one_that_does_not_return_says_nothing_of_those_after_it() -> None:
    assert await emptied(Shelf(DB), replace(OVER, entry="zero", returns=False), OVER) == ["zero"]


async def test_where_space_is_low_the_rest_goes_too() -> None:
    assert await emptied(Shelf(), FRESH, space=FULL) == ["two"]


@pytest.mark.parametrize("space", [None, FULL])
async def test_not_while_its_machine_is_there_and_lacks_the_disk(space: Space | None) -> None:
    assert await emptied(Shelf(DB), OVER, space=space) == []


async def test_at_its_time_where_its_machine_has_the_disk() -> None:
    assert await emptied(Shelf(DB), OVER, left=["data.qcow2"]) == ["one"]
    assert await emptied(Shelf(DB), FRESH, left=["data.qcow2"], space=FULL) == []


async def test_one_disk_that_it_lacks_is_reason_enough() -> None:
    both = replace(OVER, disks=(*OVER.disks, TrashedDisk("log", "/state/machines/default/db/log.qcow2", 5, 10, None)))
    vm = machine(name="db", disks=[{"name": "data", "size": "1Gi"}, {"name": "log", "size": "1Gi"}])
    assert await emptied(Shelf(vm), both, left=["log.qcow2"]) == []
    assert await emptied(Shelf(vm), both, left=["log.qcow2", "data.qcow2"]) == ["one"]


@pytest.mark.parametrize("vm", [deleted(DB), machine(name="other")])
async def test_a_machine_that_goes_or_another_one_claims_nothing(vm: VirtualMachine) -> None:
    assert await emptied(Shelf(vm), OVER) == ["one"]


async def test_what_does_not_return_is_nobody_s() -> None:
    assert await emptied(Shelf(DB), replace(OVER, returns=False)) == ["one"]


async def test_a_machine_that_cannot_be_read_may_want_all_of_it() -> None:
    shelf = Shelf(DB)
    shelf.failing[DB.key] = Unreadable("spec: is broken")
    assert await emptied(shelf, OVER) == []


async def test_a_machine_that_came_back_while_others_were_erased_keeps_its_own() -> None:
    shelf, host = Shelf(), WorldHost()
    other = replace(OVER, entry="zero", name="gone", uid="uid-gone", since="2025-12-01T00:00:00Z")
    host.aside = [OVER, other]
    erase = host.erase

    async def and_comes_back(entry: str) -> None:
        await erase(entry)
        shelf.put(DB)

    host.erase = and_comes_back  # type: ignore[method-assign]
    gone = await empty_trash(shelf, host, lambda: None, OperatorMetrics())  # type: ignore[arg-type]
    assert [erasure.entry.entry for erasure in gone] == ["zero"] and [entry.entry for entry in host.aside] == ["one"]


async def test_nothing_is_erased_past_the_fence_or_told_of_nobody() -> None:
    host, shelf = WorldHost(), Shelf()
    host.aside = [OVER]

    def closed() -> None:
        raise StoreFailure("the lease is another's")

    with pytest.raises(StoreFailure):
        await empty_trash(shelf, host, closed, OperatorMetrics())  # type: ignore[arg-type]
    assert host.aside == [OVER]
    assert await emptied(shelf, replace(OVER, name="", returns=False)) == ["one"] and shelf.told == []


# Disks that a deployment kept


class Host(WorldHost):
    def __init__(self, *kept: KeptDisks) -> None:
        super().__init__()
        self.kept = kept

    async def kept_disks(self, namespace: str, deployment: str, owner: str) -> tuple[KeptDisks, ...]:
        assert (namespace, deployment, owner) == ("default", "web", "uid-web")
        return self.kept


KEPT = KeptDisks(machine="web-3", directory="/state/machines/default/web-3", disks=("data",), uid="uid-web-3")
VMD = deployment(1, stateful=True, strategy={"rollingUpdate": {"maxUnavailable": 1}})


def going(*finalizers: str) -> Any:
    gone = {"deletion_timestamp": BORN, "finalizers": finalizers}
    return VMD.model_copy(update={"metadata": VMD.metadata.model_copy(update=gone)})


def owned(name: str) -> VirtualMachine:
    vm = machine(name=name)
    return vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"owner_references": (owner_reference(VMD),)})})


@pytest.mark.parametrize("keep", [0.0, 3600.0])
async def test_at_its_end_they_go_and_the_host_lets_go(keep: float) -> None:
    shelf, host = Shelf(going()), Host(KEPT)
    host.world.host = replace(host.world.host, trash_keep=keep)
    host.world.disks = {f"{KEPT.directory}/data.qcow2": None}  # type: ignore[dict-item]
    done: list[str] = []

    async def noted(action: act.Action) -> None:
        done.extend(kinds([action]))

    host.execute = noted  # type: ignore[method-assign]
    assert await KeptDisksReconciler(shelf, host).reconcile(going()) is GONE  # type: ignore[arg-type]
    assert done == ["SetAside" if keep else "DeleteFile", "DeleteDirectory"]
    assert shelf.released == [VMD.key] and [reason for _, reason in shelf.told] == ["SetAside" if keep else "FileDeleted"]


async def test_not_before_it_is_deleted_nor_while_its_machines_stay_or_are_here() -> None:
    host = Host(KEPT)
    for vmd, shelf in (
        (VMD, Shelf(VMD)),
        (going(ORPHANING), Shelf(going(ORPHANING))),
        (going(), Shelf(going(), owned("web-1"))),
    ):
        assert (await KeptDisksReconciler(shelf, host).reconcile(vmd)).after is None  # type: ignore[arg-type]
        assert shelf.released == [] and host.done == []


async def test_what_another_machine_of_the_name_has_by_now_is_left_to_it() -> None:
    shelf, host = Shelf(going(), machine(name="web-3")), Host(KEPT)
    assert await KeptDisksReconciler(shelf, host).reconcile(going()) is GONE  # type: ignore[arg-type]
    assert host.done == [] and shelf.released == [VMD.key]
