"""A renewal that dies of a defect: the job stops acting at once, that is told, and it begins anew with the lease."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.store.kubernetes import lease as leases
from homeostat.store.kubernetes.errors import LeadershipLost
from homeostat.store.kubernetes.lease import Lease
from tests.unit.kubernetes.test_kubernetes_lease import KEY, Records


class Defective(Records):
    dies = False

    async def replace(self, path: object, key: Key, body: dict[str, Any], manager: str) -> dict[str, Any]:
        if self.dies:
            self.dies = False
            raise KeyError("what no server ever left out")
        return await super().replace(path, key, body, manager)


async def test_the_fence_stands_until_the_lease_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RETRY", 0.01)
    records, supervisor, stop = Defective(), Supervisor(pauses=(0.05,)), asyncio.Event()
    lease = Lease(records, KEY.namespace, KEY.name, "ours")  # type: ignore[arg-type]
    began, between = asyncio.Queue[int](), []

    async def work() -> None:
        await began.put(1)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)

    def told(name: str, error: Exception, again: float | None = None, *, quiet: bool = False) -> None:
        with pytest.raises(LeadershipLost):
            lease.check()
        between.append(type(error))

    monkeypatch.setattr(supervisor, "failed", told)
    job = asyncio.create_task(supervisor.keep("job", lambda: lease.lead(work, stop), stop=stop))
    async with asyncio.timeout(10):
        await began.get()
        records.dies = True
        await began.get()  # and again, after it was told
    lease.check()
    assert between == [KeyError]
    stop.set()
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
