"""What an operator at rest costs: over machines that are fine, on the test driver (whose own CPU time counts as ours here)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from benchmarks import fleet
from benchmarks.living import RUNNING_COUNT, all_reported, at_rest, living, written
from benchmarks.measure import in_child, pass_seconds, percentile, room, run, say, until
from benchmarks.result import Figure, Result
from homeostat.assembly.several import several_hosts
from homeostat.assembly.standalone import Standalone

DEFAULT = 1000
FEW = 100  # machines of the smaller fleet that calls per resync are compared with
WINDOW = 60.0  # seconds: two resyncs and two passes over the folder fall into it
BUDGET = "<= 0.01 of a core, on two hosts too; libvirt calls per resync do not grow with the number of VMs"


def measure(count: int) -> Result:
    say(f"idle: {count} machines, measuring {WINDOW:g} s")
    with room() as place:
        fleet.write_machines(place / "vms", count)
        many = in_child(idle, str(place), count, WINDOW)
    say(f"idle: {FEW} machines")
    with room() as place:
        fleet.write_machines(place / "vms", FEW)
        few = in_child(idle, str(place), FEW, 0.0)
    say(f"idle: {count} machines on two hosts")
    with room() as place:
        fleet.write_machines(place / "vms", count)
        spread = in_child(idle_on_two_hosts, str(place), count, WINDOW)
    return Result(
        "idle",
        count,
        many["core"],
        "cores",
        BUDGET,
        more=dict[str, Figure](
            window_s=WINDOW,
            two_hosts_core=spread["core"],
            libvirt_calls_per_resync={str(FEW): few["calls"], str(count): many["calls"]},
            resync_ms={str(FEW): few["resync_ms"], str(count): many["resync_ms"]},
            libvirt_calls_in_window=many["calls_in_window"],
            store_writes_in_window=many["writes_in_window"],
        ),
    )


def idle(place: str, count: int, window: float) -> dict[str, float]:
    """Runs in its own process."""
    return run(_idle(Path(place), count, window))


async def _idle(place: Path, count: int, window: float) -> dict[str, float]:
    async with living(place / "vms", place / "state", fleet.node(place)) as parts:
        await all_reported(parts, count)
        await at_rest(parts)
        calls, milliseconds = await _resync(parts)
        before, wrote = parts.host.calls, written(parts)
        start, cpu = time.perf_counter(), time.process_time()
        await pass_seconds(window)
        passed, used = time.perf_counter() - start, time.process_time() - cpu
        return {
            "core": used / passed if window else 0.0,
            "calls": calls,
            "resync_ms": milliseconds,
            "calls_in_window": parts.host.calls - before,
            "writes_in_window": written(parts) - wrote,
        }


def idle_on_two_hosts(place: str, count: int, window: float) -> dict[str, float]:
    """Runs in its own process."""
    return run(_idle_on_two_hosts(Path(place), count, window))


async def _idle_on_two_hosts(place: Path, count: int, window: float) -> dict[str, float]:
    uris, stop = {name: fleet.node(place / name) for name in ("one", "two")}, asyncio.Event()
    async with several_hosts(place / "vms", place / "state", uris) as parts:
        running = asyncio.create_task(parts.operator.run(stop))
        try:
            index, queues = parts.store.index, [job.queue for job in (*parts.operator.hosts.values(), parts.operator.controller)]
            await until(
                lambda: int(index.read(RUNNING_COUNT, ("Running",))[0][0]) == count, f"{count} machines are Running", 0.02
            )
            await until(lambda: all(queue.idle() for queue in queues), "the operator is at rest")
            start, cpu = time.perf_counter(), time.process_time()
            await pass_seconds(window)
            return {"core": (time.process_time() - cpu) / (time.perf_counter() - start)}
        finally:
            stop.set()
            await running


async def _resync(parts: Standalone) -> tuple[float, float]:
    """Returns the libvirt calls and milliseconds of one bulk reading."""
    taken = []
    before = parts.host.calls
    for _ in range(5):
        start = time.perf_counter()
        await parts.host.resync()
        taken.append((time.perf_counter() - start) * 1000)
    return (parts.host.calls - before) / len(taken), percentile(taken, 50)
