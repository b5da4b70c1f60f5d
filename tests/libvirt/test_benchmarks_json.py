"""The benchmarks of the operator end in one JSON line with the same keys; tried with five machines."""

from __future__ import annotations

import json

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import edit, idle

KEYS = ["name", "count", "value", "unit", "baseline", "ratio", "budget"]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("converge", {"rss_mb", "cpu_ms_per_vm", "operator_slowest_s", "plain_slowest_s"}),
        ("rollout", {"cpu_ms_per_replica", "create_s", "operator_slowest_s", "plain_slowest_s"}),
        ("restart", {"store_writes", "libvirt_writes"}),
        ("edit", {"p50_s", "edits"}),
        ("idle", {"libvirt_calls_per_resync"}),
    ],
)
def test_last_line(name: str, more: set[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "WINDOW", 0.2)
    monkeypatch.setattr(idle, "FEW", 2)
    monkeypatch.setattr(edit, "EDITS", 3)
    assert benchmarks.main([name, "--count", "5"]) == 0
    found = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert list(found)[: len(KEYS)] == KEYS
    assert (found["name"], found["count"]) == (name, 5)
    assert found["value"] > 0 and found["unit"] and found["budget"]
    assert more <= found.keys()
    if "plain_slowest_s" in more:
        assert found["baseline"] > 0 and found["ratio"] > 0
        assert found["operator_slowest_s"] >= found["value"]
    if name == "restart":
        assert (found["store_writes"], found["libvirt_writes"]) == (0, 0)


@pytest.mark.parametrize("words", [["nothing"], ["list", "--count", "0"], []])
def test_a_wrong_command_line_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        benchmarks.main(words)
    assert refused.value.code == 2
