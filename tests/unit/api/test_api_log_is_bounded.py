"""Of each place that logs, the API writes a few lines at once and then one in a while; `homeostat up` rotates what it writes."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from homeostat.cli import api_server
from homeostat_api.logs import BURST, PERIOD, Sparing


def record(line: int, text: str = "refused %s", *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("homeostat.api", logging.WARNING, "file.py", line, text, arguments or ("it",), None)


def test_security_6_a_flood_of_one_line_is_cut_and_counted() -> None:
    now = 0.0
    sparing = Sparing(lambda: now)
    assert sum(sparing.filter(record(1)) for _ in range(10_000)) == BURST
    assert sparing.filter(record(2)), "another place is heard"
    now += PERIOD
    after = record(1, "refused %s: %d%%", "it", 5)
    assert sparing.filter(after)
    assert after.getMessage() == f"refused it: 5% ({10_000 - BURST} more like it were left out)"
    assert not sparing.filter(record(1))
    now += PERIOD * BURST * 10
    assert sum(sparing.filter(record(1)) for _ in range(10_000)) == BURST


def test_security_6_the_log_of_the_api_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_server, "LOG_LIMIT", 100)
    log = tmp_path / "api.log"
    api_server.rotate(log)
    assert not log.exists()
    with log.open("ab") as server:
        server.write(b"a" * 100)
        server.flush()
        api_server.rotate(log)
        assert log.stat().st_size == 100
        server.write(b"b")
        server.flush()
        api_server.rotate(log)
        server.write(b"c")
    assert log.read_bytes() == b"c"
    before = log.with_name("api.log.1")
    assert before.read_bytes() == b"a" * 99 + b"b"
    assert {stat.S_IMODE(file.stat().st_mode) for file in (log, before)} == {0o600}
