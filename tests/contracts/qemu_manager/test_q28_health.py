"""Q28 and Q29: health, and errors of one shape."""

from __future__ import annotations

import json
import re
import socket

import pytest

from tests.contracts.qemu_manager.manager import Manager, refused

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_q28_it_works(manager: Manager) -> None:
    body = manager.http.get("/api/health").json()
    assert set(body) == {"status", "timestamp"} and body["status"] == "ok" and MOMENT.fullmatch(body["timestamp"])


@pytest.mark.parametrize(
    ("method", "path", "content", "kind", "status"),
    [
        ("GET", "/nothing", None, None, 404),
        ("GET", "/api/v1/vms", None, None, 404),
        ("PUT", "/api/vms", None, None, 405),
        ("POST", "/api/vms", b"<x/>", "text/xml", 415),
        ("POST", "/api/vms", b"{", "application/json", 400),
        ("POST", "/api/vms", b" " * (2**20 + 1), "application/json", 413),
        ("GET", "/" + "a" * 9000, None, None, 414),
    ],
)
def test_q29_every_error_has_that_shape(
    manager: Manager, method: str, path: str, content: bytes | None, kind: str | None, status: int
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = manager.http.request(method, path, content=content, headers=headers)
    refused(answer, status)
    assert MOMENT.fullmatch(answer.json()["timestamp"])


def test_q29_also_of_what_is_no_request(manager: Manager) -> None:
    with socket.create_connection(("127.0.0.1", manager.served.port), 10) as connection:
        connection.sendall(b"GET /api/vms HTTP/1.1\r\nno header\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400") and set(json.loads(body)) == {"error", "timestamp"}
