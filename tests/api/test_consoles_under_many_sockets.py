"""Sockets without a ticket, many at once: each is refused, and whoever has a right to be answered is answered meanwhile."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.api import inside
from tests.api.harness import serving
from tests.api.modes import of_a_folder

pytestmark = [of_a_folder, pytest.mark.skipif(inside.INSIDE, reason="it takes connections of its own")]

MANY = 1000
HEAD = (
    "GET /api/v1/vms/web/vnc HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: binary, hsc_{ticket}\r\n\r\n"
)


def test_they_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as api, ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", api.port), 60)) for _ in range(MANY)]
        for number, client in enumerate(clients):
            client.sendall(HEAD.format(port=api.port, ticket=f"{number:043}").encode())
        assert api.http.get("/healthz").status_code == 200
        said = {client.recv(2**16).split(b"\r\n", 1)[0] for client in clients}
        assert said == {b"HTTP/1.1 401 Unauthorized"}
        assert api.http.get("/api/v1/consoles").json() == {"consoles": []}
