"""In a real browser: who has not signed in gets a page to do so, then the console, and after signing out that page again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from homeostat.accounts.rights import Role
from homeostat.models.base import OWNER
from tests.api.people import PASSWORD, Person, settle
from tests.e2e.homeostat import Homeostat, idle
from tests.rig.browser import Page, browse
from tests.rig.waiting import free_port, wait_until

NAME = "box"
SCREEN = "document.querySelector('#screen canvas')?.width > 0"
"""Whether the guest has sent its screen: a connection that is cut off before that is a failure, which the page logs."""


@pytest.fixture
def http(homeostat: Homeostat) -> Iterator[httpx.Client]:
    """Returns a client of the server, which has accounts, over a machine with a screen."""
    settle(homeostat.state, bob=Role.USER)
    homeostat.write(NAME, idle(display={"video": "vga"}), labels={OWNER: "bob"})
    with httpx.Client(base_url=f"http://127.0.0.1:{free_port()}", timeout=60) as client:
        start(homeostat, client)
        homeostat.wait_ready(NAME)
        yield client


def start(homeostat: Homeostat, http: httpx.Client) -> None:
    def ready() -> bool:
        try:
            return http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    homeostat.start("--bind", f"127.0.0.1:{http.base_url.port}")
    wait_until(ready, 60, "the API is ready")


def fill(page: Page, name: str, password: str) -> None:
    """Types name and password, and sends them as a click does."""
    page.run(f"document.getElementById('account').value = {name!r}; document.getElementById('secret').value = {password!r}")
    page.run("document.getElementById('send').click()")


def asks(page: Page) -> bool:
    """Tells whether the page asks for name and password."""
    form = "document.getElementById('password')"
    return bool(page.run(f"document.readyState === 'complete' && {form} !== null && !{form}.hidden"))


def forget_access(page: Page) -> None:
    """Takes the access token from the browser, as its expiry does after 15 minutes. What goes on with the session stays."""
    page.forget_cookies("homeostat_session")


def test_signing_in_and_out(homeostat: Homeostat, http: httpx.Client, tmp_path: Path) -> None:
    address = str(http.base_url.join(f"/console/{NAME}"))
    with browse(address, tmp_path / "profile") as page:

        def wait_for(words: str, why: str) -> None:
            page.shows(words, 60, why)

        wait_until(lambda: asks(page), 30, "the page asks for name and password")
        fill(page, "bob", "wrong horse")
        wait_for("the name or the password is wrong", "the page says what the API does")
        fill(page, "bob", PASSWORD)
        wait_for("you have control", "the page has the console")
        wait_until(lambda: page.run(SCREEN), 30, "there is a screen")
        assert page.run("location.href") == address, "nothing of the form got into it"

        forget_access(page)
        page.reload()
        wait_for("you have control", "the session goes on, and nobody is asked")
        wait_until(lambda: page.run(SCREEN), 30, "there is a screen")

        page.run("document.getElementById('sign-out').click()")
        wait_until(lambda: asks(page), 30, "the page asks again")
        assert Person(http, "root").ask("GET", "sessions", params={"account": "bob"}).json()["sessions"] == []

        fill(page, "bob", PASSWORD)
        wait_for("you have control", "the page has the console again")
        wait_until(lambda: page.run(SCREEN), 30, "there is a screen")
        page.forget_cookies()
        homeostat.stop()
        start(homeostat, http)
        wait_until(lambda: asks(page), 60, "a page that connects again, and is nobody by then, asks who it is")
        assert page.console() == [], "nothing went wrong in the page"
