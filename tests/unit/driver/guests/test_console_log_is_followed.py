"""A log is followed from near its end on: each byte once, also through rotation."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.guests.console_log import LogFollower


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "console.log"


def write(log: Path, text: bytes) -> None:
    with log.open("ab") as file:
        file.write(text)


def all_of(follower: LogFollower) -> bytes:
    found = b""
    while part := follower.read():
        found += part
    return found


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (b"", b""),
        (b"short\n", b"short\n"),
        (b"0123456789", b"0123456789"),
        (b"before\nlast one", b"last one"),
        (b"no line begins in it", b"gins in it"),
    ],
)
def test_it_begins_with_the_last_of_it(log: Path, written: bytes, seen: bytes) -> None:
    log.write_bytes(written)
    follower = LogFollower(log, 10)
    assert all_of(follower) == seen
    write(log, b"more")
    assert all_of(follower) == b"more" and follower.read() == b""


def test_one_that_begins_later_is_read_from_its_start(log: Path) -> None:
    follower = LogFollower(log, 4)
    assert follower.read() == b""
    write(log, b"hello\nworld\n")
    assert all_of(follower) == b"hello\nworld\n"


def test_nothing_is_lost_or_doubled_when_it_is_rotated(log: Path) -> None:
    write(log, b"a")
    follower = LogFollower(log, 10)
    assert all_of(follower) == b"a"
    write(log, b"b")
    log.rename(log.with_name("console.log.0"))
    write(log, b"c")
    assert all_of(follower) == b"bc"


def test_a_silent_one_is_not_opened(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(log, b"a")
    follower = LogFollower(log, 10)
    assert all_of(follower) == b"a"
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was opened"))
    assert follower.read() == b""
