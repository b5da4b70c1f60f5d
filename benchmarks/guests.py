"""Real QEMU guests: the operator, from its first look at the YAML folder until all are reported Running, against a plain libvirt
loop that defines and starts the very same domains with as many requests in flight. In turns, the best of each.

The operator also makes every guest's disk; the loop finds them made.
"""

from __future__ import annotations

import time

from benchmarks import fleet
from benchmarks.living import all_reported, living
from benchmarks.measure import run, say
from benchmarks.result import Figure, Result
from benchmarks.rigs import Stage, Xml, definitions, plain_loop, remove_all, stage

DEFAULT = 20
ROUNDS = 2
BUDGET = "ratio <= 1.15"


def measure(count: int) -> Result:
    ours, plain = [], []
    with stage() as place:
        for number in range(ROUNDS):
            seconds, domains = run(_operator(place, count, number))
            ours.append(seconds)
            remove_all(place.connection)
            plain.append(plain_loop(place.connection, list(domains.values())))
            say(f"guests: round {number + 1}: operator {ours[-1]:.2f} s, plain loop {plain[-1]:.2f} s")
            remove_all(place.connection)
    more: dict[str, Figure] = {"operator_slowest_s": max(ours), "plain_slowest_s": max(plain), "s_per_guest": min(ours) / count}
    return Result("guests", count, min(ours), "s", BUDGET, min(plain), min(ours) / min(plain), more)


async def _operator(place: Stage, count: int, number: int) -> tuple[float, Xml]:
    room = place.room(f"round-{number}")
    names = [f"g{number}-{index}" for index in range(count)]
    fleet.write_guests(room / "vms", names, place.image.kernel, place.image.initramfs)
    async with living(room / "vms", room / "state", place.rig.uri) as parts:
        start = time.perf_counter()
        await all_reported(parts, count)
        return time.perf_counter() - start, definitions(place.connection)
