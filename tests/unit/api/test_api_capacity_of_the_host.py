"""What the API tells of its host, also where the kernel does not say."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from falcon.testing import TestClient

from homeostat.models.base import Key
from homeostat.models.condition import Condition
from homeostat.models.host import Host, HostCapacity, HostMeta, HostStatus
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from homeostat_api.app import create_app
from homeostat_api.config import ApiConfig
from homeostat_contracts.volant.resources import system
from tests.unit.store_fixtures import document

MEMINFO = "MemTotal:       16384000 kB\nMemFree:         1024 kB\nMemAvailable:    8192001 kB\nodd\nHugePages_Total:       0\n"


@pytest.mark.parametrize(
    ("meminfo", "cores", "resources"),
    [
        (MEMINFO, 6, {"cpu_count": 6, "memory_total_mb": 16000, "memory_available_mb": 8000}),
        (None, None, {"cpu_count": 1, "memory_total_mb": 0, "memory_available_mb": 0}),
    ],
)
def test_capacity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meminfo: str | None, cores: int | None, resources: dict[str, int]
) -> None:
    (tmp_path / "machines").mkdir()
    client = TestClient(create_app(ApiConfig(tmp_path / "machines", tmp_path / "state")))
    if meminfo is not None:
        (tmp_path / "meminfo").write_text(meminfo)
    monkeypatch.setattr(system, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert client.simulate_get("/api/v1/system/info", host="localhost").json["resources"] == resources


def test_capacity_of_several_hosts(tmp_path: Path) -> None:
    """Of those that can be reached; what machines are given is not available."""
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines" / "web.yaml").write_text(document("web", "resources: {memory: 2Gi}"))
    (tmp_path / "machines" / "off.yaml").write_text(document("off", "resources: {memory: 2Gi}", "runStrategy: Halted"))
    client = TestClient(create_app(ApiConfig(tmp_path / "machines", tmp_path / "state")))
    store = FilesStore.open(tmp_path / "machines", StateFolder.open(tmp_path / "state"))
    for name, ready, memory in (("a", "True", 8), ("b", "True", 4), ("gone", "Unknown", 64)):
        asyncio.run(store.apply_owned(Host(metadata=HostMeta(name=name))))
        row = store.index.row(Key("Host", "default", name))
        condition = Condition(type="Ready", status=ready, reason="X", last_transition_time="2026-01-01T00:00:00Z")
        status = HostStatus(conditions=(condition,), capacity=HostCapacity(vcpus=4, memory=memory * 2**30))
        assert row is not None
        asyncio.run(store.write_status(row.key, row.uid, status))
    found = client.simulate_get("/api/v1/system/info", host="localhost").json["resources"]
    assert found == {"cpu_count": 8, "memory_total_mb": 12 * 1024, "memory_available_mb": 10 * 1024}
    store.close()
