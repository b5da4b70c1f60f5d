"""Numbers of things: where a contract calls a machine 7, it is 7 for as long as it is there, and nothing else is 7 afterwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from .database.database import Database
from .database.tables import NumberRow

ATTEMPTS = 20
"""How often a number is tried for, where other servers take the same one at the same time."""


class Numbers:
    """The books of numbers of one database. Each book begins with 1."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, book: str, things: Collection[str]) -> Mapping[str, int]:
        """Returns the number of each thing, and gives one to those that have none yet.

        Raises:
            DatabaseTrouble: the database does not work.
        """
        for left in range(ATTEMPTS, 0, -1):
            try:
                return self._of(book, things)
            except IntegrityError:
                if left == 1:
                    raise
        raise AssertionError("the loop above ends")

    def _of(self, book: str, things: Collection[str]) -> Mapping[str, int]:
        found = self._known(book, things)
        if missing := [thing for thing in dict.fromkeys(things) if thing not in found]:
            with self._database.writing() as session:
                last = session.scalar(select(func.max(NumberRow.number)).where(NumberRow.book == book)) or 0
                for number, thing in enumerate(missing, last + 1):
                    session.add(NumberRow(book=book, number=number, thing=thing))
                    found[thing] = number
        return found

    def _known(self, book: str, things: Collection[str]) -> dict[str, int]:
        with self._database.reading() as session:
            rows = select(NumberRow.thing, NumberRow.number).where(NumberRow.book == book, NumberRow.thing.in_(things))
            return {thing: number for thing, number in session.execute(rows)}

    def thing(self, book: str, number: int) -> str | None:
        """Returns what has a number. None: nothing ever had it.

        Raises:
            DatabaseTrouble: the database does not work.
        """
        with self._database.reading() as session:
            return session.scalar(select(NumberRow.thing).where(NumberRow.book == book, NumberRow.number == number))
