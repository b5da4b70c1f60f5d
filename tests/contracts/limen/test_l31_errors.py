"""L31, L32, L41: errors have the contract's shape wherever they come from, with more in development only; each answer has an
id."""

from __future__ import annotations

import socket

import httpx
import pytest

from tests.contracts.limen.people import Limen, Somebody, refused


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/vms", b"{", 400),
        ("GET", "/api/nowhere", b"", 404),
        ("PUT", "/api/vms", b"", 405),
        ("POST", "/api/vms", b" " * (2**20 + 1), 413),
        ("POST", "/api/vms/1/action", b"{}", 400),
    ],
)
def test_l31_one_shape(bob: Somebody, development: Limen, method: str, path: str, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    said = refused(bob.browser.request(method, path, content=body, headers=headers), status)
    more = development.somebody("root").browser.request(method, path, content=body, headers=headers).json()
    assert more == {"code": status, "message": said, "error": said}


def test_l31_what_is_no_request_has_that_shape(limen: Limen) -> None:
    with socket.create_connection(("127.0.0.1", limen.served.port), 20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n")
        answer = connection.recv(65536)
    assert b'{"code":431,"message":' in answer and b"X-Request-ID: " in answer


def test_l41_each_answer_has_an_id_of_its_own(limen: Limen, bob: Somebody) -> None:
    def ids() -> list[str]:
        asked = {"X-Request-ID": "mine"}
        answers: list[httpx.Response] = [
            bob.browser.get("/api/vms", headers=asked),
            limen.visitor().get("/api/vms", headers=asked),
            bob.browser.get("/api/nowhere"),
            bob.browser.get("/vnc"),
            bob.browser.request("TRACE", "/api/vms"),
            bob.browser.options("/api/vms"),
            limen.visitor().get("/api/health"),
        ]
        return [answer.headers["X-Request-ID"] for answer in answers]

    found = ids() + ids()
    assert len(set(found)) == len(found) and "mine" not in found and all(found)
