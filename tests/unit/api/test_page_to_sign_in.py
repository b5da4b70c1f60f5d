"""A browser that is nobody gets a page to sign in with where it asked for a page, and programs get the error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import falcon
import falcon.asgi
import pytest
from falcon.testing import Result, TestClient

from homeostat.accounts.errors import AccountsError, DatabaseTrouble
from homeostat_api.consoles import sign_in
from homeostat_api.consoles.sign_in import OfferSignIn
from homeostat_api.errors import ANSWERS
from homeostat_api.http.answers.web_files import NOT_BUILT
from homeostat_api.http.application import application
from homeostat_api.http.errors import Problem
from homeostat_api.middleware import HeadAsGet

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PAGE = b'<body data-ways="{ways}">'


class Accounts:
    def __init__(self, some: bool = True, trouble: AccountsError | None = None) -> None:
        self.some, self.trouble = some, trouble

    async def there_are_some(self) -> bool:
        if self.trouble is not None:
            raise self.trouble
        return self.some


class Refuse:
    """As the gate does."""

    def __init__(self, status: int) -> None:
        self.status = status

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        raise Problem(self.status, "refused", "no", headers={"WWW-Authenticate": "Bearer"})


@pytest.fixture(autouse=True)
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "console").mkdir()
    (tmp_path / "console" / "signin.html").write_bytes(PAGE)
    monkeypatch.setattr(sign_in, "WEB", tmp_path)
    return tmp_path


def asked(
    path: str = "/console/web",
    method: str = "GET",
    accept: str = BROWSER,
    accounts: Accounts | None = None,
    provider: bool = False,
    status: int = 401,
) -> Result:
    offer = OfferSignIn(accounts or Accounts(), provider)  # type: ignore[arg-type]
    return TestClient(application([], ANSWERS, (HeadAsGet(), offer, Refuse(status)))).simulate_request(
        method, path, headers={"Accept": accept}
    )


def is_page(answer: Result) -> bool:
    return "text/html" in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("some", "provider", "ways"),
    [(True, False, b"password"), (True, True, b"password provider"), (False, False, b"none"), (False, True, b"none")],
)
def test_it_shows_the_ways_there_are(some: bool, provider: bool, ways: bytes) -> None:
    answer = asked(accounts=Accounts(some), provider=provider)
    assert (answer.status_code, answer.content) == (401, PAGE.replace(b"{ways}", ways))
    headers: Any = answer.headers
    assert (headers["content-type"], headers["cache-control"]) == ("text/html; charset=utf-8", "no-store")
    assert headers["vary"] == "Accept" and headers["www-authenticate"] == "Bearer"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ") and "form-action 'none'" in policy


@pytest.mark.parametrize("path", ["/", "/console/web", "/console/web/serial", "/console/a%20b"])
def test_for_pages(path: str) -> None:
    assert is_page(asked(path))


@pytest.mark.parametrize(
    "path", ["/console", "/console/", "/console/web/more", "/console/a/b/serial", "/web/x.js", "/x/console/web"]
)
def test_for_nothing_else(path: str) -> None:
    answer = asked(path)
    assert answer.json["code"] == "refused" and "vary" not in answer.headers


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("text/html", True),
        (" Text/HTML ;q=0.9", True),
        ("application/json, text/html;level=1", True),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
        ("text/htmlx", False),
        ("", False),
    ],
)
def test_for_who_names_html(accept: str, page: bool) -> None:
    answer = asked(accept=accept)
    assert is_page(answer) is page and answer.status_code == 401 and answer.headers["vary"] == "Accept"


def test_not_for_other_methods_and_refusals() -> None:
    assert not is_page(asked(method="POST")) and not is_page(asked(status=403)) and not is_page(asked(status=503))
    head = asked(method="HEAD")
    assert is_page(head) and head.status_code == 401 and head.content == b""


def test_not_while_the_accounts_do_not_work() -> None:
    answer = asked(accounts=Accounts(trouble=DatabaseTrouble("no disk")))
    assert (answer.status_code, answer.json["code"]) == (401, "refused")


def test_pages_that_are_not_built_say_so(web: Path) -> None:
    (web / "console" / "signin.html").unlink()
    answer = asked()
    assert (answer.status_code, answer.content) == (401, NOT_BUILT)
