"""Each edit past the API is in the audit once: whoever is killed in between, and however many note it at the same time."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.audit.audit import Audit, Search
from homeostat.accounts.audit.edits import Edits
from homeostat.accounts.database.database import Database
from homeostat.accounts.database.tables import EditPositionRow
from homeostat.accounts.rights import Role
from homeostat.models.base import Key
from homeostat.store.index import unaudited
from homeostat.store.index.index import Index, timestamp
from homeostat.store.index.unaudited import EditedBy, Editor
from tests.accounts.clock import SetClock

KILLED = """
import os, signal, sys
from pathlib import Path
from homeostat.accounts.database.database import Database
from homeostat.accounts.audit.edits import Edits
from homeostat.store.index import unaudited
from homeostat.store.index.index import Index
unaudited.forget = lambda index, up_to: os.kill(os.getpid(), signal.SIGKILL)
Edits(Database.open(sys.argv[1])).take_from(Index.open(Path(sys.argv[2])))
"""


@pytest.fixture
def edits(database: Database, clock: SetClock, accounts: Accounts) -> Edits:
    accounts.add("root", Role.ADMINISTRATOR)
    return Edits(database, clock)


def edit(index: Index, clock: SetClock, name: str, how: EditedBy = "folder", verb: str = "change", **more: object) -> None:
    with index.transaction() as database:
        place = (timestamp(clock.now), Key("Disk", "default", name), Editor(how, "Eve", "data.yaml"), verb, "spec.size")
        unaudited.add(database, *place, **more)  # type: ignore[arg-type]


def noted(database: Database) -> list[str]:
    return [f"{e.act.verb} {e.act.name}" for e in reversed(Audit(database).search(Search(kind="Disk")))]


def test_what_an_entry_says(database: Database, index: Index, clock: SetClock, edits: Edits) -> None:
    clock.go(seconds=1)
    edit(index, clock, "data", "git")
    clock.go(seconds=1)
    assert edits.take_from(index) == 1
    (entry,) = Audit(database).search(Search(author="Eve"))
    assert entry.document() == {
        "id": entry.id, "at": "2026-11-27T12:00:01.000Z", "how": "git", "account": None, "token": None, "author": "Eve",
        "from": "data.yaml", "verb": "change", "kind": "Disk", "namespace": "default", "name": "data", "outcome": "Done",
        "message": "spec.size", "count": 1, "last": "2026-11-27T12:00:01.000Z",
    }  # fmt: skip
    assert edits.take_from(index) == 0 and not unaudited.read(index, 1)
    assert not Audit(database).search(Search(account="Eve")) and not Audit(database).search(Search(author="eve", how="git"))


def test_one_who_is_killed_before_the_index_knows(
    url: str, database: Database, index: Index, clock: SetClock, edits: Edits
) -> None:
    for name in "ab":
        edit(index, clock, name)
    assert subprocess.run([sys.executable, "-c", KILLED, url, str(index.path)], check=False).returncode == -9
    assert noted(database) == ["change a", "change b"] and len(unaudited.read(index, 10)) == 2
    edit(index, clock, "c")
    edits.take_from(index)
    assert noted(database) == ["change a", "change b", "change c"]


def test_what_cannot_be_noted_waits(index: Index, clock: SetClock, edits: Edits, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(index, clock, "a")
    with monkeypatch.context() as patched:
        patched.setattr(Edits, "note", lambda self, found: (_ for _ in ()).throw(OSError))
        with pytest.raises(OSError):
            edits.take_from(index)
    assert edits.take_from(index) == 1


def test_all_workers_at_once(url: str, database: Database, index: Index, clock: SetClock, edits: Edits) -> None:
    for number in range(30):
        edit(index, clock, str(number))
    opened = [Database.open(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: Edits(one, clock).take_from(index), opened))
    for one in opened:
        one.close()
    assert noted(database) == [f"change {number}" for number in range(30)]


def test_from_before_there_were_accounts(database: Database, index: Index, clock: SetClock, accounts: Accounts) -> None:
    edit(index, clock, "before")
    clock.go(seconds=1)
    accounts.add("root", Role.ADMINISTRATOR)
    edit(index, clock, "after")
    Edits(database, clock).take_from(index)
    assert noted(database) == ["change after"]


def test_another_index_counts_by_itself(database: Database, index: Index, tmp_path: Path, clock: SetClock, edits: Edits) -> None:
    edit(index, clock, "a")
    edits.take_from(index)
    other = Index.open(tmp_path / "rebuilt.sqlite")
    edit(other, clock, "b")
    edits.take_from(other)
    other.close()
    assert noted(database) == ["change a", "change b"]


def test_several_mirrors_of_one_cluster(database: Database, index: Index, tmp_path: Path, clock: SetClock, edits: Edits) -> None:
    other = Index.open(tmp_path / "other.sqlite")
    for generation, verb in ((1, "create"), (2, "change"), (unaudited.GONE, "delete")):
        for mirror in (index, other):
            edit(mirror, clock, "data", "cluster", verb, object="u1", generation=generation)
    edits.take_from(other)
    edits.take_from(index)
    other.close()
    assert noted(database) == ["create data", "change data", "delete data"]


@pytest.mark.parametrize(("days", "left"), [(30, {"u1", "u2", "u3"}), (31, {"u2", "u3"})])
def test_what_has_gone_is_remembered_for_a_month(
    database: Database, index: Index, clock: SetClock, edits: Edits, days: int, left: set[str]
) -> None:
    edit(index, clock, "gone", "cluster", "delete", object="u1", generation=unaudited.GONE)
    edit(index, clock, "there", "cluster", "create", object="u2", generation=1)
    edits.take_from(index)
    clock.go(days=days)
    edit(index, clock, "other", "cluster", "create", object="u3", generation=1)
    edits.take_from(index)
    with database.reading() as session:
        assert {source.rpartition("/")[2] for source in session.scalars(select(EditPositionRow.source))} == left


def test_a_new_mirror_finds_what_was_changed_meanwhile(database: Database, index: Index, clock: SetClock, edits: Edits) -> None:
    made = clock.now
    edit(index, clock, "data", "cluster", "create", object="u1", generation=1)
    edits.take_from(index)
    clock.now = made - timedelta(days=1)  # an object of before there were accounts
    edit(index, clock, "old", "cluster", "create", object="u2", generation=7)
    edit(index, clock, "data", "cluster", "create", object="u1", generation=3)
    edit(index, clock, "data", "cluster", "create", object="u1", generation=3)
    clock.now = made
    edits.take_from(index)
    assert noted(database) == ["create data", "change data"]
