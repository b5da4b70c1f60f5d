"""Each long-lived task of the operator dies once, wherever it is: that is told, and the operator converges as before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from homeostat.runtime.engine.supervise import VARIABLE
from tests.libvirt.running import Running, running

TASKS = {"dispatch", "empty-trash", "feed", "follow-folder", "heartbeat", "prune-images", "resync", "state-space"}


async def until_ready(operator: Running, *names: str) -> None:
    async with asyncio.timeout(30):
        while not operator.ready(*names):  # noqa: ASYNC110 - statuses set no event
            await asyncio.sleep(0.05)


async def test_every_task_dies_once_and_the_operator_converges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, "*:0.2")
    async with running(tmp_path) as operator:
        supervisor = operator.parts.supervisor
        operator.write("one")
        async with asyncio.timeout(30):
            while any(not supervisor.deaths(name) for name in TASKS):  # noqa: ASYNC110 - a supervisor sets no event
                await asyncio.sleep(0.02)
        assert set(supervisor.running) >= TASKS
        operator.write("two")
        await until_ready(operator, "one", "two")
        assert len(operator.runs()) == 2
        scraped = operator.parts.operator.metrics.registry.get_sample_value
        for name in supervisor.running:
            assert scraped("homeostat_task_failures_total", {"task": name}) == 1, name
            assert f"{name} failed: killed by {VARIABLE}" in caplog.text
        async with asyncio.timeout(30):
            while supervisor.failing:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert not supervisor.running
