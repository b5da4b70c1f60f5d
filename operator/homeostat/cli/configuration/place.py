"""Where a configuration may be: in a file, and in variables of the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import CliError

VARIABLE = "HOMEOSTAT_CONFIG"
PREFIX = "HOMEOSTAT_"
NESTED = "__"


def default_place() -> Path:
    """Returns where the file is looked for when nobody names one."""
    if os.geteuid() == 0:
        return Path("/etc/homeostat/homeostat.toml")
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "homeostat/homeostat.toml"


def find(given: str | None) -> Path | None:
    """Returns the file to read. None: there is none, and nobody named one.

    Raises:
        CliError: the one that was named does not exist.
    """
    if given:
        path = Path(given).expanduser().absolute()
        if not path.exists() or path.is_dir():
            what = "is a folder" if path.exists() else "does not exist"
            raise CliError(f"the configuration file {path} {what}", f"check --config, and {VARIABLE}")
        return path
    place = default_place()
    return place if place.is_file() else None


def variables() -> Iterator[tuple[str, str]]:
    """Yields the variables that belong to a section, such as HOMEOSTAT_API__BIND, each with its section."""
    for name in sorted(os.environ):
        section, nested, _ = name.upper().removeprefix(PREFIX).partition(NESTED)
        if name.upper().startswith(PREFIX) and nested and section:
            yield name, section


def speaks() -> bool:
    """Tells whether the environment says something that only a configuration holds."""
    return any(variables())
