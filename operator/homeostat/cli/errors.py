"""The one place where an error becomes what the user reads: one line ``error: ...``, and what to do about it.

Exit codes are those of kubectl: 1 for an error, 2 for wrong usage (click's). Only ``homeostat plan`` differs: its 2 means "there
are changes", as Terraform's -detailed-exitcode has it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.models.outside import one_line


class CliError(Exception):
    """What happened, and in ``mend`` what to do next: one line each, or several. ``passing``: it may be over by itself, as where
    a server begins again, so that whoever follows something waits."""

    passing = False

    def __init__(
        self, message: str | Sequence[str], mend: str | Sequence[str] = "", *, reason: str = "", exit_code: int = 1
    ) -> None:
        super().__init__(_in_lines(message))
        self.mend = _in_lines(mend)
        self.reason = reason
        self.exit_code = exit_code


def _in_lines(text: str | Sequence[str]) -> str:
    """Returns the text with no other line breaks than its own."""
    return one_line(text) if isinstance(text, str) else "\n".join(map(one_line, text))


class ServerAway(CliError):
    """A server does not answer."""

    passing = True


class ResourceNotFound(CliError):
    """There is no resource of that name."""

    def __init__(self, plural: str, name: str, namespace: str | None) -> None:
        """Takes what was asked for. ``namespace`` None: such resources have none."""
        where, everywhere = (f' in namespace "{namespace}"', " -A") if namespace is not None else ("", "")
        super().__init__(
            f'{plural} "{name}" not found{where}',
            f"`homeostat get {plural}{everywhere}` lists what there is",
            reason="NotFound",
        )


@dataclass(frozen=True, slots=True)
class Explained:
    message: str
    mend: str = ""
    reason: str = ""

    def __str__(self) -> str:
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        label = f"error ({self.reason})" if self.reason else "error"
        mend = self.mend.split("\n") if self.mend else []
        return [*f"{label}: {self.message}".split("\n"), *(f"  {line}" for line in mend)]


def debugging() -> bool:
    return os.environ.get("HOMEOSTAT_DEBUG", "") not in ("", "0")


def explain(error: BaseException) -> Explained:
    """Returns the message for any error that reached the command line."""
    import sqlite3

    if isinstance(error, CliError):
        return Explained(str(error), error.mend, error.reason)
    if isinstance(error, BaseExceptionGroup):
        return explain(error.exceptions[0])
    if isinstance(error, sqlite3.DatabaseError):
        return _explain_index(error)
    if isinstance(error, OSError):
        return _explain_os(error)
    return _explain_known(error)


def _explain_index(error: Exception) -> Explained:
    import sqlite3

    if "locked" in str(error):
        return Explained("the state's index is busy", "try again; if it stays so, look who holds index.sqlite open")
    if isinstance(error, sqlite3.OperationalError):
        return Explained(f"cannot read the state's index: {error}", "check --state, and that you may read that folder")
    return Explained(
        f"the state's index is damaged: {error}", "`homeostat up` rebuilds it from the YAML folder and libvirt: start it"
    )


def _explain_os(error: OSError) -> Explained:
    where = f"{error.filename}: " if error.filename else ""
    what = one_line(f"{where}{error.strerror or error}")
    if isinstance(error, PermissionError):
        return Explained(what, "run as the user that runs `homeostat up`, or give --state and --dir of your own")
    if isinstance(error, FileNotFoundError):
        return Explained(what, "check the path")
    return Explained(what)


def _explain_known(error: BaseException) -> Explained:
    """Explains an error. Those of our own layers have a whole message for people. Only an error that nobody foresaw is named by
    its type."""
    known = _known_errors()
    if isinstance(error, known):
        reason = getattr(error, "reason", "")
        return Explained(
            one_line(str(error)), one_line(str(getattr(error, "mend", ""))), reason if isinstance(reason, str) else ""
        )
    return Explained(
        one_line(f"unexpected {type(error).__name__}: {error}"),
        "this is a defect: run again with HOMEOSTAT_DEBUG=1 and report what it prints",
    )


def _known_errors() -> tuple[type[BaseException], ...]:
    """Returns the error types of modules that are loaded: no error of another module can have been raised."""
    found: list[type[BaseException]] = []
    for module, name in (
        ("homeostat.accounts.errors", "AccountsError"),
        ("homeostat.driver.errors", "DriverError"),
        ("homeostat.store.errors", "StoreError"),
    ):
        error = getattr(sys.modules.get(module), name, None)
        if isinstance(error, type) and issubclass(error, BaseException):
            found.append(error)
    return tuple(found)
