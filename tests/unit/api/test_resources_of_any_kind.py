"""Resources of any kind as documents: made, found with what became of them, and what is said where a path names no kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import falcon
import falcon.asgi
import pytest
from falcon.testing import TestClient

from homeostat.accounts.actor import HOUSE
from homeostat.models.base import API_VERSION, Key
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.ports import SpecRevision
from homeostat_api.errors import ANSWERS
from homeostat_api.http import errors, media
from homeostat_api.http.kinds.kind_index import KindIndexes
from homeostat_api.resources.any_kind import Kinds, ResourceOfAKind, ResourceRevisions, ResourcesOfAKind
from homeostat_api.resources.can_i import CanI
from homeostat_api.resources.console_log import AFTER, MachineLog
from tests.unit.serving import Written, resource

WHEN = "2026-01-01T00:00:00Z"
DISK = {"apiVersion": API_VERSION, "kind": "Disk", "metadata": {"name": "data"}, "spec": {"size": "1Gi"}}


class Revised(Written):
    """Each resource was made, and changed once."""

    def revisions(self, key: Key) -> Sequence[SpecRevision]:
        changes = {"spec.url": ("https://a/?token=secret", "https://b/")}
        return [SpecRevision(key, 2, WHEN, "alice", changes, "c0ffee"), SpecRevision(key, 1, WHEN, "cli", None)]


class Asked:
    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        req.context.actor = HOUSE


@pytest.fixture
def store(tmp_path: Path) -> Revised:
    log = tmp_path / "web.log"
    log.write_bytes(b"one\ntwo\n")
    return Revised(resource(VirtualMachine, "web", consoleLog=str(log)))


@pytest.fixture
def client(store: Revised, tmp_path: Path) -> TestClient:
    service = store.service(tmp_path)
    app: Any = falcon.asgi.App(middleware=[Asked()])
    errors.install(app, ANSWERS)
    media.install(app)
    app.add_route("/resources", Kinds(service))
    app.add_route("/can-i", CanI(service))
    app.add_route("/resources/{kind}", ResourcesOfAKind(service, KindIndexes(service)))
    app.add_route("/resources/{kind}/{name}", ResourceOfAKind(service))
    app.add_route("/resources/{kind}/{name}/revisions", ResourceRevisions(service))
    app.add_route("/vms/{name}/log", MachineLog(service))
    return TestClient(app)


def test_the_kinds_that_there_are(client: TestClient) -> None:
    told = client.simulate_get("/resources").json
    assert told["namespace"] == "default"
    assert {"disks", "networks", "virtualmachines"} <= {kind["plural"] for kind in told["kinds"]}


def test_what_is_made_is_answered_whole(client: TestClient, store: Revised) -> None:
    made = client.simulate_post("/resources/disks", json=DISK)
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/disks/data")
    known = store.resources[Key("Disk", "default", "data")]
    assert isinstance(known, Disk) and made.json == {"apiVersion": API_VERSION, "kind": "Disk", **known.dump()}
    assert client.simulate_get("/resources/disks/data").json == made.json


def test_what_is_changed_is_answered_whole(client: TestClient, store: Revised) -> None:
    client.simulate_post("/resources/disks", json=DISK)
    changed = client.simulate_patch("/resources/disks/data", json={"spec": {"size": "2Gi"}})
    assert changed.status_code == 200 and changed.json["resource"]["spec"]["size"] == "2Gi", changed.text


def test_what_the_operator_makes_is_only_listed(client: TestClient) -> None:
    refused = client.simulate_post("/resources/machinerevisions", json=DISK)
    assert (refused.status_code, refused.json["code"]) == (404, "kind_not_found")
    assert "only listed" in refused.json["error"] and refused.json["details"] == {"kind": "machinerevisions"}


@pytest.mark.parametrize(
    ("query", "status", "allowed"),
    [
        ("right=change", 200, True),
        ("right=change&kind=VirtualMachine&name=web", 200, True),
        ("right=change&kind=VirtualMachine&name=none", 200, False),
        ("right=change&kind=VirtualMachine", 400, None),
        ("right=change&name=web", 400, None),
        ("kind=VirtualMachine&name=web", 400, None),
    ],
)
def test_whether_one_may(client: TestClient, query: str, status: int, allowed: bool | None) -> None:
    answer = client.simulate_get("/can-i", query_string=query)
    assert (answer.status_code, answer.json.get("allowed")) == (status, allowed), answer.text


def test_what_is_none_of_the_kind_is_not_made(client: TestClient, store: Revised) -> None:
    refused = client.simulate_post("/resources/networks", json=DISK)
    assert (refused.status_code, refused.json["error"]) == (400, "kind: Disk is none of networks")
    assert Key("Disk", "default", "data") not in store.resources


@pytest.mark.parametrize("length", [3, 64, 65, 200])
def test_a_kind_that_there_is_not_is_repeated_only_so_far(client: TestClient, length: int) -> None:
    for path in ("", "/web", "/web/revisions"):
        answer = client.simulate_get(f"/resources/{length * 'x'}{path}")
        assert (answer.status_code, answer.json["code"]) == (404, "kind_not_found")
        assert answer.json["details"] == {"kind": min(length, 64) * "x"} and "virtualmachines" in answer.json["error"]


def test_revisions_are_newest_first_and_hold_no_secret(client: TestClient) -> None:
    newest, first = client.simulate_get("/resources/virtualmachines/web/revisions").json["revisions"]
    assert (newest["generation"], newest["author"], newest["commit"]) == (2, "alice", "c0ffee")
    (change,) = newest["changes"]
    assert (change["field"], change["new"]) == ("spec.url", "https://b/") and "secret" not in change["old"]
    assert first == {"generation": 1, "time": WHEN, "author": "cli", "commit": None, "changes": None}
    assert client.simulate_get("/resources/virtualmachines/none/revisions").status_code == 404


def test_a_log_says_where_its_next_part_begins(client: TestClient) -> None:
    whole = client.simulate_get("/vms/web/log")
    assert (whole.status_code, whole.content) == (200, b"one\ntwo\n")
    assert whole.headers["content-type"] == "application/octet-stream" and whole.headers["cache-control"] == "no-store"
    assert client.simulate_get("/vms/web/log", params={"tail": 1}).content == b"two\n"
    rest = client.simulate_get("/vms/web/log", params={"after": whole.headers[AFTER.lower()]})
    assert (rest.status_code, rest.content) == (200, b"")
    assert client.simulate_get("/vms/web/log", params={"after": "x"}).status_code == 400
