"""Real QEMU guests: the operator, from its first reading of the YAML folder until all are reported Running, against a plain
libvirt loop that defines and starts the same domains with as many requests in flight.

The operator also makes every guest's disk; the loop finds the disks made.
"""

from __future__ import annotations

import time

from benchmarks import fleet
from benchmarks.living import all_reported, living
from benchmarks.result import Result
from benchmarks.rigs import Stage, Xml, against_plain_loop, definitions

DEFAULT = 20
BUDGET = "ratio <= 1.10"


def measure(count: int) -> Result:
    return against_plain_loop("guests", count, BUDGET, _operator)


async def _operator(place: Stage, count: int, number: int) -> tuple[float, Xml]:
    room = place.room(f"round-{number}")
    names = [f"g{number}-{index}" for index in range(count)]
    fleet.write_guests(room / "vms", names, place.image.kernel, place.image.initramfs)
    async with living(room / "vms", room / "state", place.rig.uri) as parts:
        start = time.perf_counter()
        await all_reported(parts, count)
        return time.perf_counter() - start, definitions(place.connection)
