"""schemathesis as everybody there is: each request that it makes up of the document is sent by nobody, by a user who owns
nothing and one who may use all there is, by a token, a moderator and an administrator. No 5xx, no dropped connection, nothing
undocumented.

Making up a request costs more than sending it, so that one is sent by all of them, and each operation is reached.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.store.files.state import StateFolder
from tests.api import inside
from tests.api.fuzzed import make, obedient
from tests.api.harness import Api, serving
from tests.api.people import PASSWORD, bearer, settle

SECONDS = 40.0  # then what is left is another run's: the order is another one each time
EXAMPLES = 2  # that are as they should be, and as many that are not; the first ones are the simplest there are
LIMIT = 5  # failures: more say nothing new
TOKEN = "correct-horse-battery-staple"
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
ROLES = {"eve": Role.USER, "alice": Role.USER, "mod": Role.MODERATOR, "root": Role.ADMINISTRATOR}
# Not asked: a stream that never ends, readiness, which is 503 without an operator.
LEFT_OUT = {"GET /api/v1/events/vms", "GET /api/v1/watch", "GET /readyz"}
SIGNS_OUT = "DELETE /api/v1/session"  # asked in a session of its own
LAST = "DELETE /api/v1/users/{user}"  # after all that is about this account


class People:
    """Those who ask, and what they show."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        _, token = reception.tokens.create("alice", "see", (Right.SEE, Right.CHANGE))
        reception.tokens.create("fuzzed", "fuzzed", (Right.SEE,))
        self.grant = reception.grants.give("alice", Grant(frozenset({Right.SEE, Right.CHANGE, Right.COPY}), "default")).id
        reception.grants.give("fuzzed", Grant(frozenset({Right.SEE}), "default"))
        self._shown = {name: self._sign_in(name) for name in ROLES}
        self._shown = {"nobody": {}, "a token": dict(bearer(token)), **self._shown}
        self.names = list(self._shown)

    def shows(self, name: str, label: str) -> dict[str, str]:
        """Returns the headers by which somebody is known for that operation."""
        return self._sign_in(name) if label == SIGNS_OUT and name in ROLES else self._shown[name]

    def _sign_in(self, name: str) -> dict[str, str]:
        return dict(bearer(self._reception.sign_in.sign_in(name, PASSWORD, "192.0.2.1").access))


@contextmanager
def people(api: Api) -> Iterator[People]:
    database = Database.open(sqlite_url(StateFolder.open(api.state).accounts))
    try:
        yield People(Reception(database, Passwords(iterations=1, memory=8)))
    finally:
        database.close()


def made_up(operation: schemathesis.APIOperation, number: int, names: dict[str, str]) -> list[schemathesis.Case]:
    """Requests for an operation, about what is there."""
    made: list[schemathesis.Case] = []
    for mode in schemathesis.GenerationMode:

        @seed(number)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def draw(case: schemathesis.Case) -> None:
            made.append(case)

        with suppress(Unsatisfiable):  # where nothing can be wrong
            draw()
    for case in made:
        for parameter in names.keys() & case.path_parameters.keys():
            case.path_parameters[parameter] = names[parameter]
        case.query.pop("follow", None)  # an answer without end
    return made


def broken(api: Api, case: schemathesis.Case, headers: dict[str, str]) -> str:
    """What is wrong with an answer; nothing: ''."""
    try:
        answer = case.call(base_url=f"http://127.0.0.1:{api.port}", headers=headers, timeout=30)
        case.validate_response(answer, checks=CHECKS, headers=headers)
    except (FailureGroup, requests.RequestException) as error:
        return f"{error}\n" + "\n".join(getattr(error, "__notes__", ()))
    return ""


@pytest.mark.skipif(inside.INSIDE, reason="it is about a server")
def test_security_8_nobodys_request_breaks_the_server_or_the_document(tmp_path: Path) -> None:
    number = time.time_ns() % 2**32
    print(f"seed {number}")  # which pytest shows of what failed
    settle(tmp_path / "state", **{name: role for name, role in ROLES.items() if name != "root"}, fuzzed=Role.USER)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
    with (
        serving(tmp_path, "--token-file", str(tmp_path / "token"), headers=dict(bearer(TOKEN))) as api,
        people(api) as known,
        obedient(api),
    ):
        make(api)
        document = schemathesis.openapi.from_dict(api.http.get("/api/v1/openapi").json())
        operations = [found.ok() for found in document.get_all_operations()]
        operations = [operation for operation in operations if operation.label not in LEFT_OUT]
        random.Random(number).shuffle(operations)
        names = {**dict.fromkeys(("name", "plugin", "user", "token"), "fuzzed"), "grant": known.grant}
        found: list[str] = []
        end, asked = time.monotonic() + SECONDS, 0
        for operation in sorted(operations, key=lambda operation: operation.label == LAST):
            if time.monotonic() > end or len(found) > LIMIT:
                break
            asked += 1
            for case in made_up(operation, number, names):
                for who in known.names:
                    if wrong := broken(api, case, known.shows(who, operation.label)):
                        found.append(f"{operation.label} as {who}: {wrong}")
    print(f"{asked} of {len(operations)} operations")
    assert not found, "\n".join(found)
    log = (tmp_path / "api.log").read_text()
    assert "incident" not in log and "Traceback" not in log, log[-4000:]
