"""What is set aside while the host's clock is behind stays as long as was said, once the clock is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from homeostat.planner.files.trash import TrashEntry, Uptime, put_off, read_label, write_label

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BEHIND = TrashEntry("e", "default", "web", "uid", "deleted", "2026-11-28T12:00:00Z", "2026-11-29T12:00:00Z")
THEN = Uptime("this-boot", 100.0)


def until(passed: float, entry: TrashEntry = BEHIND, boot: str = "this-boot", now: datetime = NOW) -> str:
    text = write_label(entry, THEN)
    assert read_label("e", text) == entry
    return put_off(entry, text, now, Uptime(boot, THEN.seconds + passed)).until


def test_it_counts_the_time_that_has_passed() -> None:
    assert until(3600.0) == "2026-12-01T11:00:00Z"
    assert until(86400.0) == "2026-11-30T12:00:00Z"


def test_a_clock_that_goes_right_or_nearly_changes_nothing() -> None:
    assert until(172790.0) == BEHIND.until


def test_a_clock_that_is_set_back_shortens_nothing() -> None:
    assert until(3600.0, now=NOW - timedelta(days=30)) == BEHIND.until


@pytest.mark.parametrize("boot", ["another-boot", ""])
def test_after_another_boot_the_clock_counts(boot: str) -> None:
    assert until(3600.0, boot=boot) == BEHIND.until


def test_what_goes_by_hand_only_stays() -> None:
    assert until(3600.0, replace(BEHIND, until="")) == ""


def test_a_label_without_it_counts_as_it_is() -> None:
    assert put_off(BEHIND, "{}", NOW, THEN) == BEHIND
