"""Who is nobody, and opens the page of a console in a browser, gets a page to sign in with; with its cookies the console's page.

What that page needs is served to everybody, and nothing beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from homeostat.accounts.rights import Role
from homeostat_api.gate import OPEN_FILES
from homeostat_api.http.answers.web_files import WEB
from tests.api.harness import Api, serving
from tests.api.modes import of_a_folder
from tests.api.people import PASSWORD, SESSION, settle

pytestmark = of_a_folder

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGE = "/console/web"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("sign-in")
    settle(root / "state", bob=Role.USER)
    with serving(root) as found:
        yield found


def ways(answer: httpx.Response) -> str:
    """Returns which parts the page shows."""
    assert answer.status_code == 401 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    found = re.search(r'data-ways="([^"]*)"', answer.text)
    assert found is not None
    return found[1]


def test_a_browser_signs_in_and_out(api: Api) -> None:
    ours = {**BROWSER, "Origin": str(api.http.base_url).rstrip("/")}
    with api.visitor() as browser:
        assert ways(browser.get(PAGE, headers=BROWSER)) == ways(browser.get(f"{PAGE}/serial", headers=BROWSER)) == "password"
        signed_in = browser.post(SESSION, json={"name": "bob", "password": PASSWORD, "cookie": True}, headers=ours)
        assert signed_in.status_code == 201, signed_in.text
        page = browser.get(PAGE, headers=BROWSER)
        assert page.status_code == 200 and 'id="sign-out"' in page.text and "data-ways" not in page.text
        assert browser.delete(SESSION, headers=ours).status_code == 204
        assert ways(browser.get(PAGE, headers=BROWSER)) == "password"


def test_a_program_gets_the_error(api: Api) -> None:
    answer = api.http.get(PAGE)
    assert (answer.status_code, answer.json()["code"], answer.headers["Vary"]) == (401, "unauthorized", "Accept")
    assert api.http.get("/api/v1/vms", headers=BROWSER).json()["code"] == "unauthorized"


def test_what_the_page_needs_is_served_to_everybody_and_nothing_else(api: Api) -> None:
    files = {f"/web/{file.relative_to(WEB).as_posix()}" for file in WEB.rglob("*") if file.is_file()}
    assert {path for path in files if api.http.get(path).status_code != 401} == OPEN_FILES
    needed, found = set(re.findall(r'(?:href|src)="(/web/[^"]+)"', api.http.get(PAGE, headers=BROWSER).text)), set[str]()
    while needed:
        found.add(path := needed.pop())
        imported = re.findall(r'from "\./([^"]+)"', api.http.get(path).text)
        needed |= {f"/web/console/{file}" for file in imported} - found
    assert found == OPEN_FILES


def test_with_a_token_and_no_account_it_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("correct-horse-battery-staple\n")
    file.chmod(0o600)
    with serving(tmp_path, "--token-file", str(file)) as api, api.visitor() as browser:
        answer = browser.get(PAGE, headers=BROWSER)
        assert ways(answer) == "none" and "homeostat user add NAME --role administrator" in answer.text


def test_without_accounts_the_consoles_page_is_served(tmp_path: Path) -> None:
    with serving(tmp_path) as api:
        assert api.http.get(PAGE, headers=BROWSER).status_code == 200
