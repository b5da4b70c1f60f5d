"""The installation as a whole."""

from __future__ import annotations

from pydantic import Field

from homeostat_api.http.words import Words


class SystemStats(Words):
    total_vms: int
    running_vms: int
    total_deployments: int
    total_plugins: int


class HostResources(Words):
    cpu_count: int
    memory_total_mb: int
    memory_available_mb: int


class SystemInfo(Words):
    version: str
    commit: str
    build_date: str
    go_version: str = Field(description="The contract's field; here it names the Python that runs.")
    platform: str = Field(examples=["linux/amd64"])
    stats: SystemStats
    resources: HostResources
