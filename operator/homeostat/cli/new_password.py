"""A password that somebody chooses: from a prompt, or from a file of his. Never from argv, which every process can read."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import click

from .errors import CliError

OPTION = "--password-file"


def chosen_password(file: Path | None, name: str) -> str:
    """Returns the password for an account: what the file holds, or what a person types twice.

    Raises:
        CliError: the file is none for a secret, or nobody can be asked.
    """
    if file is not None:
        return _in_file(file)
    if not sys.stdin.isatty():
        raise CliError(f"which password for {name}? Nobody can be asked here", f"give {OPTION} FILE (mode 0600)")
    typed: str = click.prompt(f"Password for {name}", hide_input=True, confirmation_prompt="Once more", err=True)
    return typed


def typed_password(file: Path | None, name: str) -> str:
    """Returns the password of an account: what the file holds, or what a person types.

    Raises:
        CliError: the file is none for a secret, or nobody can be asked.
    """
    if file is not None:
        return _in_file(file)
    if not sys.stdin.isatty():
        raise CliError(f"which password has {name}? Nobody can be asked here", f"give {OPTION} FILE (mode 0600)")
    typed: str = click.prompt(f"Password for {name}", hide_input=True, err=True)
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
