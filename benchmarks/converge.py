"""From an empty state to all machines Running, on libvirt's in-memory test driver: everything but QEMU is real.

The baseline is a plain loop that defines and starts the same domains: it shows how fast this machine is just now. ``floor_s`` is
what benchmarks/floor.py takes.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks import fleet, floor, plain
from benchmarks.living import all_reported, living
from benchmarks.measure import file_system, in_child, peak_mb, room, rss_mb, run, say
from benchmarks.pairs import PAIRS, in_turn
from benchmarks.result import Result

DEFAULT = 1000
BUDGET = "ratio <= 5 and <= 3 ms CPU per VM at 1,000; 10,000 within 10 x the seconds, <= 120 / 300 MB"


def measure(count: int) -> Result:
    with room() as place:
        say(f"converge: writing {count} machines")
        fleet.write_machines(place / "vms", count)
        text = in_child(plain.definition, str(place / "one"))
        result = in_turn(
            "converge",
            count,
            BUDGET,
            lambda number: in_child(converge, str(place), f"state-{number}", count),
            lambda number: in_child(plain.loop, str(place), text, count),
        )
        least = median(in_child(floor.floor, str(place / f"floor-{number}"), text, count)["floor_s"] for number in range(PAIRS))
        return replace(result, more={**result.more, "floor_s": least, "files": file_system(place)})


def converge(place: str, state: str, count: int) -> dict[str, float]:
    """Runs in its own process."""
    return run(_converge(Path(place), state, count))


async def _converge(place: Path, state: str, count: int) -> dict[str, float]:
    uri, before = fleet.node(place), rss_mb()
    start, cpu = time.perf_counter(), time.process_time()
    async with living(place / "vms", place / state, uri) as parts:
        await all_reported(parts, count)
        seconds, used = time.perf_counter() - start, time.process_time() - cpu
        return {
            "seconds": seconds,
            "cpu_ms_per_vm": used * 1000 / count,
            "rss_mb": rss_mb(),
            "rss_before_mb": before,
            "peak_mb": peak_mb(),
            "libvirt_calls_per_vm": parts.host.calls / count,
        }
