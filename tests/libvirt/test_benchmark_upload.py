"""The benchmark of uploads ends in one JSON line, and the memory of the server stays flat."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as benchmarks


def test_last_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main(["upload", "--count", "32"]) == 0
    found = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert (found["name"], found["count"]) == ("upload", 32)
    assert found["value"] > 0 and found["baseline"] > 0 and found["cp_and_flush_s"] > 0
    assert min(found["floor_s"], found["tcp_s"], found["sha256_s"]) > 0
    assert found["rss_growth_mb"] <= 16
