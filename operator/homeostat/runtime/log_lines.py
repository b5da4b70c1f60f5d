"""The form of our log lines: without secrets of URLs, and without anything that a terminal obeys."""

from __future__ import annotations

import logging

from homeostat.models.outside import one_line, redacted


class LogLines(logging.Formatter):
    """Writes one line for each message. A traceback keeps its lines, and their beginning shows that they belong to it."""

    def format(self, record: logging.LogRecord) -> str:
        said, *rest = super().format(record).split("\n")
        return "\n".join([one_line(redacted(said)), *(f"  {one_line(redacted(line))}" for line in rest)])

    def formatMessage(self, record: logging.LogRecord) -> str:
        return one_line(redacted(super().formatMessage(record)))


def log_to_stderr(level: int, form: str) -> None:
    written = logging.StreamHandler()
    written.setFormatter(LogLines(form))
    logging.basicConfig(level=level, handlers=[written])


def guard_last_resort() -> None:
    """Writes messages in this form to standard error where no logging was set up."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(LogLines("%(message)s"))
