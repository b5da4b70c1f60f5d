"""A stateful deployment's disks of indexes that were scaled away go with it, or stay where they are to be retained; whatever
else has such a name is left alone, and being killed at any step changes nothing of that."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.libvirt.site import Site, living, numbered, plain

STATEFUL: dict[str, Any] = {"stateful": True, "strategy": {"rollingUpdate": {"maxUnavailable": 1}}}


def template(policy: str = "Delete") -> dict[str, Any]:
    return plain(disks=[{"name": "data", "size": "1Mi"}], reclaimPolicy=policy)


def room(site: Site) -> Path:
    return site.state / "machines" / "default"


def left(site: Site) -> list[str]:
    return sorted(str(path.relative_to(room(site))) for path in room(site).glob("web-*/*"))


async def scaled_away(site: Site, policy: str = "Delete") -> None:
    """web-2 and web-3 were there, and are no more."""
    site.deploy("stays", 0)  # a folder without any YAML would have to be confirmed
    site.deploy("web", 3, template(policy), **STATEFUL)
    site.start()
    await site.settled("web", *numbered("web", 3))
    site.deploy("web", 1, template(policy), **STATEFUL)
    await site.until(lambda: list(site.machines()) == ["web-1"], "two are scaled away")
    await site.at_rest()


async def test_they_go_with_it(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await scaled_away(site)
        assert left(site) == [
            "web-1/created",
            "web-1/data.qcow2",
            *(f"web-{i}/{f}" for i in (2, 3) for f in ("data.qcow2", "kept.json")),
        ]
        site.deploy("web", 2, template(), **STATEFUL)
        await site.until(lambda: "web-2" in site.machines(), "there is another web-2")
        await site.settled("web", *numbered("web", 2))
        assert "web-2/kept.json" not in left(site), "it is the new machine's"
        theirs = room(site) / "web-9"
        theirs.mkdir()
        (theirs / "data.qcow2").write_bytes(b"precious")
        site.remove("web")
        await site.until(lambda: site.deployment("web") is None, "it has gone")
        assert left(site) == ["web-9/data.qcow2"]


async def test_they_stay_where_the_policy_is_to_retain_them_for_good(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await scaled_away(site)
        site.deploy("web", 1, template("Retain"), **STATEFUL)
        await site.until(lambda: site.machines()["web-1"].spec.reclaim_policy == "Retain", "its machine is told")
        await site.settled("web", "web-1")
        site.remove("web")
        await site.until(lambda: site.deployment("web") is None, "it has gone")
        kept = [f"web-{i}/data.qcow2" for i in (1, 2, 3)]
        assert left(site) == kept
        # Another deployment of that name, and of that identity, had nothing to do with them.
        site.deploy("web", 0, template(), **STATEFUL)
        await site.until(lambda: site.deployment("web"), "there is another web")
        await site.settled("web")
        site.remove("web")
        await site.until(lambda: site.deployment("web") is None, "it has gone again")
        assert left(site) == kept


async def test_another_machine_of_that_name_keeps_what_it_took_up(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await scaled_away(site)
        site.write("VirtualMachine", "web-3", template("Retain"))
        await site.until(lambda: "web-3" in site.running(), "somebody's own machine runs")
        site.remove("web")
        await site.until(lambda: site.deployment("web") is None, "it has gone")
        assert site.running() == ["web-3"] and left(site) == ["web-3/created", "web-3/data.qcow2"]


@pytest.mark.parametrize("before", [True, False])
async def test_killed_at_every_step(tmp_path: Path, before: bool) -> None:
    async with living(tmp_path) as site:
        await scaled_away(site)
        site.remove("web")
        await site.stop()
        for step in range(1, 60):
            site.start(step, before=before)
            await site.until(lambda: not site.alive or site.deployment("web") is None, "it died or was done")
            await asyncio.sleep(0)
            if site.alive:
                break
            await site.stop()
        assert site.deployment("web") is None and left(site) == []
