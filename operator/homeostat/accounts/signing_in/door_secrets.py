"""Passwords of things: what a contract lets people in by beside their accounts. Kept by their hashes, among the settings."""

from __future__ import annotations

from ..clock import Clock, wall_clock
from ..database.database import Database
from ..errors import TooManyAttempts
from ..settings import KeptSettings
from . import throttle
from .passwords import Passwords
from .throttle import Attempt, Limits


class DoorSecrets:
    """Whoever tries too many waits, as at signing in. It hashes, so it is called in a thread."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock = wall_clock, limits: Limits | None = None) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock
        self._limits = limits or Limits()
        self._settings = KeptSettings(database, clock)

    def hashed(self, secret: str) -> str:
        """Returns what is to be kept of a secret, as a setting."""
        with self._passwords.turn() as turn:
            return turn.hash(secret)

    def opens(self, name: str, secret: str, address: str) -> bool:
        """Tells whether the secret is that which a setting is the hash of. ``address``: where it comes from.

        Raises:
            TooManyAttempts: it was wrong too often; it was not tried.
        """
        attempt = Attempt(f"door {name}", address)
        with self._passwords.turn() as turn:
            with self._database.reading() as session:
                if wait := throttle.remaining(session, attempt, self._limits, self._clock()):
                    raise TooManyAttempts(wait)
            right = turn.matches(secret, self._settings.get(name))
            with self._database.writing() as session:
                if right:
                    throttle.succeeded(session, attempt, self._limits)
                else:
                    throttle.failed(session, attempt, self._limits, self._clock())
        return right
