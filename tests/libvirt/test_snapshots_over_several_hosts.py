"""A snapshot is taken by the host that has its machine, and goes with its data also where the machine has gone."""

from __future__ import annotations

from pathlib import Path

from homeostat.driver.storage.disks.tags import read_tags
from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.snapshot import Snapshot, SnapshotStatus
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
