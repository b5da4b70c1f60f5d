"""Rollouts on the test driver, watched at every step on libvirt itself: never fewer running than allowed, and the end is the last
template, or the last good one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from homeostat.models.deployment import VirtualMachineDeployment
from tests.libvirt.site import Site, claims_too_much, living, numbered, plain, unready


def follows(site: Site, name: str) -> VirtualMachineDeployment:
    found = site.deployment(name)
    assert found is not None and found.status is not None
    return found


def vcpus(site: Site) -> set[int]:
    return {machine.spec.resources.vcpu for machine in site.machines().values()}


async def started(site: Site, replicas: int = 3, **spec: Any) -> None:
    site.deploy("web", replicas, **spec)
    site.start()
    await site.settled("web", *numbered("web", replicas))
    await site.at_rest()


async def test_by_replacement_with_a_surge(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await started(site, 4)
        before = {name: machine.metadata.creation_timestamp for name, machine in site.machines().items()}
        claims: list[str] = []
        site.checks.append(lambda: claims.append(claims_too_much(site, "web")))
        with site.never_fewer("web-", 4):
            site.deploy("web", 4, plain(2))
            await site.until(lambda: vcpus(site) == {2}, "all follow the new template")
            await site.settled("web", *numbered("web", 4))
        assert not any(claims), next(filter(None, claims))
        assert set(before) == set(site.machines()) and follows(site, "web").status.revision == 2  # type: ignore[union-attr]
        assert {r.spec.succeeded for r in site.revisions().values()} == {True}


async def test_with_max_unavailable(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        few = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
        await started(site, 4, strategy=few)
        with site.never_fewer("web-", 3):
            site.deploy("web", 4, plain(2), strategy=few)
            await site.until(lambda: vcpus(site) == {2}, "all follow the new template")
            await site.settled("web", *numbered("web", 4))


async def test_recreate_stops_all_first(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await started(site, 3, strategy={"type": "Recreate"})
        mixed: list[set[int]] = []
        site.checks.append(lambda: mixed.append(vcpus(site)))
        site.deploy("web", 3, plain(2), strategy={"type": "Recreate"})
        await site.until(lambda: vcpus(site) == {2}, "all follow the new template")
        await site.settled("web", *numbered("web", 3))
        assert {1, 2} not in mixed


async def test_in_place_where_the_change_is_live(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await started(site, 3)
        before = {name: machine.metadata.uid for name, machine in site.machines().items()}
        ids = {name: site.host._connection.handle.lookupByName(name).ID() for name in before}
        site.deploy("web", 3, plain(shutdown={"gracePeriodSeconds": 7}))
        await site.until(
            lambda: {m.spec.shutdown.grace_period_seconds for m in site.machines().values()} == {7}, "all have the new grace"
        )
        await site.settled("web", *numbered("web", 3))
        assert {name: site.host._connection.handle.lookupByName(name).ID() for name in before} == ids, "no domain was restarted"
        assert "MachineUpdated" in site.events("web") and "MachineDeleted" not in site.events("web")


async def test_what_a_host_cannot_carry_out_in_place_reaches_one_machine(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await started(site, 3)
        domain = {name: site.host._connection.handle.lookupByName(name).ID() for name in numbered("web", 3)}
        site.deploy("web", 3, plain(nics=[{"name": "more", "network": "nowhere"}]), progressDeadlineSeconds=1, autoRollback=True)
        await site.until(lambda: (c := site.condition("web", "Ready")) and c.reason == "RolledBack", "it goes back")
        await site.settled("web", *numbered("web", 3), reason="RolledBack")
        assert site.events("web").count("MachineUpdated") == 2, "one machine, to and fro"
        assert {n: site.host._connection.handle.lookupByName(n).ID() for n in domain} == domain, "no domain was restarted"


async def test_restart_token(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await started(site, 3)
        before = {name: site.host._connection.handle.lookupByName(name).ID() for name in numbered("web", 3)}
        with site.never_fewer("web-", 3):
            site.deploy("web", 3, restartedAt="2026-01-01T00:00:00Z")
            await site.until(lambda: len(site.revisions()) == 2, "a new revision")
            await site.settled("web", *numbered("web", 3))
        after = {name: site.host._connection.handle.lookupByName(name).ID() for name in before}
        assert all(after[name] != before[name] for name in before)


async def test_paused_waits_and_scales(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await started(site, 2)
        site.deploy("web", 4, plain(2), paused=True)
        await site.settled("web", *numbered("web", 4), reason="Paused")
        assert vcpus(site) == {1}
        site.deploy("web", 4, plain(2))
        await site.until(lambda: vcpus(site) == {2}, "all follow the new template")
        await site.settled("web", *numbered("web", 4))


async def test_rollback_to(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await started(site, 2)
        site.deploy("web", 2, plain(2))
        await site.until(lambda: vcpus(site) == {2}, "all follow the new template")
        await site.settled("web", *numbered("web", 2))
        site.deploy("web", 2, plain(2), rollbackTo=1)
        await site.until(lambda: vcpus(site) == {1}, "all follow revision 1")
        await site.settled("web", *numbered("web", 2))
        site.deploy("web", 2, plain(2), rollbackTo=77)
        await site.until(lambda: (c := site.condition("web", "Stalled")) and c.reason == "NoSuchRevision", "it says so")
        condition = site.condition("web", "Stalled")
        assert condition is not None and "77" in condition.message
        assert len(site.running()) == 2


async def test_a_rollout_that_never_gets_ready_holds_still(tmp_path: Path) -> None:
    """Without autoRollback: it says so, goes on serving, and a corrected template ends it."""
    async with living(tmp_path) as site:
        await started(site, 3)
        with site.never_fewer("web-", 3):
            site.deploy("web", 3, unready(2), progressDeadlineSeconds=1)
            overdue = "ProgressDeadlineExceeded"
            await site.until(lambda: (c := site.condition("web", "Progressing")) and c.reason == overdue, "it says so")
            old = [m for m in site.machines().values() if m.spec.resources.vcpu == 1]
            assert len(old) == 3, "the old ones stay"
            site.deploy("web", 3, plain(4))
            await site.until(lambda: vcpus(site) == {4}, "all follow the corrected template")
            await site.settled("web", *numbered("web", 3))


async def test_a_rollout_that_never_gets_ready_is_undone(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await started(site, 3)
        # What was good has to have been proven first, which takes a minute with autoRollback; without it, it is at once.
        with site.never_fewer("web-", 3):
            site.deploy("web", 3, unready(2), progressDeadlineSeconds=3, autoRollback=True)
            await site.until(lambda: "RolledBack" in site.events("web"), "it is given up")
            await site.settled("web", *numbered("web", 3), reason="RolledBack")
        assert vcpus(site) == {1}
        condition = site.condition("web", "Ready")
        assert condition is not None and "no progress for 3 s" in condition.message, condition
        assert "; web-4: " in condition.message, "what the new machine waited for"
        assert "no progress" in site.revisions()[2].spec.failed


async def test_deleted_in_the_middle_of_a_rollout(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        site.deploy("stays", 1)
        site.deploy("web", 4)
        site.start()
        await site.until(lambda: len(site.running()) == 5, "all run")
        site.deploy("web", 4, unready(2))
        await site.until(lambda: vcpus(site) == {1, 2}, "the rollout is under way")
        site.remove("web")
        await site.until(lambda: site.deployment("web") is None and site.running() == ["stays-1"], "nothing of it is left")
        assert list(site.machines()) == ["stays-1"] and list(site.domains()) == ["stays-1"]
        assert {r.spec.deployment for r in site.revisions().values()} == {"stays"}
        kept = sorted(path.name for path in (site.state / "machines" / "default").iterdir())
        assert kept == [] or kept == ["stays-1"], kept


async def test_scaled_in_the_middle_of_a_rollout(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await started(site, 6)
        site.deploy("web", 6, plain(2))
        await site.until(lambda: vcpus(site) == {1, 2}, "the rollout is under way")
        with site.never_fewer("web-", 3):
            site.deploy("web", 3, plain(2))
            await site.until(lambda: vcpus(site) == {2}, "all follow the new template")
            await site.settled("web", *numbered("web", 3))


async def test_changed_again_in_the_middle_of_a_rollout(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        await started(site, 4)
        with site.never_fewer("web-", 4):
            site.deploy("web", 4, plain(2))
            await site.until(lambda: 2 in vcpus(site), "the rollout is under way")
            site.deploy("web", 4, plain(3))
            await site.until(lambda: vcpus(site) == {3}, "all follow the newest template")
            await site.settled("web", *numbered("web", 4))
