"""Random texts that let somebody in. Only their hashes are kept: whoever reads the database can use none of them."""

from __future__ import annotations

import hashlib
import secrets

API_TOKEN = "hst_"  # noqa: S105 - what one begins with, so that scanners of leaked secrets find it
REFRESH_TOKEN = "hsr_"  # noqa: S105
CONSOLE_TICKET = "hsc_"

RANDOM_BYTES = 32  # 256 bits, of which nobody guesses one
SECRET_MAX = 100  # characters of one that somebody shows


def fresh(prefix: str) -> str:
    """Returns a new one."""
    return prefix + secrets.token_urlsafe(RANDOM_BYTES)


def fresh_id() -> str:
    """Returns a name for something that people or programs refer to. It lets nobody in."""
    return secrets.token_hex(6)


def kept(secret: str) -> str:
    """Returns what is kept of a secret text. It is random, so a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
