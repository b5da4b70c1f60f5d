"""/api/v1/system/info."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import falcon.asgi

from homeostat import __version__
from homeostat.models.machine import VirtualMachine
from homeostat.service.desk import Desk
from homeostat.service.service import Service
from homeostat_api.http.actor import who
from homeostat_api.http.kinds.kind_index import KindIndex
from homeostat_api.http.operations import Answer, operation
from homeostat_api.http.rights import Right, needs

from ..words.system import SystemInfo

MIB = 2**20
MEMINFO = Path("/proc/meminfo")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def memory_mb() -> dict[str, int]:
    """Returns MemTotal and MemAvailable of this host in MiB; empty where the kernel does not say."""
    if not MEMINFO.exists():
        return {}
    lines = (line.split() for line in MEMINFO.read_text(encoding="ascii").splitlines())
    return {words[0].rstrip(":"): int(words[1]) // 1024 for words in lines if len(words) > 1}


class SystemInformation:
    def __init__(self, machines: KindIndex[VirtualMachine], service: Service) -> None:
        self._machines = machines
        self._service = service

    @needs(Right.SEE)
    @operation("Describe this installation", "System", {200: Answer("Version, totals and capacity.", SystemInfo)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        desk = self._service.asked_by(who(req))
        _, machines = await self._machines.seen_from(desk)
        running = sum(machine.status == "running" for machine in machines)
        architecture = platform.machine()
        resp.media = {
            "version": __version__,
            "commit": os.environ.get("HOMEOSTAT_COMMIT", "unknown"),
            "build_date": os.environ.get("HOMEOSTAT_BUILD_DATE", "unknown"),
            "go_version": f"python{platform.python_version()}",
            "platform": f"{sys.platform}/{_ARCHITECTURES.get(architecture, architecture)}",
            "stats": {
                "total_vms": len(machines),
                "running_vms": running,
                "total_deployments": await desk.deployments.count(),
                "total_plugins": await desk.plugins.count(),
            },
            "resources": await self._resources(desk),
        }

    async def _resources(self, desk: Desk) -> dict[str, int]:
        """Returns what all hosts have that report it, or else what this one has."""
        found = await desk.capacity()
        if found is not None:
            total, available = found.memory // MIB, found.available // MIB
            return {"cpu_count": found.cpus, "memory_total_mb": total, "memory_available_mb": available}
        memory = memory_mb()
        total, available = memory.get("MemTotal", 0), memory.get("MemAvailable", 0)
        return {"cpu_count": os.cpu_count() or 1, "memory_total_mb": total, "memory_available_mb": available}
