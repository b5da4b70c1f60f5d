"""Somebody defines a machine's domain on a second host by hand: it is told of, and the machine runs once."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.planner.orphans import Orphan
from homeostat.runtime.machine import orphans
from tests.libvirt.spread import Spread, handle, spread


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GATHER", "AGAIN"):
        monkeypatch.setattr(orphans, name, 0.05)


async def copied(site: Spread, name: str, **spec: object) -> None:
    """Runs a machine on host a, and its domain on host b, too."""
    site.vm(name, "a", **spec)
    site.start()
    await site.until(lambda: site.ready(name), "it is ready")
    handle(site, "b").defineXML(handle(site, "a").lookupByName(name).XMLDesc()).create()
    await site.until(lambda: running(site, "b", name), "b runs it, too")


def running(site: Spread, host: str, name: str) -> bool:
    domain = site.all[host].domain_named(name)
    return domain is not None and domain.state.active


def told(site: Spread) -> dict[str, list[Orphan]]:
    return {host: list(found) for host, found in site.store.all_orphans().items() if found}


def waits(site: Spread, name: str) -> bool:
    found = site.condition(name)
    return found is not None and found.reason == "OnAnotherHost" and f"`virsh undefine {name}` there" in found.message


async def test_it_is_an_orphan_of_the_other_host_without_the_folder_of_the_machine(tmp_path: Path) -> None:
    disk = [{"name": "root", "size": "1Mi"}]
    async with spread(tmp_path) as site:
        site.vm("two", "b", disks=disk, runStrategy="Halted")
        site.vm("three", "a", disks=disk)
        await copied(site, "net", disks=disk)
        await site.until(lambda: told(site), "it is told of")
        ((host, (orphan,)),) = told(site).items()
        assert (host, orphan.name, orphan.domain, orphan.state, orphan.twin) == ("b", "net", "net", "running", True)
        assert (orphan.directory, orphan.disks) == ("", ()), "those are of the machine on a"
        await site.until(lambda: (found := site.host("b")) and found.status and found.status.orphans, "the Host says so")
        handle(site, "b").lookupByName("net").destroy()
        handle(site, "b").lookupByName("net").undefine()
        await site.until(lambda: not told(site), "it is gone")
        assert site.ready("net", "three")


async def test_it_is_not_started_while_the_other_host_runs_it(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await copied(site, "net")
        await site.stop()
        handle(site, "a").lookupByName("net").destroy()
        site.start()
        await site.until(lambda: waits(site, "net"), "it says where it runs, and what to do")
        assert "runs on host b" in site.message("net")
        assert not running(site, "a", "net") and running(site, "b", "net")


async def test_it_starts_once_the_other_guest_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeostat.assembly.whereabouts.RETRY_SECONDS", 0.1)
    async with spread(tmp_path) as site:
        await copied(site, "net")
        handle(site, "a").lookupByName("net").destroy()
        await site.until(lambda: waits(site, "net"), "it is not started again")
        handle(site, "b").lookupByName("net").destroy()
        await site.until(lambda: site.ready("net"), "nothing else runs it now")
        assert running(site, "a", "net") and not running(site, "b", "net")


async def test_where_both_run_neither_is_restarted(tmp_path: Path) -> None:
    """It would be off after that."""
    async with spread(tmp_path) as site:
        await copied(site, "net")
        runs = site.all["a"].domain_named("net").run  # type: ignore[union-attr]
        site.vm("net", "a", restartedAt="2026-01-01T00:00:00Z")
        await site.until(lambda: waits(site, "net"), "it says why")
        assert site.all["a"].domain_named("net").run == runs  # type: ignore[union-attr]
