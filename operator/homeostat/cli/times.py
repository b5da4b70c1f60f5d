"""Times as people read them: ages as kubectl writes them, and durations as it reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from .errors import CliError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


def age(timestamp: str | None, now: datetime | None = None) -> str:
    """Returns ``3s``, ``5m12s``, ``3h4m``, ``2d5h`` or ``40d`` since an RFC 3339 time; ``<unknown>`` without one."""
    if not timestamp:
        return "<unknown>"
    then = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    seconds = int(((now or datetime.now(UTC)) - then).total_seconds())
    return short_duration(max(seconds, 0))


def short_duration(seconds: int) -> str:
    """Returns a duration as kubectl writes it: two units while the first one is small, otherwise one."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m" + (f"{seconds % 60}s" if seconds % 60 else "")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d" + (f"{hours % 24}h" if hours % 24 else "")
    return f"{days}d"


def parse_duration(text: str) -> float:
    """Returns the seconds of ``90s``, ``5m`` or ``1h30m``. A number without a unit is in seconds. Negative ones stay negative.

    Raises:
        CliError: it is not a duration.
    """
    sign, digits = (-1.0, text[1:]) if text.startswith("-") else (1.0, text)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", digits):
        return sign * float(digits)
    parts = _PART.findall(digits)
    if not parts or "".join(number + unit for number, unit in parts) != digits:
        raise CliError(f'"{text}" is not a duration', "such as: 30s, 5m or 1h30m")
    return sign * sum(float(number) * _UNITS[unit] for number, unit in parts)
