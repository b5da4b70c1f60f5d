from __future__ import annotations

import json
import os
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from homeostat.store.files.last_look import HUNG, mark
from homeostat.store.files.state import StateFolder
from tests.api.harness import Api, refused, serving
from tests.api.inside import INSIDE
from tests.rig.waiting import wait_until

METRICS = "# TYPE homeostat_queue_depth gauge\nhomeostat_queue_depth 3.0\n"


class Operator(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        failing = getattr(self.server, "failing", "")
        if self.path == "/healthz":
            known = {"task": "state", "since": "2026-01-01T00:00:00Z", "error": failing, "times": 1}
            failing = json.dumps({"failing": [known] if failing else []})
        self.send_response(503 if failing and self.path == "/readyz" else 200)
        self.end_headers()
        self.wfile.write((failing or METRICS).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass

    def address_string(self) -> str:
        return "unix"


@contextmanager
def operator_at(path: Path, failing: str = "") -> Iterator[None]:
    server = socketserver.ThreadingUnixStreamServer(str(path), Operator)
    server.failing = failing  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        path.unlink()


@pytest.fixture(scope="function" if INSIDE else "module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Yields a server without an operator, which tests that leave it so share."""
    with serving(tmp_path_factory.mktemp("readiness")) as running:
        yield running


def test_readiness_follows_the_operator(server: Api) -> None:
    details = refused(server.http.get("/readyz"), 503, "operator_missing")
    assert details["store"] == "ok" and "homeostat up" in details["operator"]
    with operator_at(server.state / "operator.sock"):
        assert server.http.get("/readyz").json()["ready"] is True
    refused(server.http.get("/readyz"), 503, "operator_missing")


def test_answers_tell_the_last_look_where_no_operator_runs(own_api: Api) -> None:
    assert own_api.http.get("/api/v1/vms").headers["X-Last-Look"] == "unknown"
    mark(own_api.state)
    assert own_api.http.get("/api/v1/vms").headers["X-Last-Look"].startswith("20")
    etag = own_api.http.get("/api/v1/vms").headers["ETag"]
    assert own_api.http.get("/api/v1/vms", headers={"If-None-Match": etag}).headers["X-Last-Look"].startswith("20")  # 304, too
    assert "its last look was 20" in refused(own_api.http.get("/readyz"), 503, "operator_missing")["operator"]
    with operator_at(own_api.state / "operator.sock"):
        wait_until(lambda: "X-Last-Look" not in own_api.http.get("/api/v1/vms").headers, 10, "the operator is noticed")


def test_an_operator_that_hangs_counts_as_none(own_api: Api) -> None:
    """It listens still, as the kernel does that for it, and has missed two marks."""
    mark(own_api.state)
    with operator_at(own_api.state / "operator.sock"):
        wait_until(lambda: "X-Last-Look" not in own_api.http.get("/api/v1/vms").headers, 10, "the operator is noticed")
        last = time.time() - HUNG - 1
        os.utime(StateFolder(own_api.state).look_mark, (last, last))
        said = f"{datetime.fromtimestamp(last, UTC):%Y-%m-%dT%H:%M:%SZ}"
        wait_until(lambda: own_api.http.get("/api/v1/vms").headers.get("X-Last-Look") == said, 10, "its silence is noticed")
        mark(own_api.state)
        wait_until(lambda: "X-Last-Look" not in own_api.http.get("/api/v1/vms").headers, 10, "it goes on")


def test_health_lists_what_fails(server: Api) -> None:
    assert server.http.get("/healthz").json() == {"status": "ok", "failing": []}


def test_health_names_what_of_the_operator_fails(server: Api) -> None:
    with operator_at(server.state / "operator.sock", failing="database or disk is full"):
        (failing,) = server.http.get("/healthz").json()["failing"]
    assert (failing["task"], failing["error"]) == ("state", "database or disk is full")
    assert server.http.get("/healthz").json()["failing"] == []


def test_readiness_names_what_of_the_operator_fails(server: Api) -> None:
    with operator_at(server.state / "operator.sock", failing="feed fails since 2026-01-01T00:00:00Z: a defect"):
        details = refused(server.http.get("/readyz"), 503, "operator_missing")
    assert "feed fails since" in details["operator"]


def test_metrics_of_both(server: Api) -> None:
    alone = server.http.get("/metrics").text
    assert "homeostat_operator_up 0.0" in alone
    assert "homeostat_api_requests_total" in alone
    with operator_at(server.state / "operator.sock"):
        both = server.http.get("/metrics").text
    assert "homeostat_operator_up 1.0" in both
    assert "homeostat_queue_depth 3.0" in both
