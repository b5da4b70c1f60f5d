"""N11, while a change that somebody asked for is being made: what comes of it names him, so nobody else gets his name."""

from __future__ import annotations

from homeostat.accounts.audit.audit import Act, By
from homeostat.accounts.audit.deeds import Deeds
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.store.files.state import StateFolder
from tests.api.modes import of_a_folder
from tests.contracts.neptuned.neptune import Neptune, refused

CREATE = Act("create", "Disk", "n11", "default")


@of_a_folder
def test_n11_such_a_name_is_not_given_again(opened: Neptune) -> None:
    user = opened.user()
    database = Database.open(sqlite_url(StateFolder.open(opened.state).accounts))
    begun = Deeds(database).begin(By("session", user.name), CREATE)
    opened.done("POST", "delete_account", token=user.token)
    Deeds(database).end(begun, By("session", user.name), CREATE)
    database.close()
    body = {"username": user.name, "password": "battery staple"}
    assert "deleted" in refused(opened.ask("POST", "register", body, token=""), 409)
