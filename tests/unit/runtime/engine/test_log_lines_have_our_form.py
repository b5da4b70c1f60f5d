"""Whatever is logged goes to standard error in our form: without secrets, and without what a terminal obeys."""

from __future__ import annotations

import logging

import pytest

from homeostat.runtime.log_lines import guard_last_resort, log_to_stderr

SAID = "asks https://me:s3cret@host/x\n\x1b[31m"


def test_once_logging_is_set_up(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    before = root.level
    try:
        log_to_stderr(logging.WARNING, "%(levelname)s %(message)s")
        logging.getLogger("homeostat.tried").info("not told")
        logging.getLogger("homeostat.tried").warning(SAID)
    finally:
        root.setLevel(before)
    judge(capsys.readouterr().err, "WARNING asks https://")


def test_where_nothing_is_set_up(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    last = logging.StreamHandler()
    monkeypatch.setattr(logging, "lastResort", last)
    guard_last_resort()
    last.handle(logging.LogRecord("homeostat.tried", logging.WARNING, "", 1, SAID, (), None))
    judge(capsys.readouterr().err, "asks https://")
    monkeypatch.setattr(logging, "lastResort", None)
    guard_last_resort()


def judge(told: str, begins: str) -> None:
    assert told.startswith(begins) and told.count("\n") == 1
    assert "s3cret" not in told and "\x1b" not in told
