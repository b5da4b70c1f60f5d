"""Invariant 9 over the listeners of contracts: nobody gets at what is not his. Every route of each is asked by everybody there
is; a route without a row fails."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result

from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Right, Role
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.models.base import OWNER
from homeostat.service.naming.marks import ID
from homeostat.store.files.state import StateFolder
from homeostat_api.app import make_parts
from homeostat_api.config import CONTRACTS, ApiConfig, ContractListener
from homeostat_api.gate import WEBSOCKET
from homeostat_api.http.rights import Need, needed
from homeostat_api.mounted import MountedContract, mounted
from tests.contracts.rows import OPEN, ROWS
from tests.rig.standing import Standing

PASSWORD = "correct horse"
IDS = {"alice": "00000000-0000-4000-8000-00000000000a", "eve": "00000000-0000-4000-8000-00000000000e"}
ABSENT = "00000000-0000-4000-8000-000000000000"
ID_PARTS = frozenset({"vm_id", "disk_id", "uuid", "vm"})
"""Parts of paths that name what somebody owns, by its id."""

BODY = {"diskPath": "/nowhere/disk.qcow2", "isoPath": "/nowhere/cd.iso", "cpus": 1, "memory": 512}
"""What each route that names something reads of a body; others are left out."""


@dataclass
class House:
    contract: MountedContract
    app: Standing
    reception: Reception

    @property
    def rows(self) -> Mapping[str, Mapping[str, Need]]:
        return ROWS[self.contract.listener.contract]

    @property
    def operations(self) -> list[tuple[str, str, Need]]:
        return [(path, method, need) for path, row in self.rows.items() for method, need in row.items() if method != WEBSOCKET]

    def asked(self, path: str, method: str, headers: dict[str, str], id: str = ABSENT) -> Result:
        filled = re.sub(r"\{(\w+)(:\w+)?\}", lambda part: id if part[1] in ID_PARTS else "nothing", path)
        body = json.dumps(BODY) if method in ("POST", "PUT", "PATCH") else None
        kind = {"Content-Type": "application/json"}
        return self.app.ask(method, filled, {**kind, **headers}, body)

    def statuses(self, operations: list[tuple[str, str, Need]], headers: dict[str, str], id: str = ABSENT) -> dict[Any, int]:
        return {(path, method): self.asked(path, method, headers, id).status_code for path, method, _ in operations}

    def signed_in(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.reception.sign_in.sign_in(name, PASSWORD, '192.0.2.1').access}"}

    def token(self, name: str, *scopes: Right) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.reception.tokens.create(name, '-'.join(scopes), scopes)[1]}"}


def documents() -> Iterator[dict[str, Any]]:
    """A machine and a disk of alice's, and such of eve's, with ids as a contract gives them."""
    for owner, id in IDS.items():
        for kind, spec in (("VirtualMachine", {"runStrategy": "Halted"}), ("Disk", {"size": "1Mi"})):
            metadata = {"name": owner, "labels": {OWNER: owner, ID: id}}
            yield {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


@pytest.fixture(params=sorted(ROWS))
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    folder, state = tmp_path / "machines", tmp_path / "state"
    folder.mkdir()
    (folder / "all.yaml").write_text("---\n".join(json.dumps(document) + "\n" for document in documents()))
    reception = Reception(Database.open(sqlite_url(StateFolder.open(state).accounts)), Passwords(iterations=1, memory=8))
    for name in ("root", "alice", "eve", "gina", "mod"):
        role = {"root": Role.ADMINISTRATOR, "mod": Role.MODERATOR}.get(name, Role.USER)
        reception.accounts.add(name, role, PASSWORD)
    config = ApiConfig(folder, state, shutdown_margin=-60, listeners=(ContractListener(request.param, "127.0.0.1", 1),))
    parts = make_parts(config)
    (contract,) = mounted(config, parts.given, parts.accounts, parts.metrics, parts.mode.middleware)
    with Standing(contract.app) as app:
        yield House(contract, app, reception)
    reception.close()


def test_each_contract_has_rows() -> None:
    assert set(CONTRACTS) == set(ROWS)


def test_every_route_has_a_row_and_takes_that_right(house: House) -> None:
    found = {
        route.path: {
            name.removeprefix("on_").upper(): needed(route.resource, name.removeprefix("on_"))
            for name in dir(route.resource)
            if name.startswith("on_")
        }
        for route in house.contract.contract.routes
    }
    assert found == house.rows


def test_who_shows_nothing_that_counts_is_nobody(house: House) -> None:
    gone = {
        "nobody": {},
        "banned": house.signed_in("gina"),
        "signed out": house.signed_in("alice"),
        "deleted": house.signed_in("eve"),
    }
    gone |= {"revoked": house.token("root", *Right), "made up": {"Authorization": "Bearer x.y.z"}}
    gone |= {"an upgrade": {"Upgrade": "websocket", "Connection": "Upgrade"}}
    house.reception.accounts.ban("gina")
    for session in house.reception.sessions.list("alice"):
        house.reception.sessions.end(session.id)
    house.reception.accounts.delete("eve")
    house.reception.tokens.revoke("root", "-".join(Right))
    closed = [operation for operation in house.operations if operation[2] is not OPEN]
    for who, headers in gone.items():
        assert {p: status for p, status in house.statuses(closed, headers).items() if status != 401} == {}, who


@pytest.mark.parametrize("scope", list(Right))
def test_a_token_may_what_its_scope_says(house: House, scope: Right) -> None:
    headers = house.token("root", scope)
    others = [operation for operation in house.operations if isinstance(operation[2], Right) and operation[2] is not scope]
    assert {p: status for p, status in house.statuses(others, headers).items() if status != 403} == {}


def test_what_is_anothers_is_answered_like_what_is_not_there(house: House) -> None:
    of_ids = [row for row in house.operations if ID_PARTS & set(re.findall(r"\{(\w+)\}", row[0]))]
    assert of_ids or house.contract.listener.contract == "vm-share"  # whose users have one machine each, without an id
    for headers in (house.signed_in("alice"), house.token("alice", Right.SEE, Right.CHANGE, Right.COPY)):
        for path, method, _ in of_ids:
            theirs, absent = house.asked(path, method, headers, IDS["eve"]), house.asked(path, method, headers)
            assert theirs.status_code == absent.status_code, (path, method, theirs.text)
            moment = re.compile(r'"timestamp": ?"[^"]*"')
            assert moment.sub("", theirs.text.replace(IDS["eve"], ABSENT)) == moment.sub("", absent.text), (path, method)


def test_lists_have_what_is_ones_own(house: House) -> None:
    lists = [path for path, row in house.rows.items() if row.get("GET") is Right.SEE and "{" not in path]
    for path in lists:
        assert IDS["eve"] not in house.asked(path, "GET", house.signed_in("alice")).text, path
