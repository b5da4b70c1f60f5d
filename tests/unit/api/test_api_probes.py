"""What the API says of itself to those who watch it: alive, ready, and in numbers."""

from __future__ import annotations

from typing import Any

import falcon.asgi
from falcon.testing import TestClient

from homeostat.runtime.engine.supervise import Supervisor
from homeostat.service.changes import Changes
from homeostat.store.errors import StoreError
from homeostat_api.accounts.lookup import AccountsLookup
from homeostat_api.http import errors
from homeostat_api.metrics import Metrics
from homeostat_api.resources.probes import Liveness, MetricsPage, Readiness
from homeostat_contracts.volant.errors import ANSWERS

FAILING = {"task": "state", "since": "2026-01-01T00:00:00Z", "error": "the disk is full", "times": 2}


class Operator:
    """What is known of it."""

    def __init__(self, absent: str | None = None, numbers: str | None = None, fails: bool = False) -> None:
        self._absent, self._numbers, self._fails = absent, numbers, fails

    async def absence(self) -> str | None:
        return self._absent

    async def metrics(self) -> str | None:
        return self._numbers

    async def failing(self) -> list[dict[str, Any]]:
        return [FAILING] if self._fails else []

    def last_look(self) -> str | None:
        return None


def unreadable() -> int:
    raise StoreError("the index cannot be read")


def watched(operator: Operator, readable: bool = True) -> TestClient:
    app: Any = falcon.asgi.App()
    errors.install(app, ANSWERS)
    changes = Changes((lambda: 1) if readable else unreadable, lambda: False, 0.05)
    app.add_route("/healthz", Liveness(Supervisor(), operator))
    app.add_route("/readyz", Readiness(changes, AccountsLookup("sqlite:////nowhere/accounts.db"), operator))
    app.add_route("/metrics", MetricsPage(Metrics(), operator))
    return TestClient(app)


def test_ready() -> None:
    answer = watched(Operator()).simulate_get("/readyz")
    parts = {"store": "ok", "accounts": "ok", "operator": "ok"}
    assert (answer.status_code, answer.json) == (200, {"ready": True, "parts": parts})


def test_not_ready_without_the_operator() -> None:
    answer = watched(Operator(absent="it does not run")).simulate_get("/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "operator_missing")
    assert answer.json["details"] == {"store": "ok", "accounts": "ok", "operator": "it does not run"}


def test_not_ready_where_the_index_cannot_be_read() -> None:
    answer = watched(Operator(), readable=False).simulate_get("/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "store_unavailable")


def test_alive_and_what_of_the_operator_fails() -> None:
    assert watched(Operator()).simulate_get("/healthz").json == {"status": "ok", "failing": []}
    assert watched(Operator(fails=True)).simulate_get("/healthz").json == {"status": "ok", "failing": [FAILING]}


def test_the_numbers_of_both() -> None:
    alone = watched(Operator()).simulate_get("/metrics")
    assert alone.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "homeostat_operator_up 0.0" in alone.text
    both = watched(Operator(numbers="homeostat_queue_depth 3.0\n")).simulate_get("/metrics").text
    assert "homeostat_operator_up 1.0" in both and both.endswith("homeostat_queue_depth 3.0\n")
