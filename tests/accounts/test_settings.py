"""What administrators set: kept, theirs alone, and in the audit by its name, not its value."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from homeostat.accounts.audit.audit import Search
from homeostat.accounts.database.database import Database
from homeostat.accounts.errors import NotPermitted
from homeostat.accounts.signing_in.passwords import Passwords
from tests.accounts.clock import SetClock
from tests.accounts.test_administration import House


@pytest.fixture
def house(database: Database, passwords: Passwords, clock: SetClock) -> House:
    return House(database, passwords, clock)


def test_a_setting_is_kept_and_taken_away(house: House) -> None:
    root = house.by("root")
    assert root.setting("neptuned/server") is None
    root.set_setting("neptuned/server", "one")
    root.set_setting("neptuned/server", "two")
    assert (root.setting("neptuned/server"), root.setting("neptuned/other")) == ("two", None)
    root.set_setting("neptuned/server", None)
    assert root.setting("neptuned/server") is None


def test_only_administrators_set_and_see(house: House) -> None:
    house.by("root").set_setting("a", "kept")
    for name in ("mod", "bob"):
        with pytest.raises(NotPermitted):
            house.by(name).set_setting("a", "other")
        with pytest.raises(NotPermitted):
            house.by(name).setting("a")
    assert house.by("root").setting("a") == "kept"


def test_the_audit_has_the_name_alone(house: House) -> None:
    house.by("root").set_setting("secret", "a value of it")
    (entry,) = house.reception.audit.search(Search(kind="Setting"), limit=10)
    assert (entry.by.account, entry.act.verb, entry.act.name, entry.act.message) == ("root", "set", "secret", "")


def test_what_is_drawn_stays(house: House) -> None:
    settings = house.reception.settings
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: settings.drawn("names"), range(4)))
    assert found == {settings.drawn("names")} != {settings.drawn("others")}
    assert min(map(len, found)) >= 40


def test_what_is_drawn_is_the_quicker_ones(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = house.reception.settings
    settings.set("names", "of another server")
    get, asked = settings.get, list[str]()

    def late(name: str) -> str | None:
        asked.append(name)
        return get(name) if len(asked) > 1 else None

    monkeypatch.setattr(settings, "get", late)
    assert settings.drawn("names") == "of another server"
