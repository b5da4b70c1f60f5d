"""Who calls a command, as its host knows him."""

from __future__ import annotations

import os


def host_user() -> str:
    """Returns the name of the user, also behind sudo; his number where the host knows no name."""
    import getpass

    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
