"""Passwords: what may be one, and their argon2id hashes. A hash takes 19 MiB and tens of milliseconds, so that no more than a few
are made at once, in threads: whoever calls waits for his turn."""

from __future__ import annotations

import os
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import BadPassword

SHORTEST = 8  # characters
LONGEST = 1024  # bytes of UTF-8
AT_ONCE = 2  # at most

ITERATIONS, MEMORY, LANES = 2, 19 * 1024, 1
"""OWASP's parameters of argon2id; memory is in KiB. https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html"""


def turns() -> int:
    """Returns how many hash at once: a hash keeps a core busy, and one core, where there are several, is left to all else."""
    return max(1, min(AT_ONCE, len(os.sched_getaffinity(0)) - 1))


def check_password(password: str) -> None:
    """Checks whether that may become a password.

    Raises:
        BadPassword: it may not.
    """
    if not hashable(password):
        raise BadPassword(f"a password has at most {LONGEST} bytes, and is text", "choose a shorter one")
    if len(password) < SHORTEST:
        raise BadPassword(f"a password has at least {SHORTEST} characters", "choose a longer one")


def hashable(password: str) -> bool:
    """Tells whether a text is so short that it is worth a hash, and can be written as UTF-8."""
    if len(password) > LONGEST:
        return False
    try:
        return len(password.encode()) <= LONGEST
    except UnicodeEncodeError:  # half of a surrogate pair, as JSON may hold it
        return False


def composed(password: str) -> str:
    """Returns the one spelling of what looks the same to whoever types it: keyboards and systems write an é as one character or
    as two. https://www.rfc-editor.org/rfc/rfc8265#section-4.2"""
    return unicodedata.normalize("NFC", password)


@dataclass(frozen=True, slots=True)
class Turn:
    """Whoever has one may hash."""

    hasher: PasswordHasher
    nobodys: str

    def hash(self, password: str) -> str:
        """Returns the hash to keep of a password that was checked."""
        return self.hasher.hash(composed(password))

    def matches(self, password: str, kept: str | None) -> bool:
        """Tells whether that is the password. ``kept`` None: there is no account, or it has none; this takes as long then."""
        if not hashable(password):
            return False
        spellings = {composed(password), password}  # as it was typed, too: hashes that were made before have that
        fits = [self._verifies(kept or self.nobodys, one) for one in spellings]  # all of them, whoever it is
        return any(fits) and kept is not None

    def _verifies(self, kept: str, password: str) -> bool:
        try:
            return self.hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


@dataclass(frozen=True)
class Passwords:
    """Hashes and verifies. The parameters stand in each hash, so that they may change."""

    iterations: int = ITERATIONS
    memory: int = MEMORY
    lanes: int = LANES
    at_once: int = field(default_factory=turns)

    @cached_property
    def _hasher(self) -> PasswordHasher:
        return PasswordHasher(self.iterations, self.memory, self.lanes)

    @cached_property
    def _turns(self) -> threading.BoundedSemaphore:
        return threading.BoundedSemaphore(self.at_once)

    @cached_property
    def _nobodys(self) -> str:
        """The hash of a password that nobody knows. To try one against it takes as long as against a real one."""
        return self._hasher.hash(secrets.token_urlsafe())

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Waits for a turn to hash. What must not change while a password is tried is looked at within it."""
        with self._turns:
            yield Turn(self._hasher, self._nobodys)

    def hash(self, password: str) -> str:
        """Returns the hash to keep.

        Raises:
            BadPassword: that cannot be a password.
        """
        check_password(password)
        with self.turn() as turn:
            return turn.hash(password)

    def outdated(self, kept: str) -> bool:
        """Tells whether a hash was made by other parameters than ours, and should be made again when its password is known."""
        return self._hasher.check_needs_rehash(kept)
