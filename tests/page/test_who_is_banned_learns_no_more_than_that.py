"""Whose session ends while the page is open is asked to sign in again, and not also told that the server does not answer."""

from __future__ import annotations

from pathlib import Path

from homeostat.accounts.rights import Role
from tests.api.harness import Api
from tests.api.people import Person, inhabited
from tests.page.steps import sign_in, sign_in_again
from tests.rig.browser import browse

api = inhabited(ann=Role.USER)
LINE = "document.querySelector('.link')"


def test_a_ban(api: Api, tmp_path: Path) -> None:
    root = Person(api.http, "root")
    with browse(f"{api.http.base_url}/", tmp_path / "profile") as page:
        sign_in(page, "ann")
        page.wait(f"{LINE} && !{LINE}.innerText.includes('connecting')", "it is followed")
        root.ask("PATCH", "users/ann", json={"banned": True}).raise_for_status()
        page.shows("Your session has ended")
        page.wait(f"{LINE}.innerText.includes('You are not signed in any more')", "why nothing is followed")
        assert "does not answer" not in page.text()
        root.ask("PATCH", "users/ann", json={"banned": False}).raise_for_status()
        sign_in_again(page, "ann")
        page.wait(f"!{LINE}.innerText.includes('signed in')", "it is followed again")
