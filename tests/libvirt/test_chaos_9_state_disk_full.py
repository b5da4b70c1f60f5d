"""Chaos 9: a full state disk. No status can say so; health, commands and the log do, and an event once there is space."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from homeostat.assembly.standalone import THIS_HOST
from homeostat.store.files.last_look import ask_operator
from tests.libvirt.running import running
from tests.libvirt.test_storage_full import fill


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Path]:
    """A room whose state folder is a file system of 3 MiB."""
    state = tmp_path / "state"
    state.mkdir(mode=0o710)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=0710", "tmpfs", state], check=False)
    if mounted.returncode:
        pytest.skip("cannot mount a small file system")
    yield tmp_path
    subprocess.run(["umount", "-l", state], check=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.05)


async def test_chaos_9_a_full_state_disk_is_told_and_mends_itself(cramped: Path) -> None:
    async with running(cramped) as operator:
        operator.write("one")
        await until(lambda: operator.ready("one"))
        supervisor, index = operator.parts.supervisor, operator.parts.store.index
        filler = fill(cramped / "state")
        for number in range(40):
            operator.write(f"more-{number}")
        await until(lambda: {"state", "take-in"} <= {failing.task for failing in supervisor.failing})
        told = await asyncio.to_thread(ask_operator, cramped / "state")
        assert told.runs and any("full" in failing and failing.startswith("state fails since") for failing in told.failing)
        filler.unlink()
        await until(lambda: operator.ready("one", *(f"more-{number}" for number in range(40))) and not index.in_trouble)
        await until(lambda: any(e.reason == "OperatorFailed" for e in operator.parts.store.events(key=THIS_HOST)))
