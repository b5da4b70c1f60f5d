"""A snapshot is taken by the host that has its machine, and goes with its data also where the machine has gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homeostat.driver.storage.disks.tags import read_tags
from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.snapshot import Snapshot, SnapshotStatus
from homeostat.runtime.schedule.reconcile import ScheduleReconciler
from tests.libvirt.spread import Spread, spread

DISKS = [{"name": "data", "size": "1Mi"}]


def status(site: Spread, name: str) -> SnapshotStatus:
    row = site.store.index.row(Key(Snapshot.KIND, "default", name))
    found = site.store.resource(row) if row else None
    return found.status if isinstance(found, Snapshot) and found.status else SnapshotStatus()


def reason(site: Spread, name: str) -> str:
    ready = find_condition(status(site, name).conditions, "Ready")
    return ready.reason if ready else ""


def tags(site: Spread, machine: str) -> list[str]:
    path = site.state / "machines" / "default" / machine / "data.qcow2"
    return [found.tag for found in read_tags(str(path)) or ()] if path.exists() else []


async def test_each_is_taken_where_its_machine_is(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        for machine, host in (("one", "a"), ("two", "b")):
            site.write("Snapshot", f"of-{machine}", {"machineRef": {"name": machine}})
            site.vm(machine, host, runStrategy="Halted", disks=DISKS)
        site.write("Snapshot", "of-none", {"machineRef": {"name": "none"}})
        site.start()
        await site.until(lambda: reason(site, "of-one") == reason(site, "of-two") == "Taken", "both are taken")
        assert (status(site, "of-one").host, status(site, "of-two").host) == ("a", "b")
        assert status(site, "of-one").consistency == "Off"
        await site.until(lambda: reason(site, "of-none") == "MachineNotFound", "the third says why it is not")
        assert len(tags(site, "one")) == len(tags(site, "two")) == 1

        site.remove("of-one")
        site.remove("of-none")
        rows = lambda: {row.name for row in site.store.rows(Snapshot.KIND)}  # noqa: E731
        await site.until(lambda: rows() == {"of-two"}, "both are gone")
        assert tags(site, "one") == []
        site.remove("two")
        await site.until(lambda: site.machine("two") is None, "the machine is gone")
        site.remove("of-two")
        await site.until(lambda: not rows(), "its snapshot can go, too")
        assert not list((site.state / "snapshots").iterdir())


async def test_what_is_made_of_it_is_made_there_and_no_machine_elsewhere_goes_back_to_it(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.vm("one", "b", runStrategy="Halted", disks=DISKS)
        site.write("Snapshot", "of-one", {"machineRef": {"name": "one"}})
        site.write("Disk", "copy", {"source": {"snapshotRef": {"name": "of-one", "disk": "data"}}})
        site.vm("two", runStrategy="Halted", disks=[{"name": "copy", "diskRef": {"name": "copy"}}])
        site.start()
        await site.until(lambda: site.ready("two"), "a machine has the copy")
        assert (status(site, "of-one").host, site.placed("two")) == ("b", "b")
        assert (site.state / "disks" / "default" / "copy" / "disk.img").exists()

        site.vm("far", "a", runStrategy="Halted", disks=DISKS)
        await site.until(lambda: site.ready("far"), "it is there")
        restore = {"snapshot": "of-one", "token": "1"}
        site.vm("far", "a", runStrategy="Halted", disks=DISKS, restoreFrom=restore)
        await site.until(
            lambda: "snapshot of-one is of machine one, not of machine far" in site.message("far"), "it says why not"
        )
        site.vm("one", "b", runStrategy="Halted", disks=DISKS, restoreFrom=restore)
        restored = lambda: (found := site.machine("one")) and found.status and found.status.restored == "1"  # noqa: E731
        await site.until(restored, "its own machine does")


async def test_one_whose_host_is_not_served_says_so(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.vm("one", "b", runStrategy="Halted", disks=DISKS)
        site.write("Snapshot", "of-one", {"machineRef": {"name": "one"}})
        site.start()
        await site.until(lambda: reason(site, "of-one") == "Taken", "it is taken")
        await site.stop()
        site.served = ["a"]
        site.start()
        await site.until(lambda: reason(site, "of-one") == "OperatorGone", "it is not known")
        await site.stop()
        site.served = ["a", "b"]
        site.start()
        await site.until(lambda: reason(site, "of-one") == "Taken", "it is back")


def by_clock(monkeypatch: pytest.MonkeyPatch, now: Callable[[], datetime]) -> None:
    """Has schedules go by a clock of the test's."""
    halted, _, *rest = ScheduleReconciler.__init__.__defaults__ or ()
    monkeypatch.setattr(ScheduleReconciler.__init__, "__defaults__", (halted, now, *rest))


async def test_a_schedule_makes_them_where_its_machine_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = datetime.now(UTC)
    later = iter(range(10**6))  # each look is a minute after the one before
    by_clock(monkeypatch, lambda: began + timedelta(minutes=next(later)))
    async with spread(tmp_path) as site:
        site.vm("one", "b", runStrategy="Halted", disks=DISKS)
        site.write("SnapshotSchedule", "often", {"template": {"spec": {"machineRef": {"name": "one"}}}, "schedule": "* * * * *"})
        site.start()
        taken = lambda: [row.name for row in site.store.rows(Snapshot.KIND) if status(site, row.name).host == "b"]  # noqa: E731
        await site.until(taken, "one is taken on its host")


async def test_what_a_schedule_made_is_found_again_after_the_index_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [datetime.now(UTC)]
    by_clock(monkeypatch, lambda: clock[0])
    async with spread(tmp_path) as site:
        site.vm("one", "b", runStrategy="Halted", disks=DISKS)
        site.write("SnapshotSchedule", "daily", {"template": {"spec": {"machineRef": {"name": "one"}}}, "schedule": "0 3 * * *"})
        site.start()
        await site.until(lambda: site.ready("one"), "its machine is there")
        names = lambda: sorted(row.name for row in site.store.rows(Snapshot.KIND))  # noqa: E731
        for day in (1, 2):
            await site.stop()
            clock[0] += timedelta(days=1)
            site.start()
            await site.until(lambda: [reason(site, name) for name in names()] == ["Taken"] * day, f"day {day}")  # noqa: B023
        before, held = names(), tags(site, "one")
        await site.lose_index()
        site.start()
        await site.until(lambda: [reason(site, name) for name in names()] == ["Taken"] * 2, "both are known again")
        assert names() == before and tags(site, "one") == held
        assert [status(site, name).host for name in before] == ["b", "b"]
