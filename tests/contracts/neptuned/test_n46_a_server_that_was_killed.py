"""N46: a machine has its password from its first moment on, also where the server is killed in the next; one that was refused
leaves none."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.database.tables import SettingRow
from homeostat.accounts.rights import Role
from homeostat.models.machine import VirtualMachine
from homeostat.service.naming.marks import id_of
from homeostat.store.files.state import StateFolder
from tests.api.harness import DEADLINE, Api, serving
from tests.api.modes import of_a_folder
from tests.api.people import accounts
from tests.contracts.neptuned.neptune import V0, entry, hashed
from tests.rig.waiting import Patience, free_port, wait_until

pytestmark = of_a_folder
KEPT = "neptuned/password/"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def api(tmp_path: Path, port: int) -> Iterator[Api]:
    with accounts(tmp_path / "state") as known:
        known.add("root", Role.ADMINISTRATOR, hashed("root"))
    with serving(tmp_path, "--contract", f"neptuned=127.0.0.1:{port}") as found:
        yield found


@pytest.fixture
def root(api: Api, port: int) -> Iterator[httpx.Client]:
    """A client of its administrator."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}{V0}/", timeout=DEADLINE) as http:
        token = http.post("login", json={"username": "root", "password_hash": hashed("root")}).json()["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield http


def make(root: httpx.Client) -> httpx.Response:
    return root.post("admin/vms/create", json=entry("secret", private=True, password="battery staple"))


def passwords(api: Api) -> set[str]:
    """The ids of the machines that a password is kept of."""
    database = Database.open(sqlite_url(StateFolder.open(api.state).accounts))
    try:
        with database.reading() as session:
            names = session.scalars(select(SettingRow.name))
            return {name.removeprefix(KEPT) for name in names if name.startswith(KEPT)}
    finally:
        database.close()


def test_n46_it_has_its_password_when_the_server_is_killed(api: Api, root: httpx.Client, tmp_path: Path) -> None:
    worker = int(Path(f"/proc/{api.process.pid}/task/{api.process.pid}/children").read_text().split()[0])
    document, patience = tmp_path / "machines" / "virtualmachines" / "secret.yaml", Patience(DEADLINE)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(make, root)
        while not document.exists() and not patience.over:  # at its first moment: a look from time to time would be late
            pass
        os.kill(worker, signal.SIGKILL)
        asked.exception(DEADLINE)
    wait_until(lambda: root.get("admin/vms/secret").status_code == 200, DEADLINE, "another worker answers")
    machine = api.where.run(lambda store: store.list(VirtualMachine))[0]
    assert passwords(api) == {id_of(machine)}


def test_n46_one_that_was_refused_leaves_none(api: Api, root: httpx.Client) -> None:
    assert make(root).status_code == 201
    kept = passwords(api)
    assert len(kept) == 1
    assert make(root).status_code == 409
    assert passwords(api) == kept
