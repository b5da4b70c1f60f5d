"""Files that hold secrets: who can read them, and the password files that specs name."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from homeostat.driver.errors import Refused
from homeostat.planner.observed import Secret

from .places import open_resolved, resolve

SECRET_MAX = 4096  # bytes; a VNC password has at most 8 characters


def exposed(found: os.stat_result) -> str:
    """Says why a file of ours is no place for a secret; empty: only its owner can read it, or it is root's and our group can: so
    Kubernetes mounts secrets."""
    mode, roots = stat.S_IMODE(found.st_mode), found.st_uid == 0 != os.geteuid()
    return f"has mode {mode:04o}; a secret needs 0600" if mode & (0o137 if roots else 0o177) else ""


def check_secret(named: str, allowed: Sequence[Path], own: Path) -> None:
    """Checks whether a request may name this file. Opens nothing. Raises Refused."""
    if os.path.isdir(resolve(named, "passwordFile", allowed, own)):
        raise Refused(f"passwordFile {named} is a folder")


def read_secret(named: str, confined: Sequence[Path] = ()) -> Secret | None:
    """Returns the first line of a file that only its owner can read. None where it is missing, readable for others, too long, not
    text, or leads out of ``confined`` (see places.resolve)."""
    try:
        path = resolve(named, "passwordFile", None, confined=confined)
        with open(open_resolved(path, f"passwordFile {named}"), "rb") as file:
            info = os.fstat(file.fileno())
            if info.st_mode & 0o077 or info.st_size > SECRET_MAX:
                return None
            # From the file's identity, not from its content: a hash of eight characters would be guessed soon.
            version = hashlib.sha256(f"{info.st_dev} {info.st_ino} {info.st_ctime_ns}".encode()).hexdigest()[:16]
            text = file.readline().decode().strip()
            return Secret(SecretStr(text), version) if text.isprintable() else None  # else no definition could carry it
    except (OSError, UnicodeDecodeError, Refused):
        return None  # reported by the planner as SecretMissing, with what to do
