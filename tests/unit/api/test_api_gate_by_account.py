"""Who is let in by an account, and what of the refusals stands in the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import falcon
import falcon.asgi
import pytest
from falcon.testing import Result, TestClient

from homeostat.accounts.actor import NOBODY, Actor
from homeostat.accounts.audit.audit import Act, By
from homeostat.accounts.errors import AccountsError, DatabaseTrouble, NoAccounts, NotSignedIn
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.recognition import Recognised
from homeostat.service.journal import NOTED
from homeostat_api.accounts import cookies
from homeostat_api.config import ApiConfig
from homeostat_api.gate import OPEN_FILES, Gate, _has, own_entrance
from homeostat_api.http import errors, media
from homeostat_api.http.actor import shown_by
from homeostat_api.http.admitted import WhileAdmitted
from homeostat_api.http.errors import Problem
from homeostat_api.http.rights import Door, Right, needs
from homeostat_contracts.volant.errors import ANSWERS

T = TypeVar("T")
HERE = "127.0.0.1:8080"
PAGE = f"http://{HERE}"
TOKEN = "correct-horse-battery-staple"
ADA = Actor("session", Role.USER, "ada", rights=frozenset({Right.SEE, Right.CHANGE, Right.COPY}))
FOREVER = datetime(2999, 1, 1, tzinfo=UTC)


@dataclass
class Accounts:
    """One account, which shows ``hers``. ``trouble``: of the database."""

    some: bool = True
    must: bool = False  # sign in, also while there are none
    trouble: AccountsError | None = None
    unwritable: AccountsError | None = None
    actor: Actor = ADA
    ended: bool = False  # her session
    audit: list[tuple[By, Act]] = field(default_factory=list)

    async def required(self) -> bool:
        return self.must or await self.there_are_some()

    async def there_are_some(self) -> bool:
        if self.trouble is not None:
            raise self.trouble
        return self.some

    async def who(self, shown: str) -> Recognised:
        if not await self.there_are_some():
            raise NoAccounts()
        if shown != "hers":
            raise NotSignedIn()
        return Recognised(self.actor, FOREVER)

    async def of_session(self, session: str) -> Actor:
        if self.ended:
            raise NotSignedIn()
        return self.actor

    async def reception(self) -> Any:
        return SimpleNamespace(audit=self)

    async def run(self, work: Callable[[], T]) -> T:
        return work()

    def note(self, by: By, act: Act) -> None:
        if self.unwritable is not None:
            raise self.unwritable
        self.audit.append((by, act))


class Room:
    """Refuses as it is told to."""

    def __init__(self) -> None:
        self.refusal: Problem | None = None
        self.asked: list[tuple[Actor, str | None]] = []
        self.noted = False
        self.sent: Any = None

    @needs(Right.SEE)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req)

    @needs(Right.CHANGE)
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req)

    @needs(Right.COPY)
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        await self._answer(req)

    async def _answer(self, req: falcon.asgi.Request) -> None:
        self.asked.append((req.context.actor, shown_by(req)))
        NOTED.set(self.noted)
        if self.refusal is not None:
            raise self.refusal


class SignIn:
    def __init__(self) -> None:
        self.asked: list[Actor] = []

    @needs(Door.OPEN)
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self.asked.append(req.context.actor)

    @needs(Door.KNOWN)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self.asked.append(req.context.actor)


class House:
    def __init__(self, accounts: Accounts | None = None, **config: Any) -> None:
        self.accounts, self.room, self.sign_in = accounts or Accounts(), Room(), SignIn()
        config = {"host": "0.0.0.0", **config}
        self.gate = Gate(ApiConfig(Path("/srv/machines"), Path("/srv/state"), **config), own_entrance("X-API-Key"), self.accounts)  # type: ignore[arg-type]
        app = falcon.asgi.App(middleware=[self.gate])
        errors.install(app, ANSWERS)
        media.install(app)
        for path in ("/room", "/healthz"):
            app.add_route(path, self.room)
        app.add_route("/api/v1/session", self.sign_in)
        self._client = TestClient(app)

    def ask(self, method: str = "GET", path: str = "/room", host: str = HERE, **headers: str) -> Result:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.simulate_request(method, path, headers=named, host=host, remote_addr="192.0.2.7")

    def code(self, method: str = "GET", path: str = "/room", **headers: str) -> tuple[int, str]:
        answer = self.ask(method, path, **headers)
        return answer.status_code, "" if answer.status_code == 200 else answer.json["code"]


def cookie(shown: str = "hers") -> str:
    return f"{cookies.ACCESS}={shown}"


@pytest.mark.parametrize(
    "shows",
    [{"Authorization": "Bearer hers"}, {"Authorization": "bEARER  hers "}, {"X_API_Key": "hers"}, {"Cookie": cookie()}],
    ids=["bearer", "written otherwise", "the contract's header", "cookie"],
)
def test_who_shows_a_token_of_an_account_is_let_in_as_that_account(shows: dict[str, str]) -> None:
    house = House(rights=frozenset({Right.SEE, Right.MODERATE}))
    assert house.code(**shows) == (200, "")
    assert house.room.asked == [(replace(ADA, rights=frozenset({Right.SEE})), "hers")], "with what the server leaves to it"


@pytest.mark.parametrize(
    "shows",
    [
        {},
        {"Authorization": "Bearer other"},
        {"Authorization": "Bearer "},
        {"Authorization": "hers"},
        {"Authorization": "Basic hers"},
        {"X_API_Key": "other"},
        {"Cookie": cookie("other")},
        {"Authorization": "Bearer other", "Cookie": cookie()},
    ],
    ids=str,
)
def test_nobody_else_is(shows: dict[str, str]) -> None:
    house = House()
    assert house.code(**shows) == (401, "unauthorized") and not house.room.asked
    assert house.ask(**shows).headers["www-authenticate"] == 'Bearer realm="homeostat"'


def test_what_to_do_is_told_to_who_shows_nothing() -> None:
    none = Accounts(some=False, must=True)
    assert "POST /api/v1/session" in House().ask().json["error"]
    assert "homeostat user add" in House(none).ask().json["error"]
    assert "POST /api/v1/session" in House(none, token=TOKEN).ask().json["error"], "it has a token to show"
    assert House(Accounts(some=False), token=TOKEN).ask().json["error"].startswith("Send the API's token")
    assert House(Accounts(some=False)).ask().json["error"].startswith("Send the API's token"), "a server of the network"
    assert House(none).ask(Authorization="Bearer hers").status_code == 401


@pytest.mark.parametrize("path", ["/room", "/api/v1/session"])
def test_the_database_that_does_not_work_lets_nobody_in(path: str) -> None:
    for host in ("0.0.0.0", "127.0.0.1"):
        answer = House(Accounts(trouble=DatabaseTrouble("no disk")), host=host).ask("POST", path, Authorization="Bearer hers")
        assert (answer.status_code, answer.json["code"]) == (503, "accounts_unavailable")


def test_one_that_fails_just_after_the_first_question_does_not_either() -> None:
    class Failing(Accounts):
        async def who(self, shown: str) -> Recognised:
            raise DatabaseTrouble("no disk")

    assert House(Failing()).code(Authorization="Bearer hers") == (503, "accounts_unavailable")


def test_the_token_of_the_server_needs_no_database() -> None:
    house = House(Accounts(trouble=DatabaseTrouble("no disk")), token=TOKEN)
    assert house.code("POST", Authorization=f"Bearer {TOKEN}") == (200, "")


def test_probes_are_answered_to_everybody_once_there_are_accounts_or_none_can_be_asked_for() -> None:
    for accounts in (Accounts(), Accounts(trouble=DatabaseTrouble("no disk"))):
        house = House(accounts, host="127.0.0.1")
        assert house.ask("GET", "/healthz", "elsewhere.example").status_code == 200
        assert house.room.asked[-1][0] == NOBODY
    alone = House(Accounts(some=False), host="127.0.0.1")
    assert alone.ask("GET", "/healthz", "elsewhere.example").status_code == 403, "the host's own pages only"
    assert alone.ask("GET", "/healthz").status_code == 200 and alone.room.asked[-1][0].how == "local"


@pytest.mark.parametrize(
    "house", [{}, {"token": TOKEN}, {"accounts": Accounts(some=False), "token": TOKEN}], ids=["accounts", "both", "token"]
)
@pytest.mark.parametrize("path", sorted(OPEN_FILES))
def test_what_the_page_to_sign_in_needs_is_for_everybody(house: dict[str, Any], path: str) -> None:
    found = House(**house)
    assert found.code("GET", path) == (404, "not_found"), "it was let in, and this house has no such file"
    assert found.code("POST", path) == (401, "unauthorized")
    assert found.code("GET", f"{path}x") == (401, "unauthorized")


def test_who_signs_in_is_nobody_yet() -> None:
    house = House()
    assert house.code("POST", "/api/v1/session") == (200, "") and house.sign_in.asked == [NOBODY]
    assert house.code("GET", "/api/v1/session") == (401, "unauthorized")
    assert house.code("GET", "/api/v1/session", Authorization="Bearer hers") == (200, "")
    assert house.code("POST") == (401, "unauthorized")


@pytest.mark.parametrize(
    ("headers", "let_in"),
    [
        ({}, False),
        ({"Origin": PAGE}, True),
        ({"Origin": "https://elsewhere.example"}, False),
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({cookies.CSRF.replace("-", "_"): cookies.csrf_of("hers")}, True),
        ({cookies.CSRF.replace("-", "_"): cookies.csrf_of("other")}, False),
    ],
    ids=str,
)
def test_with_a_cookie_only_pages_of_this_server_change_anything(headers: dict[str, str], let_in: bool) -> None:
    house = House()
    assert house.code("POST", Cookie=cookie(), **headers) == ((200, "") if let_in else (403, "csrf"))
    assert house.code("GET", Cookie=cookie(), **headers) == (200, ""), "browsers keep the answer from others"
    assert house.code("POST", Authorization="Bearer hers", Cookie=cookie(), **headers) == (200, ""), "no page shows that"


@pytest.mark.parametrize(("how", "refused"), [("session", True), ("api-token", False)])
def test_pages_of_others_have_no_disk_copied_by_a_browser(how: Any, refused: bool) -> None:
    house = House(Accounts(actor=replace(ADA, how=how)))
    for site in ("cross-site", "same-site"):
        got = house.code("PUT", Authorization="Bearer hers", Sec_Fetch_Site=site)
        assert got == ((403, "origin_refused") if refused else (200, ""))


@pytest.mark.parametrize(
    ("method", "headers", "answer"),
    [
        ("OPTIONS", {"Origin": "https://page.example", "Access_Control_Request_Method": "POST"}, 200),
        ("OPTIONS", {"Origin": "https://other.example", "Access_Control_Request_Method": "POST"}, 401),
        ("OPTIONS", {"Origin": "https://page.example"}, 401),
        ("GET", {"Origin": "https://page.example", "Access_Control_Request_Method": "POST"}, 401),
    ],
    ids=str,
)
def test_a_browser_that_asks_whether_a_page_may_is_answered(method: str, headers: dict[str, str], answer: int) -> None:
    house = House(origins=frozenset({"https://page.example"}))
    assert house.ask(method, **headers).status_code == answer and not house.room.asked


# What of it stands in the audit


def refused(house: House, method: str = "POST", status: int = 404, **more: str) -> Result:
    house.room.refusal = Problem(status, "none", "There is no such room")
    return house.ask(method, Authorization="Bearer hers", **more)


@pytest.mark.parametrize("status", [403, 404])
def test_what_was_refused_before_anything_began_is_in_the_audit(status: int) -> None:
    house = House()
    refused(house, status=status)
    ((by, act),) = house.accounts.audit
    assert by == By("session", "ada", "192.0.2.7")
    assert act == Act("POST", "Request", "/room", outcome="Refused", message="There is no such room")


def test_a_right_that_somebody_lacks_is_in_it() -> None:
    house = House(rights=frozenset({Right.SEE}))
    assert house.code("POST", Authorization="Bearer hers") == (403, "forbidden")
    assert [act.message for _, act in house.accounts.audit] == ["This needs the right to change"]


def test_nothing_else_is_noted_here() -> None:
    house = House()
    refused(house, "GET")  # which changes nothing
    refused(house, status=409)
    house.room.noted = True  # by the service, and that it was refused, too
    refused(house)
    house.room.noted, house.room.refusal = False, None
    house.ask("POST", Authorization="Bearer hers")
    house.ask("POST")  # nobody knows whom
    assert house.accounts.audit == []


async def test_what_nobody_asked_is_not_noted() -> None:
    """Whoever was refused before the gate knew him, or is nobody."""
    house = House()
    for context in (SimpleNamespace(), SimpleNamespace(actor=NOBODY)):
        req: Any = SimpleNamespace(context=context, method="POST", path="/room")
        await house.gate._note_refusal(req, SimpleNamespace(media={"error": "no"}))  # type: ignore[arg-type]
    assert house.accounts.audit == []


async def test_an_answer_that_is_no_error_of_ours_is_noted_without_its_words() -> None:
    house = House()
    req: Any = SimpleNamespace(context=SimpleNamespace(actor=ADA), method="POST", path="/room")
    for said in (None, b"text", {"code": "none"}):
        await house.gate._note_refusal(req, SimpleNamespace(media=said))  # type: ignore[arg-type]
    assert [act.message for _, act in house.accounts.audit] == ["", "", ""]


def test_an_earlier_request_does_not_count() -> None:
    house = House()
    house.room.noted = True
    refused(house)
    NOTED.set(True)
    house.room.noted = False
    house.code("PATCH", "/nowhere", Authorization="Bearer hers")
    assert [act.name for _, act in house.accounts.audit] == ["/nowhere"]


def test_without_accounts_there_is_no_audit() -> None:
    house = House(Accounts(some=False), token=TOKEN)
    house.room.refusal = Problem(404, "none", "There is no such room")
    assert house.ask("POST", Authorization=f"Bearer {TOKEN}").status_code == 404 and house.accounts.audit == []


def test_an_audit_that_cannot_be_written_changes_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    house = House(Accounts(unwritable=DatabaseTrouble("no disk")))
    assert refused(house).status_code == 404
    assert "not in the audit: POST /room (no disk)" in caplog.text


# What stays open


def _response(stream: Any) -> Any:
    return SimpleNamespace(stream=stream, status_code=200)


async def nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def test_what_is_sent_for_long_is_looked_at_again_while_it_succeeds() -> None:
    gate = House().gate
    stream, found = nothing(), []
    for actor, succeeded in ((ADA, True), (ADA, False), (Actor("token"), True)):
        req: Any = SimpleNamespace(context=SimpleNamespace(actor=actor), method="GET")
        resp = _response(stream)
        await gate.process_response(req, resp, None, succeeded)
        found.append(isinstance(resp.stream, WhileAdmitted))
    assert found == [True, False, False], "the server's own token does not end"
    resp = _response(None)
    await gate.process_response(req, resp, None, True)
    assert resp.stream is None


async def test_it_ends_once_another_would_be_admitted_or_nobody() -> None:
    house = House()
    headers = {"Authorization": "Bearer hers"}
    req: Any = SimpleNamespace(
        context=SimpleNamespace(address="", scheme="http"),
        method="GET",
        path="/room",
        get_header=headers.get,
        get_cookie_values=lambda name: None,
    )
    req.context.actor = await house.gate.admit(req, "GET")
    assert req.context.actor.name == "ada" and await house.gate._still(req, "GET")
    house.accounts.actor = replace(ADA, role=Role.MODERATOR)
    assert not await house.gate._still(req, "GET")
    house.accounts.actor = ADA
    headers["Authorization"] = "Bearer other"
    assert await house.gate._still(req, "GET"), "a session outlasts its access tokens"
    house.accounts.ended = True
    assert not await house.gate._still(req, "GET")
    req.context.actor = replace(ADA, how="api-token")
    assert not await house.gate._still(req, "GET"), "a token is all there is of it"


@pytest.mark.parametrize(
    ("need", "known", "nobody"),
    [
        (Door.OPEN, True, True),
        (Door.KNOWN, True, False),
        (Right.SEE, True, False),
        (Right.ADMINISTER, False, False),
        (None, False, False),
    ],
)
def test_what_a_responder_asks_for(need: Any, known: bool, nobody: bool) -> None:
    assert (_has(ADA, need), _has(NOBODY, need)) == (known, nobody)


def test_a_responder_that_declares_nothing_is_refused_to_everybody() -> None:
    house = House(token=TOKEN)
    house.room.on_delete = house.room._answer  # type: ignore[attr-defined]
    with pytest.raises(Problem) as problem:
        house.gate._authorize(_as(Actor("token", Role.ADMINISTRATOR, rights=frozenset(Right))), house.room, "DELETE")
    assert problem.value.problem_code == "forbidden" and "a right that nobody has" in str(problem.value.message)


def _as(actor: Actor) -> Any:
    return SimpleNamespace(context=SimpleNamespace(actor=actor), uri_template="/room", get_header=lambda name: None)
