"""An operator that is killed at any step of a rollout, and another one after it, end where one does that is not killed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.libvirt.site import Site, living, numbered, plain

End = dict[str, Any]


async def rollout(root: Path, kill_at: int, *, before: bool = True) -> tuple[int, End]:
    """How many steps it took until it was killed or done, and the end."""
    async with living(root) as site:
        site.deploy("web", 2)
        site.start()
        await site.settled("web", *numbered("web", 2))
        await site.until(site.operator.queue.idle, "the operator rests")
        await site.stop()
        with site.never_fewer("web-", 2):
            site.deploy("web", 2, plain(2))
            site.start(kill_at, before=before)
            await site.until(lambda: not site.alive or done(site), "the rollout is done, or its operator dead")
            if site.alive and not kill_at:
                await site.at_rest()
            steps = site.steps
            await site.stop()
            if kill_at:
                site.start()
                await site.until(lambda: done(site), "the next operator ends the rollout")
                await site.settled("web", *numbered("web", 2))
                await site.stop()
        return steps, end(site)


def done(site: Site) -> bool:
    vcpus = {machine.spec.resources.vcpu for machine in site.machines().values()}
    ready = site.condition("web", "Ready")
    return (
        vcpus == {2}
        and sorted(site.domains()) == sorted(numbered("web", 2))
        and ready is not None
        and ready.status == "True"
        and {r.spec.succeeded for r in site.revisions().values()} == {True}
        and len(site.revisions()) == 2
    )


def end(site: Site) -> End:
    deployment = site.deployment("web")
    assert deployment is not None and deployment.status is not None
    status = deployment.status.model_dump(exclude={"conditions"})
    conditions = {(c.type, c.status, c.reason) for c in deployment.status.conditions}
    machines = {name: (m.spec, m.metadata.annotations) for name, m in site.machines().items()}
    revisions = {n: (r.spec.fingerprint, r.spec.succeeded, r.spec.failed) for n, r in site.revisions().items()}
    return {"status": status, "conditions": conditions, "machines": machines, "domains": site.domains(), "revisions": revisions}


async def test_a_rollout_killed_at_every_step(tmp_path: Path) -> None:
    steps, reference = await rollout(tmp_path / "whole", 0)
    assert steps > 20
    together = asyncio.Semaphore(8)

    async def check(number: int, before: bool) -> None:
        async with together:
            _, found = await rollout(tmp_path / f"{number}-{before}", number, before=before)
        for part, whole in reference.items():
            assert found[part] == whole, f"{part}, killed {'before' if before else 'after'} step {number}"

    # After one step is before the next one, but for what its writer had not learnt yet: every third shows that.
    async with asyncio.TaskGroup() as checks:
        for number in range(1, steps + 1):
            checks.create_task(check(number, True))
            if number % 3 == 0:
                checks.create_task(check(number, False))
