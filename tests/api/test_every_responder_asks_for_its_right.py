"""One gate for requests and WebSockets: every responder of every route refuses who is nobody, and who has not its right.

The responders come from Falcon's own table, so that a route or a method that nobody thought of is asked like the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import falcon.asgi
import falcon.inspect
import pytest

from homeostat_api.app import create_app, make_parts
from homeostat_api.config import ApiConfig
from homeostat_api.gate import OPEN_FILES, OPEN_PATHS, WEBSOCKET
from homeostat_api.http.errors import App
from homeostat_api.http.rights import Right, needed, needs
from tests.rig.standing import Standing

TOKEN = "correct-horse-battery-staple"
SIGNED_IN = {"Authorization": f"Bearer {TOKEN}"}
CONSOLE = ("/console", WEBSOCKET)
NONE: frozenset[Right] = frozenset()
LOOKING = {
    ("/api/v1/vms/name/consoles", "POST"),
    ("/api/v1/vms/name/vnc", WEBSOCKET),
    ("/api/v1/vms/name/serial", WEBSOCKET),
    ("/api/v1/vms/name/webrtc", WEBSOCKET),
}  # at a screen, with a ticket
WITHOUT_A_RIGHT = frozenset(
    (f"/api/v1/{path}", method)
    for path, methods in {
        "session": ("POST", "GET", "DELETE"),
        "session/refresh": ("POST",),
        "session/oidc": ("GET",),
        "session/oidc/callback": ("GET",),
        "sessions": ("GET",),
        "sessions/session": ("DELETE",),
        "whoami": ("GET",),
        "can-i": ("GET",),
        "users": ("GET",),
        "users/user": ("GET",),
        "users/user/password": ("PUT",),
        "tokens": ("GET", "POST"),
        "users/user/tokens/token": ("DELETE",),
        "grants": ("GET",),
        "quotas": ("GET",),
        "audit": ("GET",),
    }.items()
    for method in methods
)
"""What everybody may ask for who is known: accounts decide what he is answered."""


class Console:
    """As consoles will be."""

    def __init__(self) -> None:
        self.opened = 0

    @needs(Right.CHANGE)
    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
        self.opened += 1
        await ws.accept()
        with suppress(falcon.WebSocketDisconnected):
            await ws.receive_text()


class Forgotten:
    """Declares no right."""

    reached = False

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self.reached = True

    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
        self.reached = True
        await ws.accept()


@pytest.fixture
def config(tmp_path: Path) -> ApiConfig:
    (tmp_path / "machines").mkdir()
    return ApiConfig(tmp_path / "machines", tmp_path / "state", token=TOKEN)


def responders(app: App) -> Iterator[tuple[str, str]]:
    """(path, method) of all that the application can be asked, but Falcon's own answers to OPTIONS and to wrong methods."""
    for route in falcon.inspect.inspect_app(app).routes:
        for method in route.methods:
            if not method.internal:
                yield route.path.replace("{", "").replace("}", ""), method.method


def asked(app: App, operations: Iterable[tuple[str, str]], headers: dict[str, str]) -> dict[tuple[str, str], int]:
    """The status of each; a WebSocket that is refused has it in its close code."""

    def status(path: str, method: str) -> int:
        return standing.open(path, headers) if method == WEBSOCKET else standing.ask(method, path, headers, "{}").status_code

    with Standing(app) as standing:
        return {(path, method): status(path, method) for path, method in operations}


def guarded(app: App) -> list[tuple[str, str]]:
    return [(path, method) for path, method in responders(app) if path not in OPEN_PATHS | OPEN_FILES]


def test_security_every_responder_refuses_who_is_nobody(config: ApiConfig) -> None:
    app = create_app(config)
    app.add_route("/console", console := Console())
    found = guarded(app)
    assert len(found) > 30 and CONSOLE in found
    assert asked(app, found, {}) == dict.fromkeys(found, 401)
    wrong = {"Authorization": "Bearer wrong"}
    assert asked(app, found, wrong) == dict.fromkeys(found, 401)
    assert console.opened == 0
    assert asked(app, [CONSOLE], SIGNED_IN) == {CONSOLE: 101}
    assert console.opened == 1


def test_security_every_responder_refuses_who_has_not_its_right(config: ApiConfig) -> None:
    app = create_app(replace(config, rights=NONE))
    app.add_route("/console", Console())
    found = [(path, method) for path, method in guarded(app) if (path, method) not in WITHOUT_A_RIGHT]
    assert asked(app, found, SIGNED_IN) == dict.fromkeys(found, 403)


def test_security_who_may_only_see_changes_nothing(config: ApiConfig) -> None:
    app = create_app(replace(config, rights=frozenset({Right.SEE})))
    app.add_route("/console", console := Console())
    found = set(guarded(app)) - WITHOUT_A_RIGHT - LOOKING
    changing = sorted((path, method) for path, method in found if method not in ("GET", "OPTIONS"))
    assert len(changing) > 12
    assert asked(app, changing, SIGNED_IN) == dict.fromkeys(changing, 403)
    assert console.opened == 0
    assert asked(app, [("/api/v1/vms", "GET")], SIGNED_IN) == {("/api/v1/vms", "GET"): 200}


def test_security_a_responder_that_declares_no_right_is_refused_to_everybody(config: ApiConfig) -> None:
    app = create_app(config)
    app.add_route("/forgotten", forgotten := Forgotten())
    found = [("/forgotten", method) for method in ("GET", "HEAD", WEBSOCKET)]
    assert asked(app, found, SIGNED_IN) == dict.fromkeys(found, 403)
    assert not forgotten.reached


def test_security_every_responder_declares_a_right(config: ApiConfig) -> None:
    undeclared = {
        (route.path, name)
        for route in make_parts(config).routes
        for name in dir(route.resource)
        if name.startswith("on_") and needed(route.resource, name.removeprefix("on_")) is None
    }
    assert undeclared == {(path, "on_get") for path in OPEN_PATHS}


def test_security_nothing_answers_beside_the_routes(config: ApiConfig) -> None:
    """Falcon asks no right of sinks and static files: there are none."""
    found = falcon.inspect.inspect_app(create_app(config))
    assert not found.sinks and not found.static_routes


def test_security_only_probes_and_what_signing_in_needs_are_answered_to_everybody(config: ApiConfig) -> None:
    app = create_app(replace(config, rights=NONE))
    app.add_route("/healthz/more", Console())
    found = {path for path, _ in responders(app) if path in OPEN_PATHS | OPEN_FILES}
    assert found == OPEN_PATHS | OPEN_FILES
    assert {(path, method) for path, method in responders(app) if path in OPEN_FILES} == {(path, "GET") for path in OPEN_FILES}
    answers = {("/healthz", "GET"): 200, ("/healthz", WEBSOCKET): 401, ("/healthz/more", WEBSOCKET): 401}
    assert asked(app, answers, {}) == answers


def test_security_without_a_token_pages_of_others_open_no_websocket(config: ApiConfig) -> None:
    app = create_app(replace(config, token=None))
    app.add_route("/console", console := Console())
    here = "127.0.0.1:8080"
    for headers in (
        {"Host": "evil.example"},
        {"Host": here, "Origin": "http://evil.example"},
        {"Host": here, "Origin": "https://127.0.0.1:8080"},
        {"Host": here, "Origin": "null"},
    ):
        assert asked(app, [CONSOLE], headers) == {CONSOLE: 403}, headers
    assert console.opened == 0
    for headers in ({"Host": here}, {"Host": here, "Origin": f"http://{here}"}):
        assert asked(app, [CONSOLE], headers) == {CONSOLE: 101}, headers
