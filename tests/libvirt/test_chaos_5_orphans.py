"""What an index that was lost leaves behind is found and told of, and a deletion that had begun is finished."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from homeostat.assembly.job import JobConfig
from homeostat.models.base import Key
from homeostat.planner.orphans import Orphan
from homeostat.runtime.machine import orphans
from homeostat.runtime.machine.orphans import OrphanWatch, machine_to_delete
from tests.libvirt import site as sites
from tests.libvirt.site import Site, living, plain

DISK = {"name": "data", "size": "1Mi"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("GATHER", 0.01), ("AGAIN", 0.05), ("SETTLE", 0.2)):
        monkeypatch.setattr(orphans, name, seconds)


class Watched(Site):
    """A site whose operator looks for orphans, as `up` does."""

    def config(self) -> JobConfig:
        instance = str(self.store.state.instance_id)
        self.watch = OrphanWatch(self.store, self.store, self.host, instance, deletions=self.store)
        return JobConfig(instance, orphans=self.watch)

    def lose_the_index(self) -> None:
        self.store.close()
        for file in self.state.glob("index.sqlite*"):
            os.unlink(file)

    def names(self) -> list[str]:
        return [orphan.name for orphan in self.watch.found]

    def settings(self) -> int:
        return int(self.store.index.read("SELECT count(*) FROM settings WHERE name LIKE 'orphans:%'")[0][0])


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(sites, "Site", Watched)
    async with living(tmp_path) as made:
        assert isinstance(made, Watched)
        yield made


async def test_chaos_5_domains_that_lost_their_resource_are_told_of_once(site: Watched) -> None:
    site.write("VirtualMachine", "a", plain())
    site.write("VirtualMachine", "b", plain(disks=[DISK]))
    site.start()
    await site.until(lambda: site.running() == ["a", "b"], "both run")
    await site.at_rest()
    assert site.names() == []
    await site.stop()
    site.remove("b")
    site.lose_the_index()
    site.start()
    await site.until(lambda: site.names() == ["b"], "b is an orphan")
    (orphan,) = site.watch.found
    assert (orphan.state, orphan.disks) == ("running", ("data",))
    told = [event for event in site.store.events(0) if event.reason == "Orphaned"]
    assert [event.key for event in told] == [Key("VirtualMachine", "default", "b")]
    assert "homeostat delete orphan b" in told[0].message and "domain b (running), disks data in " in told[0].message
    text = site.operator.metrics.registry.get_sample_value("homeostat_orphans", {"host": "local", "state": "running"})
    assert text == 1 and site.settings() == 1
    await site.stop()
    site.start()  # the next operator knows that it was told of
    await site.until(lambda: site.names() == ["b"], "b is an orphan still")
    assert site.running() == ["a", "b"] and site.store.events(0)[-1].count == told[-1].count
    site.write("VirtualMachine", "b", plain(disks=[DISK]))  # the way out: it finds its domain
    await site.until(lambda: site.names() == [] and "b" in site.machines(), "b has a resource again")
    assert site.running() == ["a", "b"] and site.settings() == 0
    await site.stop()


async def die_while_deleting_b(site: Watched) -> None:
    site.start()
    await site.until(lambda: site.running() == ["a", "b"], "both run")
    await site.stop()
    site.start(kill_at=1, before=False)
    site.remove("b")
    await site.until(lambda: not site.alive, "the operator died after the first step of the deletion")
    await site.stop()


async def test_chaos_5_a_deletion_that_had_begun_is_finished(site: Watched) -> None:
    """The guest does not answer, so the operator dies between asking it to shut down and the end of its grace."""
    site.write("VirtualMachine", "a", plain())
    site.write("VirtualMachine", "b", plain(disks=[DISK], reclaimPolicy="Retain"))
    await die_while_deleting_b(site)
    assert site.running() == ["a", "b"]
    site.lose_the_index()
    site.start()
    await site.until(lambda: site.domains() == {"a": True} and "b" not in site.machines(), "b has gone")
    assert (site.state / "machines/default/b/data.qcow2").exists()  # as its own policy says
    await site.until(lambda: [o.state for o in site.watch.found] == ["retained"], "its disk is listed as kept")
    await site.stop()


async def test_chaos_5_a_deletion_that_had_begun_is_dropped_where_the_document_is_there(site: Watched) -> None:
    site.write("VirtualMachine", "a", plain())
    site.write("VirtualMachine", "b", plain(disks=[DISK]))
    document = (site.folder / "b.yaml").read_text()
    await die_while_deleting_b(site)
    site.lose_the_index()
    (site.folder / "b.yaml").write_text(document)
    site.start()
    note = site.state / "machines/default/b/deleting.json"
    await site.until(lambda: not note.exists() and site.names() == [], "it lives on")
    assert site.running() == ["a", "b"]
    await site.stop()


async def test_chaos_5_doubt_finishes_no_deletion(site: Watched) -> None:
    """A broken file may hold it."""
    site.write("VirtualMachine", "a", plain())
    site.write("VirtualMachine", "b", plain())
    await die_while_deleting_b(site)
    site.lose_the_index()
    (site.folder / "broken.yaml").write_text("x: [\n")
    site.start()
    await site.until(lambda: site.names() == ["b"] and bool(site.watch._waiting), "it is seen")
    seen = site.watch._waiting["default", "b"]
    await site.until(lambda: bool(site.watch.found) and site.watch.scanned > seen + 3 * orphans.SETTLE, "it was looked at later")
    assert site.running() == ["a", "b"] and list(site.machines()) == ["a"]
    (site.folder / "broken.yaml").unlink()
    await site.until(lambda: site.domains() == {"a": True}, "it goes when nothing is in doubt")
    await site.stop()


async def test_nothing_is_written_for_orphans_at_rest(site: Watched) -> None:
    site.write("VirtualMachine", "a", plain())
    site.start()
    await site.until(lambda: site.running() == ["a"], "it runs")
    await site.at_rest()
    before = site.store.index.data_version(), site.watch.scans
    await site.at_rest()
    assert (site.store.index.data_version(), site.watch.scans) == before
    await site.stop()


async def orphaned(site: Watched) -> Orphan:
    """b, which lost its document together with the index."""
    site.write("VirtualMachine", "a", plain())
    site.write("VirtualMachine", "b", plain(disks=[DISK, {"name": "root", "size": "1Mi"}]))
    site.start()
    await site.until(lambda: site.running() == ["a", "b"], "both run")
    await site.stop()
    site.remove("b")
    site.lose_the_index()
    site.start()
    await site.until(lambda: site.names() == ["b"], "b is an orphan")
    return site.watch.found[0]


async def test_an_orphan_goes_when_a_person_says_so(site: Watched) -> None:
    site.store.take_up(machine_to_delete(await orphaned(site), keep_disks=False))
    folder = site.state / "machines/default/b"
    await site.until(lambda: site.domains() == {"a": True} and site.names() == [] and not folder.exists(), "b has gone")
    assert list(site.machines()) == ["a"]
    await site.stop()


async def test_an_orphan_goes_and_its_disks_stay(site: Watched) -> None:
    site.store.take_up(machine_to_delete(await orphaned(site), keep_disks=True))
    await site.until(lambda: [o.state for o in site.watch.found] == ["retained"], "its disks are kept")
    assert site.domains() == {"a": True} and site.watch.found[0].disks == ("data", "root")
    site.store.take_up(machine_to_delete(site.watch.found[0], keep_disks=False))  # later these too
    await site.until(lambda: site.names() == [] and not (site.state / "machines/default/b").exists(), "they have gone")
    await site.stop()


async def test_an_orphan_that_is_being_deleted_is_kept_when_its_document_comes_back(site: Watched) -> None:
    orphan = await orphaned(site)
    await site.stop()
    site.store.take_up(machine_to_delete(orphan, keep_disks=False))
    site.write("VirtualMachine", "b", plain(disks=[DISK, {"name": "root", "size": "1Mi"}]))
    site.start()
    await site.until(lambda: site.names() == [] and not site.machines()["b"].deleting, "it lives on")
    await site.at_rest()
    assert site.running() == ["a", "b"] and site.store.errors() == []
    await site.stop()
