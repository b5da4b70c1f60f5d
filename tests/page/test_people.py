"""Accounts, grants, quotas, tokens and the audit, as an administrator has them in the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from homeostat.accounts.rights import Role
from tests.api.harness import Api
from tests.api.people import Person, inhabited
from tests.page.steps import AXE, ROW, findings, press, sign_in
from tests.rig.browser import Page, browse
from tests.rig.waiting import wait_until

FORM = "document.querySelector('.rowform')"


api = inhabited(ann=Role.USER)


@pytest.fixture(scope="module")
def page(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browse(f"{api.http.base_url}/", tmp_path_factory.mktemp("browser")) as page:
        sign_in(page, "root")
        page.run(AXE.read_text())
        yield page


def visit(page: Page, tab: str, shows: str) -> None:
    page.run(f"location.hash = '#/people/{tab}'")
    page.wait(f"{FORM} && document.querySelector('main').innerText.includes({shows!r})", f"people/{tab} is drawn")
    assert findings(page) == []


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.run(f"{FORM}.elements.{name}.value = {value!r}")


def test_an_account_is_made_and_banned(api: Api, page: Page) -> None:
    visit(page, "", "ann")
    fill(page, name="eve", role="moderator", password="battery staple")
    press(page, "New account")
    page.shows("eve")
    root = Person(api.http, "root")
    assert root.ask("GET", "users/eve").json()["role"] == "moderator"
    page.run(f"{ROW.format('eve')}.querySelector('button').click()")
    page.shows("Ban eve?")
    press(page, "Ban")
    page.shows("banned")
    assert root.ask("GET", "users/eve").json()["banned"] is not None


def test_a_grant_is_given_and_taken_back(api: Api, page: Page) -> None:
    visit(page, "grants", "Rights")
    fill(page, account="ann", rights="see", kind="VirtualMachine", name="web")
    press(page, "Give")
    page.shows("default / VirtualMachine / web")
    root = Person(api.http, "root")
    [grant] = root.ask("GET", "grants").json()["grants"]
    assert (grant["account"], grant["rights"]) == ("ann", ["see"])
    press(page, "Take back")
    page.shows("Take a grant of ann back?")
    press(page, "Take back")
    wait_until(lambda: root.ask("GET", "grants").json()["grants"] == [], 20, "it is taken back")


def test_a_quota_is_set(api: Api, page: Page) -> None:
    visit(page, "quotas", "ann")
    fill(page, account="ann", measure="memory", limit="2Gi")
    press(page, "Limit")
    page.shows("2.0 GiB")
    quota = Person(api.http, "ann").ask("GET", "quotas").json()["quotas"][0]["quotas"]["memory"]
    assert (quota["limit"], quota["own"]) == (2 * 2**30, True)


def test_a_token_is_shown_once(api: Api, page: Page) -> None:
    visit(page, "tokens", "New token")
    fill(page, name="backup", scopes="see", days="7")
    press(page, "New token")
    page.shows("It is shown this once")
    token = str(page.run("document.querySelector('.notice code').innerText"))
    assert api.http.get("/api/v1/whoami", headers={"Authorization": f"Bearer {token}"}).json()["name"] == "root"
    page.run("location.hash = '#/people/audit'")
    page.wait("!document.body.innerText.includes('It is shown this once')", "it is shown no more")
    page.shows("Token")
    assert token not in page.text()
