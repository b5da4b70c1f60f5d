"""Ages as kubectl writes them, durations as it reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from homeostat.cli.errors import CliError
from homeostat.cli.times import age, parse_duration, short_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (119, "119s"), (120, "2m"), (130, "2m10s"), (600, "10m"), (3 * 3600, "3h"), (3 * 3600 + 240, "3h4m"),
        (9 * 3600 + 60, "9h"), (47 * 3600, "47h"), (49 * 3600, "2d1h"), (9 * 86400, "9d"),
    ],
)  # fmt: skip
def test_age(seconds: int, text: str) -> None:
    assert short_duration(seconds) == text


def test_age_of_a_timestamp() -> None:
    assert age("2025-01-01T00:00:00Z", datetime(2025, 1, 1, 0, 0, 42, tzinfo=UTC)) == "42s"
    assert age("2025-01-01T00:00:42.5Z", datetime(2025, 1, 1, tzinfo=UTC)) == "0s"  # a clock that jumped
    assert age(None) == "<unknown>"


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("1h30m", 5400), ("5", 5), ("-1s", -1), ("250ms", 0.25), ("0", 0)])
def test_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("wrong", ["", "s", "5x", "5s5", "1h 30m"])
def test_a_wrong_duration_is_said(wrong: str) -> None:
    with pytest.raises(CliError, match="is not a duration"):
        parse_duration(wrong)
