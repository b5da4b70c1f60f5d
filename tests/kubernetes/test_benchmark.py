"""The benchmark of Kubernetes mode ends in one JSON line, and keeps its budgets; tried with five machines."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import kubernetes


def test_last_line(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "WINDOW", 3.0)
    assert benchmarks.main(["kubernetes", "--count", "5"]) == 0
    found = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert (found["name"], found["count"], found["unit"]) == ("kubernetes", 5, "s")
    assert found["value"] > 0 and found["baseline"] > 0
    assert found["writes_per_vm"] <= 6
    assert found["writes_at_rest"] == 0
    assert {"lease_writes_per_s", "rss_mb", "cpu_ms_per_vm", "cores_at_rest"} <= found.keys()
