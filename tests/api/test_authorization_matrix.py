"""Invariant 9: nobody gets at what is not his. Every route is asked by everybody there is; a route without a row fails.

The rows say which right each operation takes. From them follows what each is answered: who shows nothing that counts, a user
about what is his, another's or granted to him, a moderator, an administrator, and tokens of each scope.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result

from homeostat.accounts.database.database import Database, sqlite_url
from homeostat.accounts.reception import Reception
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.accounts.signing_in.passwords import Passwords
from homeostat.models.base import OWNER
from homeostat.models.kinds import BY_KIND, BY_PLURAL, kind_of
from homeostat.store.files.state import StateFolder
from homeostat_api.app import create_app, make_parts
from homeostat_api.config import ApiConfig
from homeostat_api.gate import OPEN_PATHS, WEBSOCKET
from homeostat_api.http.rights import Door, Need, needed
from tests.rig.standing import Standing

PASSWORD = "correct horse"
SEE, CHANGE, COPY, MODERATE, ADMINISTER = Right.SEE, Right.CHANGE, Right.COPY, Right.MODERATE, Right.ADMINISTER
OPEN, KNOWN = Door.OPEN, Door.KNOWN
ONE, ALL = {"GET": SEE, "DELETE": CHANGE}, {"GET": SEE, "POST": CHANGE}
SPEC = {"GET": SEE, "PUT": CHANGE, "PATCH": CHANGE}
ROWS: dict[str, dict[str, Need]] = {
    "/": {"GET": SEE},
    "/console/{machine}": {"GET": SEE},
    "/console/{machine}/serial": {"GET": SEE},
    "/metrics": {"GET": MODERATE},
    "/web/console/requests.js": {"GET": OPEN},
    "/web/console/console.css": {"GET": OPEN},
    "/web/console/start.js": {"GET": OPEN},
    "/web/console/signin.js": {"GET": OPEN},
    "/web/{file:path}": {"GET": SEE},
    "/api/v1/apply": {"POST": CHANGE},
    "/api/v1/can-i": {"GET": KNOWN},
    "/api/v1/consoles": {"GET": SEE},
    "/api/v1/consoles/{console}": {"DELETE": CHANGE},
    "/api/v1/consoles/{console}/control": {"POST": CHANGE},
    "/api/v1/consoles/{console}/size": {"PUT": CHANGE},
    "/api/v1/contracts": {"GET": SEE},
    "/api/v1/deployments": ALL,
    "/api/v1/deployments/{name}": {**ONE, "PATCH": CHANGE},
    "/api/v1/deployments/{name}/spec": SPEC,
    "/api/v1/disks": ALL,
    "/api/v1/disks/{name}": ONE,
    "/api/v1/disks/{name}/export": {"GET": COPY},
    "/api/v1/disks/{name}/spec": SPEC,
    "/api/v1/errors": {"GET": SEE},
    "/api/v1/events/vms": {"GET": SEE},
    "/api/v1/watch": {"GET": SEE},
    "/api/v1/schemas/{kind}": {"GET": SEE},
    "/api/v1/images": ALL,
    "/api/v1/images/{name}": ONE,
    "/api/v1/images/{name}/file": {"PUT": CHANGE},
    "/api/v1/networks": ALL,
    "/api/v1/networks/{name}": ONE,
    "/api/v1/networks/{name}/spec": SPEC,
    "/api/v1/openapi": {"GET": SEE},
    "/api/v1/orphans": {"GET": SEE},
    "/api/v1/orphans/disks": {"GET": SEE},
    "/api/v1/plugins": ALL,
    "/api/v1/plugins/{plugin}": ONE,
    "/api/v1/plugins/{plugin}/enabled": {"POST": CHANGE},
    "/api/v1/events": {"GET": SEE},
    "/api/v1/resources": {"GET": SEE},
    "/api/v1/resources/{kind}": {"GET": SEE, "POST": CHANGE},
    "/api/v1/resources/{kind}/{name}": {**ONE, "PATCH": CHANGE},
    "/api/v1/resources/{kind}/{name}/revisions": {"GET": SEE},
    "/api/v1/snapshots": ALL,
    "/api/v1/snapshots/{name}": ONE,
    "/api/v1/snapshots/{name}/export": {"GET": COPY},
    "/api/v1/snapshots/{name}/restore": {"POST": CHANGE},
    "/api/v1/snapshotschedules": ALL,
    "/api/v1/snapshotschedules/{name}": ONE,
    "/api/v1/snapshotschedules/{name}/spec": SPEC,
    "/api/v1/system/info": {"GET": SEE},
    "/api/v1/trash": {"GET": SEE, "DELETE": CHANGE},
    "/api/v1/trash/{entry}": {"DELETE": CHANGE},
    "/api/v1/trash/{entry}/restore": {"POST": CHANGE},
    "/api/v1/uploads": {"GET": SEE, "OPTIONS": SEE, "POST": CHANGE},
    "/api/v1/uploads/{upload}": {"GET": SEE, "PATCH": CHANGE, "DELETE": CHANGE},
    "/api/v1/vms": ALL,
    "/api/v1/vms/{name}": ONE,
    "/api/v1/vms/{name}/config": {"GET": SEE, "PATCH": CHANGE},
    "/api/v1/vms/{name}/config/history": {"GET": SEE},
    "/api/v1/vms/{name}/consoles": {"POST": SEE},
    "/api/v1/vms/{name}/disks": {"POST": CHANGE},
    "/api/v1/vms/{name}/disks/{device}": {"DELETE": CHANGE},
    "/api/v1/vms/{name}/disks/{device}/export": {"GET": COPY},
    "/api/v1/vms/{name}/keys": {"POST": CHANGE},
    "/api/v1/vms/{name}/log": {"GET": SEE},
    "/api/v1/vms/{name}/metrics": {"GET": SEE},
    "/api/v1/vms/{name}/media": {"PUT": CHANGE, "DELETE": CHANGE},
    "/api/v1/vms/{name}/nics": {"POST": CHANGE},
    "/api/v1/vms/{name}/nics/{device}": {"DELETE": CHANGE},
    "/api/v1/vms/{name}/openapi": {"GET": SEE},
    "/api/v1/vms/{name}/restart": {"POST": CHANGE},
    "/api/v1/vms/{name}/screenshot": {"GET": SEE},
    "/api/v1/vms/{name}/serial": {"WEBSOCKET": SEE},
    "/api/v1/vms/{name}/spec": SPEC,
    "/api/v1/vms/{name}/start": {"POST": CHANGE},
    "/api/v1/vms/{name}/stop": {"POST": CHANGE},
    "/api/v1/vms/{name}/vnc": {"WEBSOCKET": SEE},
    "/api/v1/vms/{name}/webrtc": {"WEBSOCKET": SEE},
    "/api/v1/audit": {"GET": KNOWN},
    "/api/v1/grants": {"GET": KNOWN, "POST": ADMINISTER},
    "/api/v1/grants/{grant}": {"DELETE": ADMINISTER},
    "/api/v1/quotas": {"GET": KNOWN},
    "/api/v1/quotas/roles": {"GET": MODERATE},
    "/api/v1/quotas/roles/{role}": {"PATCH": ADMINISTER},
    "/api/v1/session": {"POST": OPEN, "GET": KNOWN, "DELETE": KNOWN},
    "/api/v1/session/oidc": {"GET": OPEN},
    "/api/v1/session/oidc/callback": {"GET": OPEN},
    "/api/v1/session/refresh": {"POST": OPEN},
    "/api/v1/sessions": {"GET": KNOWN},
    "/api/v1/sessions/{session}": {"DELETE": KNOWN},
    "/api/v1/tokens": {"GET": KNOWN, "POST": KNOWN},
    "/api/v1/users": {"GET": KNOWN, "POST": ADMINISTER},
    "/api/v1/users/{user}": {"GET": KNOWN, "PATCH": MODERATE, "DELETE": ADMINISTER},
    "/api/v1/users/{user}/password": {"PUT": KNOWN},
    "/api/v1/users/{user}/quota": {"PATCH": ADMINISTER},
    "/api/v1/users/{user}/tokens/{token}": {"DELETE": KNOWN},
    "/api/v1/whoami": {"GET": KNOWN},
}
OPERATIONS = [(path, method, need) for path, row in ROWS.items() for method, need in row.items() if method != WEBSOCKET]
NEW = "/api/v1/images/{name}/file"  # its name is that of an image to be made
OF_RESOURCES = [row for row in OPERATIONS if re.search(r"\{(name|plugin)\}", row[0]) and row[0] != NEW]
MEDIA = "/api/v1/vms/{name}/media"  # the machines have no drive for it, which whoever sees them may know
UNENDING = {("/api/v1/events/vms", "GET"), ("/api/v1/watch", "GET")}
SPECS: dict[str, dict[str, Any]] = {
    "VirtualMachine": {
        "runStrategy": "Halted",
        "disks": [{"name": "disk", "size": "1Mi"}],
        "nics": [{"name": "nic", "network": "default"}],
    },
    "VirtualMachineDeployment": {"replicas": 0, "template": {"spec": {}}},
    "Plugin": {"version": "1", "kernel": {"url": "https://images.example/vmlinuz"}},
    "Disk": {"size": "1Mi"},
    "Image": {"source": {"url": "https://images.example/disk.qcow2"}},
    "Network": {"addresses": [{"cidr": "10.99.0.1/24"}]},
    "Snapshot": {"machineRef": {"name": "NAME"}},
    "SnapshotSchedule": {"schedule": "0 0 * * *", "template": {"spec": {"machineRef": {"name": "NAME"}}}},
}


@dataclass
class House:
    app: Standing
    reception: Reception

    def asked(self, path: str, method: str, headers: dict[str, str], name: str = "theirs") -> Result:
        filled = path.replace("{name}", name).replace("{plugin}", name).replace("{kind}", "disks")
        filled = filled.replace("disks/{device}", "disks/disk").replace("nics/{device}", "nics/nic")
        filled = re.sub(r"\{(\w+)\}", lambda found: {"upload": "0" * 32}.get(found[1], "nothing"), filled)
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        body = "{}" if method in ("POST", "PUT", "PATCH") else None
        return self.app.ask(method, filled, {"Content-Type": kind, **headers}, body)

    def statuses(self, operations: list[tuple[str, str, Need]], headers: dict[str, str], name: str = "theirs") -> dict[Any, int]:
        return {(p, m): self.asked(p, m, headers, name).status_code for p, m, _ in operations if (p, m) not in UNENDING}

    def signed_in(self, name: str) -> dict[str, str]:
        return _bearer(self.reception.sign_in.sign_in(name, PASSWORD, "192.0.2.1").access)

    def token(self, name: str, *scopes: Right) -> dict[str, str]:
        return _bearer(self.reception.tokens.create(name, "-".join(scopes), scopes)[1])


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def documents() -> Iterator[dict[str, Any]]:
    """One of each kind of alice's, mine, and one of eve's, theirs."""
    for name, owner in (("mine", "alice"), ("theirs", "eve")):
        for kind, spec in SPECS.items():
            text = json.dumps(spec).replace("NAME", name).replace("10.99.0", "10.99.0" if name == "mine" else "10.98.0")
            metadata = {"name": name, "labels": {OWNER: owner}}
            yield {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": json.loads(text)}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder, state = tmp_path / "machines", tmp_path / "state"
    folder.mkdir()
    (folder / "all.yaml").write_text("---\n".join(json.dumps(document) + "\n" for document in documents()))
    reception = Reception(Database.open(sqlite_url(StateFolder.open(state).accounts)), Passwords(iterations=1, memory=8))
    for name in ("root", "alice", "eve", "gina", "mod"):
        role = {"root": Role.ADMINISTRATOR, "mod": Role.MODERATOR}.get(name, Role.USER)
        reception.accounts.add(name, role, PASSWORD)
    with Standing(create_app(ApiConfig(folder, state, shutdown_margin=-60))) as app:
        yield House(app, reception)
    reception.close()


def test_every_route_has_a_row_and_takes_that_right(tmp_path: Path) -> None:
    (tmp_path / "machines").mkdir()
    config = ApiConfig(tmp_path / "machines", tmp_path / "state")
    routes = make_parts(config).routes
    found = {
        route.path: {
            name.removeprefix("on_").upper(): needed(route.resource, name.removeprefix("on_"))
            for name in dir(route.resource)
            if name.startswith("on_")
        }
        for route in routes
        if route.path not in OPEN_PATHS
    }
    assert {**found, "/api/v1/openapi": {"GET": SEE}} == ROWS


def test_who_shows_nothing_that_counts_is_nobody(house: House) -> None:
    gone = {
        "nobody": {},
        "banned": house.signed_in("gina"),
        "signed out": house.signed_in("alice"),
        "deleted": house.signed_in("eve"),
    }
    gone |= {"revoked": house.token("root", *Right), "a token of a banned one": house.token("gina", *Right)}
    house.reception.accounts.ban("gina")
    for session in house.reception.sessions.list("alice"):
        house.reception.sessions.end(session.id)
    house.reception.accounts.delete("eve")
    house.reception.tokens.revoke("root", "-".join(Right))
    closed = [operation for operation in OPERATIONS if operation[2] is not OPEN]
    for who, headers in gone.items():
        assert {p: status for p, status in house.statuses(closed, headers).items() if status != 401} == {}, who


@pytest.mark.parametrize("scope", list(Right))
def test_a_token_may_what_its_scope_says(house: House, scope: Right) -> None:
    headers = house.token("root", scope)
    others = [operation for operation in OPERATIONS if isinstance(operation[2], Right) and operation[2] is not scope]
    assert {p: status for p, status in house.statuses(others, headers).items() if status != 403} == {}
    its = [operation for operation in OPERATIONS if operation[2] is scope]
    if scope in (SEE, MODERATE):
        assert {p: status for p, status in house.statuses(its, headers).items() if status in (401, 403)} == {}


def test_what_is_anothers_is_answered_like_what_is_not_there(house: House) -> None:
    for headers in (house.signed_in("alice"), house.token("alice", SEE, CHANGE, COPY)):
        for path, method, _ in OF_RESOURCES:
            theirs, absent = (house.asked(path, method, headers, name) for name in ("theirs", "absent"))
            assert theirs.text.replace("theirs", "NAME") == absent.text.replace("absent", "NAME"), (path, method)
            assert theirs.status_code == absent.status_code in (400, 404), (path, method)


def test_lists_have_what_is_ones_own(house: House) -> None:
    collections = [p for p, row in ROWS.items() if row == ALL]
    seen = {path: house.asked(path, "GET", house.signed_in("alice")) for path in collections}
    assert len(seen) == 9
    for path, answer in seen.items():
        assert "mine" in answer.text and "theirs" not in answer.text, path
        assert answer.headers["X-Total-Count"] == "1"
    alice = house.signed_in("alice")
    of_any_kind = {plural: house.asked(f"/api/v1/resources/{plural}", "GET", alice).text for plural in BY_PLURAL}
    assert {plural for plural, text in of_any_kind.items() if "mine" in text} == {kind_of(BY_KIND[kind]).plural for kind in SPECS}
    assert [plural for plural, text in of_any_kind.items() if "theirs" in text] == []


def test_to_what_is_ones_own_one_has_the_rights_of_an_owner(house: House) -> None:
    headers = house.signed_in("alice")
    # What takes devices away with the spec, or all of it, comes last.
    in_order = sorted(OF_RESOURCES, key=lambda row: ("{device}" not in row[0], row[1] == "DELETE"))
    found = house.statuses(in_order, headers, "mine")
    assert {p: status for p, status in found.items() if status in (401, 403)} == {}
    assert {path for (path, _), status in found.items() if status == 404} == {"/api/v1/vms/{name}/openapi", MEDIA}


def test_a_grant_gives_what_it_says(house: House) -> None:
    house.reception.grants.give("gina", Grant(frozenset({SEE}), "default"))
    headers = house.signed_in("gina")
    for path, method, need in OF_RESOURCES:
        status = house.asked(path, method, headers).status_code
        if need is SEE:
            assert status in ((404,) if path.endswith("/openapi") else (200, 409)), (path, method, status)
        else:
            assert status in ((404,) if path == MEDIA else (403, 400)), (path, method, status)
    house.reception.grants.give("gina", Grant(frozenset({CHANGE}), "default", "Disk", "theirs"))
    again = house.signed_in("gina")
    assert house.asked("/api/v1/disks/{name}", "DELETE", again).status_code in (202, 204)
    assert house.asked("/api/v1/networks/{name}", "DELETE", again).status_code == 403


def test_a_moderator_sees_all_and_changes_nothing_of_others(house: House) -> None:
    headers = house.signed_in("mod")
    for path, method, need in OF_RESOURCES:
        status = house.asked(path, method, headers).status_code
        assert status in ((200, 404, 409) if need is SEE or path == MEDIA else (403, 400)), (path, method, status)
    assert house.asked("/metrics", "GET", headers).status_code == 200
    assert house.asked("/api/v1/users", "POST", headers).status_code == 403


def test_an_administrator_may_everything(house: House) -> None:
    deletions_last = sorted(OPERATIONS, key=lambda operation: (operation[1] == "DELETE", operation[0] == "/api/v1/session"))
    found = house.statuses(deletions_last, house.signed_in("root"))
    found.pop(("/api/v1/session/refresh", "POST"))
    assert {p: status for p, status in found.items() if status in (401, 403) or status >= 500} == {}
