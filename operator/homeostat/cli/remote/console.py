"""A person at a machine's serial line, over a REST API elsewhere: a WebSocket, with bytes both ways and words beside them."""

from __future__ import annotations

import json
import os
import re
import select
from collections.abc import Mapping
from functools import partial
from typing import Any

import httpx
import websocket

from ..errors import CliError
from ..rest_server import RestRefusal, understood
from ..terminal import say_aside
from .server import RemoteServer

WORDS = "homeostat.console.v1"
_PATH = re.compile(r"/api/[A-Za-z0-9._~/%-]{1,1000}")
_TICKET = re.compile(r"[A-Za-z0-9._~-]{1,256}")  # what may stand among subprotocols
_CHUNK = 4096
_PATIENCE = 30.0  # seconds for the handshake, and until the server takes what was typed


def attach_remotely(server: RemoteServer, name: str, input_fd: int, output_fd: int, *, escape: bytes, force: bool) -> str:
    """Couples a machine's serial line with two file descriptors, until one side ends. Blocks.

    Returns why the server ended it; empty where the person did: by the byte ``escape``, or at the end of the input. With
    ``force`` he takes control from whoever has it.

    Raises:
        RestRefusal: the server refuses.
        CliError: it cannot be reached, or is no such server.
    """
    given = server.ask("POST", f"/vms/{name}/consoles", body={"kind": "serial"})
    address, ticket = understood(server.url, partial(_way, server.url), given)
    console = RemoteConsole(server, _connected(server.url, address, ticket), output_fd, force)
    try:
        return console.run(input_fd, escape)
    finally:
        console.close()


def _way(url: str, given: Mapping[str, Any]) -> tuple[httpx.URL, str]:
    """Returns where a console is opened by a ticket, and the ticket.

    Raises:
        KeyError, TypeError, ValueError: a server gave none.
    """
    path, ticket = given["path"], given["ticket"]
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise ValueError(f"the path {path!r:.80} of a console")
    if not isinstance(ticket, str) or not _TICKET.fullmatch(ticket):
        raise ValueError("a ticket that is none")
    address = httpx.URL(url)
    return address.copy_with(scheme="wss" if address.scheme == "https" else "ws", path=path), ticket


def _connected(url: str, address: httpx.URL, ticket: str) -> websocket.WebSocket:
    try:
        return websocket.create_connection(
            str(address),
            timeout=_PATIENCE,
            subprotocols=[WORDS, ticket],
            suppress_origin=True,
            sslopt={"context": httpx.create_ssl_context()} if address.scheme == "wss" else None,
        )
    except websocket.WebSocketBadStatusException as error:
        raise CliError(
            f"{url} refuses the console: {_reason(error)}", "see that whatever is before it passes WebSockets on"
        ) from error
    except (websocket.WebSocketException, OSError, ValueError, IndexError) as error:  # the last two: what answers is not HTTP
        raise CliError(f"{url} opens no console: {error}", "see that whatever is before it passes WebSockets on") from error


def _reason(error: websocket.WebSocketBadStatusException) -> str:
    try:
        return str(json.loads(error.resp_body or b"")["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.status_code}"


class RemoteConsole:
    """A console that is open."""

    def __init__(self, server: RemoteServer, socket: websocket.WebSocket, output_fd: int, force: bool) -> None:
        self._server, self._socket, self._output_fd, self._force = server, socket, output_fd, force

    def run(self, input_fd: int, escape: bytes) -> str:
        """Passes bytes on until it ends, see ``attach_remotely``."""
        try:
            while True:
                waiting = bool(getattr(self._socket.sock, "pending", int)())  # TLS has read more than was asked for
                arrives: int = self._socket.fileno()  # type: ignore[no-untyped-call]
                ready, _, _ = select.select([input_fd, arrives], [], [], 0 if waiting else None)
                if waiting or arrives in ready:
                    why = self._receive()
                    if why is not None:
                        return why
                if input_fd in ready and not self._type(os.read(input_fd, _CHUNK), escape):
                    return ""
        except (websocket.WebSocketException, OSError) as error:
            return f"the connection broke: {error}"

    def close(self) -> None:
        self._socket.close(timeout=1)

    def _type(self, typed: bytes, escape: bytes) -> bool:
        """Tells whether it goes on."""
        before, escaped, _ = typed.partition(escape)
        if before:
            self._socket.send_binary(before)
        return bool(typed) and not escaped

    def _receive(self) -> str | None:
        """Returns why it ended. None: it goes on."""
        kind, received = self._socket.recv_data(control_frame=True)
        match kind:
            case websocket.ABNF.OPCODE_CLOSE:
                return received[2:].decode("utf-8", "replace") or "the server ended it"
            case websocket.ABNF.OPCODE_TEXT:
                understood(self._server.url, lambda said: self._hear(json.loads(said)), received)
            case websocket.ABNF.OPCODE_BINARY:
                while received:
                    received = received[os.write(self._output_fd, received) :]
        return None

    def _hear(self, word: Mapping[str, Any]) -> None:
        match word.get("type"):
            case "opened" if self._force:
                self._take_control(str(word["console"]))
            case "opened" if not word["controls"]:
                say_aside("somebody else types there, or you may only look: --force takes control")
            case "control":
                say_aside("you have control" if word["controls"] else "somebody else took control: you look on; --force takes it")
            case "idle":
                say_aside(f"it ends in {word['seconds']} seconds, unless something is typed")
            case "held":
                say_aside("another program is attached, so what you type does not arrive: --force disconnects it")
            case "waiting" | "stuck":
                say_aside(str(word["message"]))

    def _take_control(self, id: str) -> None:
        try:
            self._server.ask("POST", f"/consoles/{id}/control")
        except RestRefusal as error:
            say_aside(f"you may only look: {error}")
