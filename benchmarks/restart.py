"""A second operator over machines that the first left in order: seconds until all were reconciled, and what it wrote.

On the test driver, whose domains live in one process: the two operators share that process, but nothing else. A connection stays
open in between, because libvirt drops the in-memory host with its last connection.
"""

from __future__ import annotations

import time
from pathlib import Path

import libvirt

from benchmarks import fleet
from benchmarks.living import all_reported, at_rest, living, written
from benchmarks.measure import in_child, room, run, say, until
from benchmarks.result import Figure, Result

DEFAULT = 1000
URI = "test:///default"  # the one host of the test driver that connections of a process share
BUDGET = "<= 2 s, 0 writes to libvirt and to the store"

# What of our libvirt calls only reads, or registers for events.
READS = frozenset(
    {
        "open", "getInfo", "getCapabilities", "listAllNetworks", "listAllDomains", "getAllDomainStats", "XMLDesc", "state",
        "isPersistent", "autostart", "hasManagedSaveImage", "domainEventRegisterAny", "networkEventRegisterAny",
        "networkLookupByName", "DHCPLeases", "getLibVersion", "getVersion", "getType", "lookupByUUIDString", "isActive",
        "domainEventDeregisterAny", "networkEventDeregisterAny", "bridgeName", "getDomainCapabilities", "name",
        "listAllInterfaces", "listInterfaces", "getCPUModelNames", "getFreeMemory", "getMaxVcpus", "isAlive", "metadata",
    }
)  # fmt: skip


def measure(count: int) -> Result:
    with room() as place:
        fleet.write_machines(place / "vms", count)
        found = in_child(restart, str(place), count)
    return Result("restart", count, found.pop("seconds"), "s", BUDGET, more=dict[str, Figure](found))


def restart(place: str, count: int) -> dict[str, float]:
    """Runs in its own process."""
    keep = libvirt.open(URI)
    keep.lookupByName("test").undefine()  # the domain it comes with; it goes when it is destroyed
    keep.lookupByName("test").destroy()
    try:
        return run(_restart(Path(place), count))
    finally:
        keep.close()


async def _restart(place: Path, count: int) -> dict[str, float]:
    async with living(place / "vms", place / "state", URI) as parts:
        await all_reported(parts, count)
        await at_rest(parts)
        wrote = written(parts)
    say(f"restart: {count} machines run; starting anew over them")
    start, cpu = time.perf_counter(), time.process_time()
    async with living(place / "vms", place / "state", URI) as parts:
        await until(lambda: len(parts.operator.looked_at) == count, "all were looked at")
        await at_rest(parts)
        seconds, used = time.perf_counter() - start, time.process_time() - cpu
        await all_reported(parts, count)
        changing = {name: calls for name, calls in parts.host.calls_by_function.items() if name not in READS}
        if changing:
            say(f"restart: libvirt was written to: {changing}")
        return {
            "seconds": seconds,
            "cpu_s": used,
            "store_writes": written(parts) - wrote,
            "libvirt_writes": sum(changing.values()),
            "libvirt_calls": parts.host.calls,
        }
