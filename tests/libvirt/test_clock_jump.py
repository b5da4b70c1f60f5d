"""The wall clock jumps by a year, either way: nothing is restarted, deleted or forgotten, and healing goes on."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import libvirt
import pytest

from homeostat.assembly.standalone import standalone
from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.machine import reconcile
from tests.libvirt.hosts import until

URI = "test:///default"
YEAR = timedelta(days=365)


@pytest.mark.parametrize("jump", [YEAR, -YEAR])
async def test_nothing_follows_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: timedelta) -> None:
    folder = tmp_path / "vms"
    folder.mkdir()
    (folder / "clock.yaml").write_text(
        "apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata: {name: clock}\nspec: {resources: {memory: 64Mi}}\n"
    )
    key, stop = Key("VirtualMachine", "default", "clock"), asyncio.Event()
    async with standalone(folder, tmp_path / "state", URI) as parts:
        running = asyncio.create_task(parts.operator.run(stop))

        def machine() -> VirtualMachine | None:
            row = parts.store.index.row(key)
            return parts.store.resource(row) if row else None  # type: ignore[return-value]

        def restarts() -> int:
            found = machine()
            return found.status.restarts if found and found.status and found.status.run else -1

        await until(lambda: restarts() == 0, "it runs", 10)
        before = parts.store.index.read("SELECT name, value FROM counters ORDER BY name", ())
        other = libvirt.open(URI)
        try:
            seconds, now = jump.total_seconds(), time.time
            monkeypatch.setattr(time, "time", lambda: now() + seconds)
            later = lambda: (datetime.now(UTC) + jump).isoformat(timespec="microseconds")  # noqa: E731
            monkeypatch.setattr(reconcile, "timestamp", later)
            parts.store.clock = lambda: datetime.now(UTC) + jump
            await parts.host.resync()
            parts.operator.queue.add(key)
            await until(parts.operator.queue.idle, "all is looked at again")
            assert parts.store.index.read("SELECT name, value FROM counters ORDER BY name", ()) == before

            other.lookupByName("clock").destroy()
            await until(lambda: restarts() == 1, "it is healed at once, as without a jump")
        finally:
            stop.set()
            await running
            other.lookupByName("clock").destroy()
            other.lookupByName("clock").undefine()
            other.close()
