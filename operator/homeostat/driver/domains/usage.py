"""libvirt's bulk statistics as figures per domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import libvirt

from homeostat.planner.observed import Usage

ENDED = frozenset({libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_CRASHED})


def uses(stats: Mapping[str, Any]) -> bool:
    """Tells whether a domain uses anything. Of one that is off QEMU's driver gives the memory that it would have, and the
    CPU time of whatever is in libvirtd's own cgroup; the test driver gives no figures at all."""
    return "cpu.time" in stats and stats.get("state.state") not in ENDED


def usage_of(stats: Mapping[str, Any]) -> Usage:
    """Reads one domain's dictionary of virConnectGetAllDomainStats; what it lacks counts as 0."""
    return Usage(
        cpu_seconds=stats.get("cpu.time", 0) / 1e9,  # nanoseconds
        memory_bytes=stats.get("balloon.current", 0) * 1024,  # KiB
        disk_read_bytes=_sum(stats, "block", "rd.bytes"),
        disk_write_bytes=_sum(stats, "block", "wr.bytes"),
        net_rx_bytes=_sum(stats, "net", "rx.bytes"),
        net_tx_bytes=_sum(stats, "net", "tx.bytes"),
    )


def disks_of(stats: Mapping[str, Any]) -> set[str]:
    """Returns the files that its disks and drives are on."""
    found = (stats.get(f"block.{n}.path") for n in range(stats.get("block.count", 0)))
    return {path for path in found if path}


def _sum(stats: Mapping[str, Any], group: str, field: str) -> int:
    return sum(stats.get(f"{group}.{n}.{field}", 0) for n in range(stats.get(f"{group}.count", 0)))
