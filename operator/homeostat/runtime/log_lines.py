"""How our logs are written: without secrets of URLs, and with nothing that a terminal obeys."""

from __future__ import annotations

import logging

from homeostat.models.outside import one_line, redacted


class LogLines(logging.Formatter):
    """One line for each thing that is told. A traceback keeps its lines; that they are no others' shows in how they begin."""

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
    """What is logged where nothing was set up goes to standard error, too."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(LogLines("%(message)s"))
