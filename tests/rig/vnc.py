"""Whether a VNC server lets a viewer with a password in (RFB 3.8, security type 2; RFC 6143)."""

from __future__ import annotations

import socket
import subprocess

VERSION = b"RFB 003.008\n"
BY_PASSWORD = 2


def lets_in(address: str, password: str) -> bool:
    """Tells whether the server lets this viewer in.

    Raises:
        AssertionError: it asks for no password.
    """
    host, _, port = address.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=10) as server:
        assert _receive(server, 12) == VERSION
        server.sendall(VERSION)
        offered = _receive(server, _receive(server, 1)[0])
        assert BY_PASSWORD in offered, f"it offers {list(offered)}"
        server.sendall(bytes([BY_PASSWORD]))
        server.sendall(_answer(_receive(server, 16), password))
        return int.from_bytes(_receive(server, 4)) == 0


def _receive(server: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        part = server.recv(count - len(received))
        assert part, "the server hung up"
        received += part
    return received


def _answer(challenge: bytes, password: str) -> bytes:
    """Encrypts with DES, with the password as key and its bits mirrored. Three times the same key is single DES, which OpenSSL
    dropped."""
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in password.encode().ljust(8, b"\0")[:8])
    command = ["openssl", "enc", "-des-ede3", "-nopad", "-K", (key * 3).hex()]
    return subprocess.run(command, input=challenge, capture_output=True, check=True).stdout
