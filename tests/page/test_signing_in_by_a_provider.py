"""Signing in by a provider in a browser: one comes back to where one was, and a session that ends meanwhile loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.openid_provider import OpenIdProvider
from tests.api.people import Person
from tests.api.test_signing_in_by_a_provider import ALICE, House, housed, provider
from tests.page.steps import SIGNING_IN, closed, edits, plan, press, review, write
from tests.rig.browser import Page, browse
from tests.rig.waiting import wait_until

__all__ = ["provider"]
BY_PROVIDER = "document.getElementById('begin')"
OTHER_WAYS = "[...document.querySelectorAll('dialog button')].find(one => one.innerText === 'Other ways to sign in')"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, provider: OpenIdProvider) -> Iterator[House]:
    with housed(tmp_path_factory.mktemp("accounts"), provider) as found:
        found.link("alice", ALICE)
        Person(found.api.http, "alice").ask("POST", "vms", json={"name": "hers", "spec": {"resources": {"memory": "64Mi"}}})
        yield found


@pytest.fixture
def page(house: House, tmp_path: Path) -> Iterator[Page]:
    with browse(f"{house.api.http.base_url}/#/virtualmachines/hers/yaml", tmp_path / "profile") as page:
        page.wait(SIGNING_IN, "the page to sign in with")
        page.run(f"{BY_PROVIDER}.click()")
        edits(page, "64Mi")
        yield page


def windows(page: Page) -> list[dict[str, str]]:
    found = httpx.get(f"http://{urlsplit(page._address).netloc}/json", timeout=20).json()
    return [one for one in found if one["type"] == "page"]


def end_sessions(house: House) -> None:
    root = Person(house.api.http, "root")
    for session in root.ask("GET", "sessions?account=alice").json()["sessions"]:
        if session["client"].startswith("Mozilla"):
            root.ask("DELETE", f"sessions/{session['id']}").raise_for_status()


def test_one_comes_back_to_where_one_was(page: Page) -> None:
    assert page.run("location.pathname + location.hash") == "/#/virtualmachines/hers/yaml"


def test_a_session_that_ends_within_an_edit_goes_on_by_the_provider(house: House, page: Page) -> None:
    write(page, "spec:\n  resources:\n    memory: 96Mi\n")
    end_sessions(house)
    review(page)
    page.shows("Your session has ended")
    page.run(f"{OTHER_WAYS}.focus()")
    page.press("Enter")
    wait_until(lambda: len(windows(page)) == 2, 20, "a window opens")
    [address] = [one["webSocketDebuggerUrl"] for one in windows(page) if one["webSocketDebuggerUrl"] != page._address]
    window = Page(address)
    window.wait(f"{BY_PROVIDER}?.href.includes('oidc')", "it offers the provider")
    window.run(f"setTimeout(() => {BY_PROVIDER}.click()); 0")
    assert "resources.memory" in plan(page), "what was typed is sent after all"
    wait_until(lambda: len(windows(page)) == 1, 20, "the window closes itself")
    press(page, "Change")
    closed(page)
    spec = Person(house.api.http, "alice").ask("GET", "vms/hers/spec").json()
    assert spec == {"resources": {"memory": "96Mi"}}
