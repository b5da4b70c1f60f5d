"""Accounts for the benchmarks, and a server that asks for them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from homeostat.accounts.accounts import Accounts
from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.rights import Role
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.models.base import OWNER
from homeostat.store.files.state import StateFolder
from tests.rig.waiting import free_port, wait_until

USER, PASSWORD = "alice", "correct horse"


def own_half(folder: Path, count: int) -> None:
    """Gives every second machine of a folder to the user."""
    given = 0
    for file in sorted(folder.rglob("*.yaml")):
        documents = [document for document in yaml.safe_load_all(file.read_text()) if document]
        for document in documents:
            given += 1
            if given % 2:
                document["metadata"].setdefault("labels", {})[OWNER] = USER
        file.write_text(yaml.safe_dump_all(documents))
    assert given == count


def database(state: Path) -> str:
    return sqlite_url(StateFolder.open(state).accounts)


def settle(state: Path, *others: str) -> None:
    """Makes accounts: an administrator, the user, and other users."""
    opened = Database.open(database(state))
    accounts = Accounts(opened, Passwords())
    accounts.add("root", Role.ADMINISTRATOR, PASSWORD)
    for name in (USER, *others):
        accounts.add(name, Role.USER, PASSWORD)
    opened.close()


def signed_in(port: int, name: str) -> str:
    """Returns an access token."""
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/session", json={"name": name, "password": PASSWORD}, timeout=30)
    return str(answer.raise_for_status().json()["access_token"])


@contextmanager
def served(place: Path, accounts: Path, *options: str) -> Iterator[int]:
    """Serves ``place``, with the accounts of another state folder, and yields the port."""
    port = free_port()
    command = [sys.executable, "-m", "homeostat_api", "--dir", str(place / "vms"), "--state", str(place / "state")]
    environment = {**os.environ, "HOMEOSTAT_ACCOUNTS__DATABASE": database(accounts)}
    with subprocess.Popen([*command, "--bind", f"127.0.0.1:{port}", *options], stdout=sys.stderr, env=environment) as server:
        try:
            wait_until(lambda: _answers(port), 60, "the server answers")
            yield port
        finally:
            server.send_signal(signal.SIGTERM)


def _answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 1):
        return True
