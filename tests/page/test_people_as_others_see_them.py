"""Accounts and what belongs to them, as those see them who are no administrators: nothing is offered that would be refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from tests.api.harness import Api, serving
from tests.api.people import Person, settle
from tests.page.steps import AXE, findings, sign_in
from tests.rig.browser import Page, browse


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("accounts")
    settle(root / "state", ann=Role.USER, bob=Role.USER, mod=Role.MODERATOR)
    with serving(root) as found:
        administrator = Person(found.http, "root")
        grant = {"account": "ann", "rights": ["see"], "namespace": "default", "kind": "VirtualMachine", "name": "web"}
        administrator.ask("POST", "grants", json=grant).raise_for_status()
        administrator.ask("POST", "tokens", json={"name": "roots", "scopes": ["see"]}).raise_for_status()
        yield found


@pytest.fixture
def page(api: Api, tmp_path: Path) -> Iterator[Page]:
    with browse(f"{api.http.base_url}/", tmp_path / "profile") as page:
        yield page


def offered(page: Page, tab: str, shows: str) -> dict[str, list[str]]:
    """Returns the buttons of each row of a tab, and below "" those of the form above."""
    page.run(f"location.hash = '#/people/{tab}'")
    page.wait(f"document.querySelector('tbody')?.innerText.includes({shows!r})", f"people/{tab} is drawn")
    page.run(AXE.read_text())
    assert findings(page) == []
    texts = "[...{}.querySelectorAll('button')].map(one => one.innerText)"
    rows = f"[...document.querySelectorAll('tbody tr')].map(row => [row.querySelector('th').innerText, {texts.format('row')}])"
    found: dict[str, list[str]] = dict(page.awaited(f"Promise.resolve({rows})"))
    forms = "[...document.querySelectorAll('.rowform button')].map(one => one.innerText)"
    return {"": page.awaited(f"Promise.resolve({forms})"), **found}


def test_a_user_sees_what_is_his(page: Page) -> None:
    sign_in(page, "ann")
    account = "document.querySelector('a[title=\"Your account\"]')"
    page.wait(account, "it is known who he is")
    page.run(f"{account}.click()")
    page.wait("document.querySelector('h1')?.innerText === 'Your account'", "his account")
    assert offered(page, "", "ann") == {"": [], "ann": []}
    assert offered(page, "grants", "ann") == {"": [], "ann": []}
    assert offered(page, "quotas", "ann") == {"": [], "ann": []}


def test_a_user_makes_tokens_of_his_own_and_revokes_them(api: Api, page: Page) -> None:
    Person(api.http, "ann").ask("POST", "tokens", json={"name": "anns", "scopes": ["see"]}).raise_for_status()
    sign_in(page, "ann")
    assert offered(page, "tokens", "anns") == {"": ["New token"], "anns": ["Revoke"]}


def test_a_moderator_bans_users(page: Page) -> None:
    sign_in(page, "mod")
    page.shows("People")
    everybody = {"ann": ["Ban"], "bob": ["Ban"], "mod": [], "root": []}
    assert offered(page, "", "root") == {"": [], **everybody}
    assert page.run("document.querySelector('.tabs [aria-current]').hash") == "#/people", "its address is plain"
    assert offered(page, "grants", "ann") == {"": [], "ann": []}
    assert offered(page, "tokens", "roots")["roots"] == []


def test_an_administrator_does_not_ban_himself(page: Page) -> None:
    sign_in(page, "root")
    found = offered(page, "", "root")
    assert found[""] == ["New account"] and found["root"] == [] and found["mod"] == ["Ban"]
    assert offered(page, "tokens", "roots")["roots"] == ["Revoke"]
