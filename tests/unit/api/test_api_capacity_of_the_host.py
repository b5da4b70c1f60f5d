"""What the API tells of its host, also where the kernel does not say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from falcon.testing import TestClient

from homeostat_api.app import create_app
from homeostat_api.config import ApiConfig
from homeostat_contracts.volant.resources import system

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
    monkeypatch.setattr("homeostat_api.openapi.build", lambda routes, with_token: {})  # takes a second, and is not asked for
    (tmp_path / "machines").mkdir()
    client = TestClient(create_app(ApiConfig(tmp_path / "machines", tmp_path / "state")))
    if meminfo is not None:
        (tmp_path / "meminfo").write_text(meminfo)
    monkeypatch.setattr(system, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert client.simulate_get("/api/v1/system/info", host="localhost").json["resources"] == resources
