"""A document that is applied is answered with what was done, what that takes, and what there is then."""

from __future__ import annotations

from typing import Any

import falcon
import falcon.asgi
import pytest
from falcon.testing import Result, TestClient

from homeostat.accounts.actor import HOUSE
from homeostat.models.base import API_VERSION
from homeostat_api.errors import ANSWERS
from homeostat_api.http import errors, media
from homeostat_api.resources.any_kind import ApplyResource, ResourceOfAKind
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room

DISK = {"apiVersion": API_VERSION, "kind": "Disk", "metadata": {"name": "data"}}


class Asked:
    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        req.context.actor = HOUSE


class House:
    def __init__(self, room: Room) -> None:
        service = Served(room).whole()
        app: Any = falcon.asgi.App(middleware=[Asked()])
        errors.install(app, ANSWERS)
        media.install(app)
        app.add_route("/apply", ApplyResource(service))
        app.add_route("/resources/{kind}/{name}", ResourceOfAKind(service))
        self._client = TestClient(app)

    def apply(self, spec: dict[str, Any], query: str = "", **more: Any) -> Result:
        return self._client.simulate_post("/apply", json={**DISK, **more, "spec": spec}, query_string=query)

    def applied(self, spec: dict[str, Any], query: str = "", **more: Any) -> Any:
        answer = self.apply(spec, query, **more)
        assert answer.status_code == 200, answer.text
        if not query:
            assert answer.headers["etag"] == f'"{answer.json["resource"]["metadata"]["resourceVersion"]}"'
        return answer.json

    def change(self, patch: dict[str, Any], query: str = "") -> Result:
        return self._client.simulate_patch("/resources/disks/data", json=patch, query_string=query)

    def there(self) -> Result:
        return self._client.simulate_get("/resources/disks/data")


@pytest.fixture
def house(room: Room) -> House:
    return House(room)


def looked(answer: Any) -> bool:
    """Tells whether the host was looked at, as is done for what is not done."""
    assert ("host" in answer) is answer["dry_run"]
    return "host" in answer


def told(answer: Any) -> tuple[str, list[tuple[str, str, str]]]:
    return answer.get("outcome", ""), [(one["field"], one["old"], one["new"]) for one in answer["changes"]]


def test_what_is_made(house: House) -> None:
    assert told(house.applied({"size": "1Gi"}, "dryRun=true")) == ("created", []) and house.there().status_code == 404
    made = house.applied({"size": "1Gi"})
    assert told(made) == ("created", []) and made["left"] == [] and house.there().json == made["resource"]


def test_what_is_changed(house: House) -> None:
    made = house.applied({"size": "1Gi"})
    would = house.applied({"size": "2Gi"}, "dryRun=true")
    assert looked(would) and not looked(made)
    assert told(would) == ("configured", [("size", "1Gi", "2Gi")]) and house.there().json == made["resource"]
    changed = house.applied({"size": "2Gi"})
    assert told(changed) == told(would) and house.there().json == changed["resource"]
    assert told(house.applied({"size": "2Gi"})) == ("unchanged", [])


def test_what_is_left_alone(house: House) -> None:
    house.applied({"size": "1Gi"})
    assert house.change({"metadata": {"labels": {"a": "b"}}}).status_code == 200
    answer = house.applied({"size": "2Gi"})
    assert answer["resource"]["metadata"]["labels"] == {"a": "b"}


@pytest.mark.parametrize(
    ("kind", "namespace", "said"),
    [
        ("Disk", "lab", "metadata.namespace: this server has the resources of namespace default only"),
        ("Disc", "default", "kind: there is no kind 'Disc'; the kinds are "),
        (70 * "k", "default", f"kind: there is no kind '{64 * 'k'}'; the kinds are "),
    ],
    ids=["another namespace", "no kind", "a long one"],
)
def test_what_is_not_here(house: House, kind: str, namespace: str, said: str) -> None:
    refused = house.apply({"size": "1Gi"}, kind=kind, metadata={"name": "data", "namespace": namespace})
    assert refused.status_code == 400 and refused.json["error"].startswith(said) and house.there().status_code == 404


def test_its_namespace_may_be_said(house: House) -> None:
    assert told(house.applied({"size": "1Gi"}, metadata={"name": "data", "namespace": "default"})) == ("created", [])


@pytest.mark.parametrize("dry", [True, False])
def test_a_patch_is_answered_likewise(house: House, dry: bool) -> None:
    before = house.applied({"size": "1Gi"})["resource"]
    answer = house.change({"spec": {"size": "2Gi"}}, f"dryRun={str(dry).lower()}")
    assert answer.status_code == 200 and told(answer.json) == ("", [("size", "1Gi", "2Gi")])
    assert looked(answer.json) is dry
    there = house.there().json
    assert (there == before) is dry and (there == answer.json["resource"]) is not dry
    assert answer.headers["etag"] == f'"{there["metadata"]["resourceVersion"]}"', "that of what is there"
