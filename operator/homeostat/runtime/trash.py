"""The chore that empties one host's trash: what is over its time goes, and the oldest while space is low."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.planner.trash import Erasure, to_erase

from .metrics import Metrics
from .ports import HostDriver, ResourceStore


async def empty_trash(store: ResourceStore, host: HostDriver, fence: Callable[[], None], metrics: Metrics) -> list[Erasure]:
    """What went. Its machine's events tell of it.

    Raises:
        DriverError, StoreFailure: the rest is left for the next time.
    """
    entries = await host.trash()
    metrics.trashed(host.facts.name, len(entries), sum(entry.size for entry in entries))
    if not entries:
        return []
    going = to_erase(entries, datetime.now(UTC), await host.space())
    for erasure in going:
        fence()
        await host.erase(erasure.entry.entry)
        await _tell(store, erasure)
    if going:
        left = await host.trash()
        metrics.trashed(host.facts.name, len(left), sum(entry.size for entry in left))
    return going


async def _tell(store: ResourceStore, erasure: Erasure) -> None:
    entry = erasure.entry
    if not entry.name:
        return
    low = erasure.reason.startswith("space")
    disks = ", ".join(disk.name for disk in entry.disks) or "no disk"
    message = f"{disks} of trash entry {entry.entry}, set aside on {entry.since} ({entry.reason}): {erasure.reason}"
    await store.record_event(
        Key(VirtualMachine.KIND, entry.namespace, entry.name), "Warning" if low else "Normal", "TrashErased", message
    )
