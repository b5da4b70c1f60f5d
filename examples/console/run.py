#!/usr/bin/env python3
"""Types a command on a machine's serial line, and prints what the guest answers.

    pip install httpx websocket-client
    python run.py http://127.0.0.1:8080 hello 'uname -a'

A server with accounts takes a token besides: TOKEN=$(cat token) python run.py …. The guest has a shell on its line.
"""

from __future__ import annotations

import os
import sys

import httpx
import websocket

END = "that-was-all"
SECONDS = 30.0


def run(server: str, machine: str, command: str, token: str | None = None) -> str:
    """Returns what the guest writes between the command and its end.

    Raises:
        httpx.HTTPStatusError: the server gives no ticket: there is no such machine, it is off, or not yours.
        websocket.WebSocketException: the console has ended, or nothing came within 30 seconds.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.post(f"{server}/api/v1/vms/{machine}/consoles", json={"kind": "serial"}, headers=headers)
    answer.raise_for_status()
    given = answer.json()
    address = server.replace("http", "ws", 1) + given["path"]
    # The ticket is one of the subprotocols, and good once: no URL tells it, and no log keeps it.
    line = websocket.create_connection(address, subprotocols=["binary", given["ticket"]], timeout=SECONDS, suppress_origin=True)
    try:
        # The line echoes what is typed. So the marks are written apart: only the guest's answer has them whole.
        line.send_binary(f"echo {END[:4]}''{END[4:]}; {command}; echo {END[:4]}''{END[4:]}\r".encode())
        seen = b""
        while seen.count(f"\n{END}\r\n".encode()) < 2:
            seen += line.recv_data()[1]
    finally:
        line.close()
    return seen.decode(errors="replace").split(f"\n{END}\r\n")[-2].replace("\r\n", "\n")


if __name__ == "__main__":
    print(run(*sys.argv[1:4], os.environ.get("TOKEN")))
