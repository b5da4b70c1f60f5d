"""What administrators set over the API of a contract, and what it keeps besides: texts by their names, such as neptuned/chat."""

from __future__ import annotations

import secrets
from contextlib import suppress

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from .audit.audit import ON_HOST, Act, By, note
from .clock import Clock, wall_clock
from .database.database import Database
from .database.secret_texts import RANDOM_BYTES
from .database.tables import SettingRow
from .standing import changing

KIND = "Setting"  # in the audit


class KeptSettings:
    """All settings of one database."""

    def __init__(self, database: Database, clock: Clock = wall_clock) -> None:
        self._database = database
        self._clock = clock

    def get(self, name: str) -> str | None:
        """Returns a setting. None: nobody has set it."""
        with self._database.reading() as session:
            row = session.get(SettingRow, name)
            return row.value if row is not None else None

    def drawn(self, name: str) -> str:
        """Returns a setting that nobody can guess. It is drawn once, by whoever asks first, and stays."""
        if (found := self.get(name)) is not None:
            return found
        with suppress(IntegrityError), self._database.writing() as session:  # another server was quicker
            session.add(SettingRow(name=name, value=secrets.token_urlsafe(RANDOM_BYTES)))
        found = self.get(name)
        assert found is not None
        return found

    def set(self, name: str, value: str | None, *, by: By = ON_HOST) -> None:
        """Sets a setting, or with None takes it away. The audit has its name alone: a value may be a secret."""
        with changing(self._database, by) as session:
            if value is None:
                session.execute(delete(SettingRow).where(SettingRow.name == name))
            else:
                session.merge(SettingRow(name=name, value=value))
            note(session, self._clock(), by, Act("set", KIND, name))
