"""From an empty state to all machines Running, on libvirt's in-memory test driver: everything but QEMU is real.

The baseline is a plain loop that defines and starts the same domains: it shows how fast this machine is just now.
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks import fleet, plain
from benchmarks.living import all_reported, living
from benchmarks.measure import file_system, in_child, peak_mb, room, rss_mb, run, say
from benchmarks.result import Figure, Result

DEFAULT = 1000
BUDGET = "<= 3 s and <= 10 ms CPU per VM at 1,000; 10,000 within 10 x that"


def measure(count: int) -> Result:
    with room() as place:
        say(f"converge: writing {count} machines")
        fleet.write_machines(place / "vms", count)
        found = in_child(converge, str(place), count)
        say("converge: the same domains by a plain loop")
        text = in_child(plain.definition, str(place / "one"))
        alone = in_child(plain.loop, str(place), text, count)["seconds"]
        more: dict[str, Figure] = {**found, "files": file_system(place)}
    seconds = found["seconds"]
    del more["seconds"]
    return Result("converge", count, seconds, "s", BUDGET, alone, seconds / alone, more)


def converge(place: str, count: int) -> dict[str, float]:
    """In a process of its own."""
    return run(_converge(Path(place), count))


async def _converge(place: Path, count: int) -> dict[str, float]:
    uri, before = fleet.node(place), rss_mb()
    start, cpu = time.perf_counter(), time.process_time()
    async with living(place / "vms", place / "state", uri) as parts:
        await all_reported(parts, count)
        seconds, used = time.perf_counter() - start, time.process_time() - cpu
        say(f"converge: {count} machines Running after {seconds:.2f} s, {used:.2f} s CPU")
        return {
            "seconds": seconds,
            "cpu_ms_per_vm": used * 1000 / count,
            "rss_mb": rss_mb(),
            "rss_before_mb": before,
            "peak_mb": peak_mb(),
            "libvirt_calls_per_vm": parts.host.calls / count,
        }
