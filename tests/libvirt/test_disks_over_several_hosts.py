"""A Disk lies on one host, machines follow it, and nothing of it is made anywhere else."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from homeostat.driver.storage.disks.labelled import labelled_disks
from homeostat.models.base import Key
from homeostat.models.condition import Condition, find_condition
from homeostat.models.disk import Disk
from homeostat.planner.placement import host_of
from tests.libvirt.spread import Spread, spread

BLANK = {"size": "1Mi"}
ON = "kubernetes.io/hostname"
NAMED = [{"name": "data", "diskRef": {"name": "data"}}]


def disk(site: Spread, name: str) -> Disk | None:
    row = site.store.index.row(Key(Disk.KIND, "default", name))
    found = site.store.resource(row) if row else None
    return found if isinstance(found, Disk) else None


def ready(site: Spread, name: str) -> Condition | None:
    found = disk(site, name)
    return find_condition(found.status.conditions, "Ready") if found and found.status else None


def reason(site: Spread, name: str) -> str:
    said = ready(site, name)
    return said.reason if said else ""


def lies(site: Spread, name: str) -> str | None:
    found = disk(site, name)
    return host_of(found.metadata.finalizers) if found else None


def file_of(site: Spread, name: str) -> Path:
    return site.state / "disks" / "default" / name / "disk.img"


async def test_it_goes_where_its_selector_says_and_its_machine_follows(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Disk", "data", {**BLANK, "hostSelector": {ON: "b"}})
        site.vm("web", runStrategy="Halted", disks=NAMED)
        site.write("Host", "a", {})  # a folder without any document deletes nothing
        site.start()
        await site.until(lambda: reason(site, "data") == "DiskReady" and site.ready("web"), "both are ready")
        assert (lies(site, "data"), site.placed("web")) == ("b", "b")
        found = disk(site, "data")
        assert found and found.status and found.status.host == "b" and file_of(site, "data").exists()
        await site.until(lambda: (one := disk(site, "data")) and one.status and one.status.attached_to == "web", "it says so")

        site.remove("web")
        await site.until(lambda: site.machine("web") is None, "the machine is gone")
        assert file_of(site, "data").exists()
        site.remove("data")
        await site.until(lambda: disk(site, "data") is None, "the Disk is gone, too")
        assert not file_of(site, "data").exists()


async def test_it_goes_where_the_machine_that_names_it_must_run(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Disk", "data", BLANK)
        site.write("Disk", "more", BLANK)
        site.vm("web", "b", runStrategy="Halted", disks=[*NAMED, {"name": "more", "diskRef": {"name": "more"}}])
        site.start()
        await site.until(lambda: site.ready("web"), "the machine is ready")
        assert (lies(site, "data"), lies(site, "more"), site.placed("web")) == ("b", "b", "b")


async def test_a_copy_is_made_where_its_source_lies(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Disk", "data", {**BLANK, "hostSelector": {ON: "b"}})
        site.write("Disk", "copy", {"source": {"diskRef": {"name": "data"}}})
        site.write("Disk", "never", {"source": {"diskRef": {"name": "data"}}, "hostSelector": {ON: "a"}})
        site.start()
        await site.until(lambda: reason(site, "copy") == "DiskReady", "the copy is made")
        assert lies(site, "copy") == "b"
        await site.until(lambda: reason(site, "never") == "HostSelectorContradicts", "the other one says why not")
        assert lies(site, "never") is None and not file_of(site, "never").exists()


async def test_what_cannot_be_on_one_host_says_so_and_is_placed_once_it_can(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Disk", "data", {**BLANK, "hostSelector": {ON: "a"}})
        site.write("Disk", "more", {**BLANK, "hostSelector": {ON: "b"}})
        both = [*NAMED, {"name": "more", "diskRef": {"name": "more"}}]
        site.start()
        await site.until(lambda: reason(site, "data") == reason(site, "more") == "DiskReady", "both are made")
        site.vm("web", runStrategy="Halted", disks=both)
        site.vm("off", "b", runStrategy="Halted", disks=NAMED)
        stalled = lambda name: (site.condition(name, "Stalled") or Condition(type="", status="False", reason="")).reason  # noqa: E731
        await site.until(lambda: stalled("web") == "OnSeveralHosts", "it says that they are on two hosts")
        await site.until(lambda: stalled("off") == "HostSelectorContradicts", "it says that its selector contradicts")
        assert site.placed("web") is None and site.placed("off") is None
        site.remove("off")
        site.vm("web", runStrategy="Halted", disks=NAMED)
        await site.until(lambda: site.ready("web"), "it is made")
        assert site.placed("web") == "a"

        site.vm("web", runStrategy="Halted", disks=both)  # on host a by now
        await site.until(lambda: stalled("web") == "OnSeveralHosts", "a machine that has a host says so, too")
        assert "is on host b, and this machine is on host a" in site.message("web")


async def test_one_that_nothing_names_waits_a_moment_for_its_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeostat.runtime.disk.placement.PATIENCE", 3600.0)
    async with spread(tmp_path) as site:
        site.write("Disk", "data", BLANK)
        site.start()
        await site.until(lambda: reason(site, "data") == "NoMachineYet", "it waits")
        site.vm("web", "b", runStrategy="Halted", disks=NAMED)
        await site.until(lambda: site.ready("web"), "the machine is ready")
        assert lies(site, "data") == "b"


async def test_while_its_host_is_not_served_it_says_so_and_is_made_nowhere_else(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Disk", "data", {**BLANK, "hostSelector": {ON: "b"}})
        site.start()
        await site.until(lambda: reason(site, "data") == "DiskReady", "it is made")
        await site.stop()
        site.served = ["a"]
        site.vm("web", runStrategy="Halted", disks=NAMED)
        site.write("Disk", "copy", {"source": {"diskRef": {"name": "data"}}})
        site.start()
        await site.until(lambda: reason(site, "data") == "OperatorGone", "it is not known")
        await site.until(lambda: "Disk data is on host b" in site.message("web"), "its machine waits for that host")
        await site.until(lambda: reason(site, "copy") == "HostNotReady", "so does a copy of it")
        said = ready(site, "data")
        assert said and said.status == "Unknown" and lies(site, "data") == "b" and site.placed("web") is None

        await site.stop()
        site.served = ["a", "b"]
        site.start()
        await site.until(lambda: site.ready("web") and reason(site, "data") == "DiskReady", "it is back")
        assert site.placed("web") == lies(site, "copy") == "b"


async def test_one_whose_host_is_lost_is_let_go_where_that_is_asked_for(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Disk", "data", {**BLANK, "hostSelector": {ON: "b"}})
        site.start()
        await site.until(lambda: reason(site, "data") == "DiskReady", "it is made")
        await site.stop()
        site.served = ["a"]
        site.start()
        await site.until(lambda: reason(site, "data") == "OperatorGone", "it is not known")
        site.write("Host", "a", {})
        abandon = {"homeostat.dev/abandon": "true"}
        site.write("Disk", "data", {**BLANK, "hostSelector": {ON: "b"}}, annotations=abandon)
        await site.until(lambda: (one := disk(site, "data")) and one.metadata.annotations == abandon, "it was read")
        site.remove("data")
        await site.until(lambda: disk(site, "data") is None, "it is let go")
        assert file_of(site, "data").exists()


async def test_one_that_was_kept_is_taken_up_by_whichever_host_it_goes_to(tmp_path: Path) -> None:
    """All hosts of a folder open the same files."""
    kept = {**BLANK, "reclaimPolicy": "Retain"}
    async with spread(tmp_path) as site:
        site.write("Host", "a", {})  # a folder without any document deletes nothing
        site.write("Disk", "data", {**kept, "hostSelector": {ON: "b"}})
        site.start()
        await site.until(lambda: reason(site, "data") == "DiskReady", "it is made")
        number = file_of(site, "data").stat().st_ino
        assert labelled_disks(site.state) == ["default/data"]
        site.remove("data")
        await site.until(lambda: disk(site, "data") is None, "it is gone")
        assert labelled_disks(site.state) == ["default/data"], "its file stays"
        site.write("Disk", "data", kept)
        site.vm("web", "a", runStrategy="Halted", disks=NAMED)
        await site.until(lambda: site.ready("web") and reason(site, "data") == "DiskReady", "both are ready")
        assert (lies(site, "data"), site.placed("web"), file_of(site, "data").stat().st_ino) == ("a", "a", number)


async def test_a_lost_index_finds_it_with_the_host_that_has_it_open(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Disk", "data", BLANK)
        site.vm("web", "b", runStrategy="Halted", disks=NAMED)
        site.start()
        await site.until(lambda: site.ready("web"), "it is ready")
        await site.lose_index()
        site.vm("web", runStrategy="Halted", disks=NAMED)
        site.start()
        await site.until(lambda: site.ready("web") and reason(site, "data") == "DiskReady", "both are known again")
        assert (lies(site, "data"), site.placed("web")) == ("b", "b")


def writers(site: Spread) -> dict[str, list[str]]:
    """Running domains by the Disk's file that they write to, as ``host/name``."""
    found: dict[str, list[str]] = {}
    for name, host in site.all.items():
        for domain in host.domains():
            for device in domain.live.disks if domain.live is not None and domain.state.active else ():
                if device.source and "/disks/" in device.source:
                    found.setdefault(device.source, []).append(f"{name}/{domain.name}")
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_no_disk_has_two_writers_whenever_operators_are_killed(tmp_path: Path, seed: int) -> None:
    chance, disks, names = random.Random(seed), ["data", "more"], [f"m{number}" for number in range(4)]
    async with spread(tmp_path) as site:
        site.write("Host", "a", {})  # a folder without any document deletes nothing

        def declare(name: str) -> None:
            disk = disks[int(name[1:]) % 2]
            site.vm(name, chance.choice(["a", "b", None]), disks=[{"name": "data", "diskRef": {"name": disk}}])

        for name in disks:
            site.write("Disk", name, BLANK)
        for name in names:
            declare(name)
        for _ in range(10):
            site.start()
            await asyncio.sleep(chance.uniform(0.0, 0.8))
            name = chance.choice(names)
            if (site.folder / f"{name}.yaml").exists() and chance.random() < 0.6:
                site.remove(name)
            else:
                declare(name)
            await asyncio.sleep(chance.uniform(0.0, 0.4))
            await (site.lose_index() if chance.random() < 0.3 else site.cut())
            assert all(len(who) == 1 for who in writers(site).values()), writers(site)
        for name in names:
            site.vm(name, disks=[{"name": "data", "diskRef": {"name": disks[int(name[1:]) % 2]}}])
        site.start()
        await site.until(lambda: all(reason(site, name) == "DiskReady" for name in disks), "both are ready in the end")
        await site.until(lambda: len(writers(site)) == 2, "each has a writer")
        assert all(len(who) == 1 for who in writers(site).values()), writers(site)
        for name in disks:
            folder = file_of(site, name).parent
            assert sorted(path.name for path in folder.iterdir()) == ["disk.img", "disk.json"]
