"""A password that somebody types, or has in a file of his. Never from argv, which every process can read."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import click

from .errors import CliError

OPTION = "--password-file"


def password_of(name: str, file: Path | None, *, new: bool = False) -> str:
    """Returns the password of an account: what the file holds, or what a person types; a new one is typed twice.

    Raises:
        CliError: the file is none for a secret, or nobody can be asked.
    """
    if file is not None:
        return _in_file(file)
    if not sys.stdin.isatty():
        raise CliError(f"which password for {name}? Nobody can be asked here", f"give {OPTION} FILE (mode 0600)")
    again = "Once more" if new else False
    typed: str = click.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=again, err=True)
    return typed


def _in_file(path: Path) -> str:
    """Returns the one line of a file that others cannot read."""
    from homeostat.driver.storage.secret import exposed

    mend = "name a file of mode 0600 that holds the password in one line"
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise CliError(f"{OPTION} {path}: is no regular file", mend)
            if why := exposed(found):
                raise CliError(f"{OPTION} {path}: {why}", f"chmod 600 {path}")
            lines = file.read(1 << 16).decode().splitlines()
    except OSError as error:
        raise CliError(f"{OPTION} {path}: cannot be read: {error.strerror}", mend) from error
    except UnicodeDecodeError as error:
        raise CliError(f"{OPTION} {path}: is no UTF-8", mend) from error
    if len(lines) != 1:
        raise CliError(f"{OPTION} {path}: holds {len(lines) or 'no'} lines", mend)
    return lines[0]
