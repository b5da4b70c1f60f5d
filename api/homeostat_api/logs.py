"""The log of the API. A client that provokes errors cannot fill the disk with them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from homeostat.runtime.log_lines import LogLines, log_to_stderr

BURST = 20  # lines from one place in the code that are written at once
PERIOD = 10.0  # seconds in which one more is


@dataclass(slots=True)
class _Place:
    tokens: float
    seen: float
    left_out: int = 0


class Sparing(logging.Filter):
    """Writes only a few lines for each place in the code that logs. The next line says how many were left out. The number of
    places is limited, so the whole log is bounded: 0.1 lines per second for each."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._places: dict[tuple[str, int], _Place] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        place = self._places.setdefault((record.pathname, record.lineno), _Place(BURST, now))
        place.tokens = min(BURST, place.tokens + (now - place.seen) / PERIOD)
        place.seen = now
        if place.tokens < 1:
            place.left_out += 1
            return False
        place.tokens -= 1
        if place.left_out:
            record.msg, record.args = f"{record.getMessage()} ({place.left_out} more like it were left out)", ()
            place.left_out = 0
        return True


def begin() -> None:
    """Sets the process's own log up, on standard error."""
    log_to_stderr(logging.WARNING, "homeostat-api: %(levelname)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(Sparing())
    # A WebSocket that is refused is no error of ours.
    logging.getLogger("falcon").setLevel(logging.CRITICAL)


class ServerLog(Logger):  # type: ignore[misc]
    """gunicorn's log, with the same limits."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.addFilter(Sparing())
            handler.setFormatter(LogLines(self.error_fmt, self.datefmt))
