"""When desired equals observed nothing is written, neither to libvirt nor to the store (invariant 8)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from homeostat.models.machine import VirtualMachine
from tests.libvirt.hosts import until
from tests.libvirt.running import running

READS = {
    *("state", "XMLDesc", "listAllDomains", "getAllDomainStats", "listAllNetworks", "DHCPLeases", "networkLookupByName"),
    *("isActive", "isPersistent", "autostart", "hasManagedSaveImage"),
}


async def test_looking_at_everything_again_writes_nothing(tmp_path: Path) -> None:
    names = [f"vm-{number}" for number in range(30)]
    async with running(tmp_path) as here:
        for name in names:
            here.write(name)
        await until(lambda: here.ready(*names), "all are ready", 20)
        await until(here.parts.operator.queue.idle, "nothing is under way")
        counters, calls = here.counters(), Counter(here.parts.host.calls_by_function)
        for name in names:
            (here.folder / f"{name}.yaml").touch()  # saved again, unchanged
        here.parts.store.sync()
        await here.parts.host.resync()
        for machine in await here.parts.store.list(VirtualMachine):
            here.parts.operator.queue.add(machine.key)
        await until(here.parts.operator.queue.idle, "all are looked at again")
        assert here.counters() == counters
        made = Counter(here.parts.host.calls_by_function) - calls
        assert set(made) <= READS, made
