"""How our logs are written: without secrets of URLs, and with nothing that a terminal obeys."""

from __future__ import annotations

import logging

from homeostat.models.outside import printable, redacted


class LogLines(logging.Formatter):
    """A traceback, and a text of several lines, keeps its lines."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(redacted(super().format(record)))


def log_to_stderr(level: int, form: str) -> None:
    written = logging.StreamHandler()
    written.setFormatter(LogLines(form))
    logging.basicConfig(level=level, handlers=[written])


def guard_last_resort() -> None:
    """What is logged where nothing was set up goes to standard error, too."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(LogLines("%(message)s"))
