"""Whatever bytes a client sends, it gets an answer of the API's own shape, never a 5xx and never a dropped connection.

A corpus that a script makes, then mutations of it; by nobody first, then signed in.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.harness import Api, serving
from tests.api.odd_requests import corpus, form, request

TOKEN = "correct-horse-battery-staple"


def asked(port: int, sent: bytes) -> bytes:
    """All that is answered. The client ends its side, so that nobody waits for more of half a request."""
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(2**16), b""))


def judge(sent: bytes, answer: bytes, nobody: bool) -> None:
    shown = f"{sent[:200]!r} -> {answer[:300]!r}"
    head, _, body = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1."), f"dropped: {shown}"
    status = int(head.split()[1])
    assert status < 500, shown
    if nobody:
        assert status >= 400 or b" /healthz" in sent, f"let in: {shown}"
    if status >= 400 and not sent.startswith(b"HEAD"):
        first, _ = json.JSONDecoder().raw_decode(body.decode())  # another answer may follow
        assert set(first) == {"error", "code", "details"}, shown


@pytest.fixture(scope="module", params=["nobody", "signed in"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, bool]]:
    root = tmp_path_factory.mktemp("any")
    nobody = request.param == "nobody"
    (root / "token").write_text(TOKEN)
    (root / "token").chmod(0o600)
    # On loopback without a token everybody of this host is signed in: a header that says so would be one more to be wrong.
    with serving(root, *(("--token-file", str(root / "token")) if nobody else ())) as api:
        if not nobody:
            api.create("a")
        yield api, nobody
        log = (root / "api.log").read_text()
    assert "incident" not in log and "Traceback" not in log, log[-4000:]


def test_security_8_the_corpus(server: tuple[Api, bool]) -> None:
    api, nobody = server
    wrong = []
    for sent in corpus():
        try:
            judge(sent, asked(api.port, sent), nobody)
        except (AssertionError, OSError, ValueError) as error:
            wrong.append(f"{sent[:100]!r}: {error}")
    assert wrong == [], f"{len(wrong)}:\n" + "\n".join(wrong[:20])
    assert api.http.get("/healthz").status_code == 200


MUTATED = [
    request(b"GET", b"/api/v1/vms?limit=1&offset=0&status=running", b"If-None-Match: \"1\"", b"Accept: */*"),
    request(b"POST", b"/api/v1/vms", body=b'{"name": "m", "config": {"vcpu": 1, "memory_mb": 64}}'),
    request(b"PATCH", b"/api/v1/vms/a/spec", b"If-Match: \"1\"", body=b'{"resources": {"memory": "64Mi"}}'),
    form(
        b"/api/v1/images", b"B", b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\nimg\r\n--B\r\n'
        b'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--\r\n',
    ),
    request(b"POST", b"/api/v1/uploads", b"Tus-Resumable: 1.0.0", b"Upload-Length: 3", b"Upload-Metadata: name aW1n,format cmF3"),
    request(b"POST", b"/api/v1/vms", b"Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n",
    request(b"GET", b"/api/v1/vms", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
]  # fmt: skip
PIECES = st.one_of(
    st.binary(min_size=0, max_size=6),
    st.sampled_from([b"\r\n", b"\x00", b"\r", b"\n", b":", b"9" * 5000, b"%", b'"', b",", b";"]),
)


def test_http_1_0_opens_no_websocket(server: tuple[Api, bool]) -> None:
    api, nobody = server
    for target in (b"/api/v1/vms", b"/nothing", b"/api/v1/consoles/x"):
        sent = MUTATED[-1].replace(b"/api/v1/vms", target).replace(b"HTTP/1.1", b"HTTP/1.0")
        answer = asked(api.port, sent)
        judge(sent, answer, nobody)
        assert answer.split()[1][:1] in (b"2", b"4"), answer


def test_a_websocket_that_is_refused_is_told_so_though_its_client_ended_its_side(server: tuple[Api, bool]) -> None:
    """Also in the moments in which the server looks whether there are accounts by now."""
    api, nobody = server
    for _ in range(60):
        judge(MUTATED[-1], asked(api.port, MUTATED[-1]), nobody)


@settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.sampled_from(MUTATED), edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), PIECES), min_size=1, max_size=4)
)
def test_security_8_mutations(server: tuple[Api, bool], seed: bytes, edits: list[tuple[float, int, bytes]]) -> None:
    api, nobody = server
    sent = seed
    for place, taken, put in edits:
        at = int(place * len(sent))
        sent = sent[:at] + put + sent[at + taken :]
    if b"events/vms" not in sent and sent:
        judge(sent, asked(api.port, sent), nobody)
