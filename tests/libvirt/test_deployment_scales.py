"""Machines are named <deployment>-1..N; the highest go first, holes are refilled, and counts are those of the domains."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.libvirt.site import claims_too_much, key_of, living, numbered, state_of


async def test_up_and_down(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        claims: list[str] = []
        site.checks.append(lambda: claims.append(claims_too_much(site, "web")))
        site.deploy("web", 0)
        site.start()
        for replicas in (0, 10, 2, 10):
            site.deploy("web", replicas)
            await site.settled("web", *numbered("web", replicas))
            uids = {name: machine.metadata.uid for name, machine in site.machines().items()}
            assert set(uids) == set(numbered("web", replicas)) and len(set(uids.values())) == replicas
        await site.at_rest()
        assert not any(claims), next(filter(None, claims))
        steps = site.steps
        await site.stop()
        site.start()  # a new operator finds nothing to do
        known = {key_of("web"), *(machine.key for machine in site.machines().values())}
        await site.until(lambda: known <= set(site.operator.looked_at), "all were looked at")
        await site.at_rest()
        assert site.steps == 0, f"{site.steps} writes (the first operator: {steps})"


async def test_a_hole_is_refilled_under_its_name(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        site.deploy("web", 4)
        site.start()
        await site.settled("web", *numbered("web", 4))
        before = site.machines()
        await site.store.delete_owned(before["web-2"].key, {})
        await site.until(
            lambda: (
                site.machines().get("web-2") is not None
                and not site.machines()["web-2"].deleting
                and site.machines()["web-2"].metadata.creation_timestamp != ""
            ),
            "web-2 is made anew",
        )
        await site.settled("web", *numbered("web", 4))
        assert "MachineDeleted" not in site.events("web")
        same = ("web-1", "web-3", "web-4")
        assert all(site.machines()[n].metadata.generation == before[n].metadata.generation for n in same)


async def test_a_domain_that_somebody_removes_comes_back(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        site.deploy("web", 3)
        site.start()
        await site.settled("web", *numbered("web", 3))
        await site.at_rest()
        domain = site.host._connection.handle.lookupByName("web-3")
        domain.destroy()
        domain.undefine()
        await site.until(lambda: "web-3" in site.running(), "web-3 runs again")
        await site.settled("web", *numbered("web", 3))


async def test_two_patches_race(tmp_path: Path) -> None:
    """The last that was accepted wins, and no machine is there twice."""
    async with living(tmp_path) as site:
        site.deploy("web", 2)
        site.start()
        await site.settled("web", *numbered("web", 2))

        async def scale(replicas: int) -> None:
            await asyncio.to_thread(site.patch, "web", replicas=replicas)

        for _ in range(3):
            await asyncio.gather(*(scale(n) for n in (9, 1, 6, 3, 8, 5)))
            accepted = site.deployment("web")
            assert accepted is not None
            await site.settled("web", *numbered("web", accepted.spec.replicas))
            assert sorted(site.domains()) == sorted(numbered("web", accepted.spec.replicas))


async def test_the_file_is_removed_while_no_operator_runs(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        site.deploy("web", 3)
        site.deploy("stays", 1)  # a folder that becomes empty deletes nothing
        site.start()
        await site.until(lambda: len(site.running()) == 4, "all run")
        await site.at_rest()
        await site.stop()
        site.remove("web")
        site.start()
        await site.until(lambda: site.running() == ["stays-1"] and site.deployment("web") is None, "web is gone")
        assert list(site.machines()) == ["stays-1"] and list(site.domains()) == ["stays-1"]
        assert {r.spec.deployment for r in site.revisions().values()} == {"stays"}


async def test_a_foreign_machine_with_a_replica_s_name_is_left_alone(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        site.write("VirtualMachine", "web-2", {"resources": {"memory": "64Mi"}})
        site.start()
        await site.until(lambda: site.running() == ["web-2"], "the other machine runs")
        before = site.machines()["web-2"]
        site.deploy("web", 3)
        await site.until(lambda: site.running() == ["web-1", "web-2", "web-3"], "the others run")
        await site.until(lambda: (c := site.condition("web", "Ready")) and c.reason == "NameTaken", "it says so")
        condition = site.condition("web", "Ready")
        assert condition is not None and condition.status == "False" and "web-2" in condition.message
        site.deploy("web", 0)
        await site.until(lambda: site.running() == ["web-2"], "its own went")
        after = site.machines()["web-2"]
        assert after.metadata.uid == before.metadata.uid and after.metadata.generation == before.metadata.generation
        assert state_of(site, "web-2") is not None
