"""The benchmarks that start programs of ours end in one JSON line; tried with five machines."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import listing


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("memory", {"kb_per_vm", "in_program_mb"}),
        ("list", {"p99_ms", "p50_ms", "clients", "not_modified_per_s"}),
        ("startup", {"version_s", "help_s", "version_cpu_s", "python_cpu_s"}),
    ],
)
def test_last_line(name: str, more: set[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "WARM", 0.1)
    monkeypatch.setattr(listing, "WINDOW", 0.2)
    assert benchmarks.main([name, "--count", "5"]) == 0
    found = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert (found["name"], found["count"]) == (name, 5)
    assert found["value"] > 0
    assert more <= found.keys()
