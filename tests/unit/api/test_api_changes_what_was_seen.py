"""Changes over REST: If-Match takes strong tags only, and an edit that is overtaken is made anew from what is there then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from homeostat.models.base import Key, Resource
from homeostat.service.kinds.collection import EDIT_ATTEMPTS
from homeostat.store.desired import FolderState
from homeostat_api.app import create_app
from homeostat_api.config import ApiConfig

DEPLOYMENT = {"name": "web", "spec": {"replicas": 10, "template": {"spec": {}}}}


class Client:
    def __init__(self, root: Path, **more: Any) -> None:
        (root / "machines").mkdir(exist_ok=True)
        self._client = TestClient(create_app(ApiConfig(root / "machines", root / "state", **more)))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Result:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.simulate_request(method, path, json=body, headers=named, host="localhost")


@pytest.fixture
def client(tmp_path: Path) -> Client:
    found = Client(tmp_path)
    assert found.ask("POST", "/api/v1/vms", {"name": "web"}).status_code == 201
    return found


def patched(client: Client, vcpu: int, **headers: str) -> Result:
    return client.ask("PATCH", "/api/v1/vms/web/spec", {"resources": {"vcpu": vcpu}}, **headers)


def test_a_weak_tag_is_no_version(client: Client) -> None:
    tag = client.ask("GET", "/api/v1/vms/web").headers["ETag"]
    assert tag.startswith('"')
    for weak in (f"W/{tag}", f'W/{tag}, W/"0"', f'W/{tag}, "0"'):
        refused = patched(client, 2, If_Match=weak)
        assert (refused.status_code, refused.json["code"]) == (412, "precondition_failed"), weak
    assert client.ask("GET", "/api/v1/vms/web").headers["ETag"] == tag
    assert patched(client, 2, If_Match=f'W/"0", "0", {tag}').status_code == 200


@pytest.mark.parametrize(("given", "status"), [("*", 200), (" * ", 200), ('"0"', 412), ("0", 400), ("", 400), ("W/0", 400)])
def test_other_forms_of_if_match(client: Client, given: str, status: int) -> None:
    assert patched(client, 2, If_Match=given).status_code == status


class Overtaking:
    """Somebody who edits each time just before us."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.left, self.asked = times, 0
        patch = FolderState.patch

        async def overtaken(
            state: FolderState,
            key: Key,
            merge: Mapping[str, Any],
            author: str,
            expected_version: str | None = None,
            dry: bool = False,
        ) -> Resource:
            self.asked += 1
            if self.left:
                self.left -= 1
                await patch(state, key, {"metadata": {"labels": {"overtaken": f"t{self.asked}"}}}, "other")
                await patch(state, key, {"spec": {"runStrategy": "Halted" if self.asked % 2 else "Always"}}, "other")
            return await patch(state, key, merge, author, expected_version, dry)

        monkeypatch.setattr(FolderState, "patch", overtaken)


def test_an_edit_that_is_overtaken_is_made_anew(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Overtaking(monkeypatch, times=3)
    after = patched(client, 3)
    assert after.status_code == 200 and other.asked == 4
    assert after.json["spec"]["resources"]["vcpu"] == 3 and after.json["spec"]["runStrategy"] == "Halted", "both edits stand"


def test_an_edit_that_names_a_version_is_not_repeated(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    tag = client.ask("GET", "/api/v1/vms/web").headers["ETag"]
    other = Overtaking(monkeypatch, times=1)
    assert patched(client, 3, If_Match=tag).status_code == 412
    assert other.asked == 1


def test_an_edit_that_is_always_overtaken_ends(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Overtaking(monkeypatch, times=1_000)
    ended = patched(client, 3)
    assert (ended.status_code, ended.json["code"]) == (409, "conflict")
    assert other.asked == EDIT_ATTEMPTS


def test_a_limit_of_replicas_that_came_later_lets_go_down(client: Client, tmp_path: Path) -> None:
    assert client.ask("POST", "/api/v1/deployments", DEPLOYMENT).status_code == 201
    limited = Client(tmp_path, max_replicas=5)
    for path in ("/api/v1/deployments/web", "/api/v1/deployments/web/spec"):
        shown = limited.ask("PATCH", path, {"replicas": 10})
        assert shown.headers["ETag"] == client.ask("GET", "/api/v1/deployments/web").headers["ETag"], path
        seen = [limited.ask("PATCH", path, {"replicas": wanted}).status_code for wanted in (11, 10, 9, 8, 9, 8, 5, 6, 4, 5)]
        assert seen == [400, 200, 200, 200, 400, 200, 200, 400, 200, 200], path
        assert client.ask("PATCH", "/api/v1/deployments/web", {"replicas": 10}).status_code == 200
    kept = limited.ask("PATCH", "/api/v1/deployments/web/spec", {"paused": True})
    assert kept.status_code == 200, "what is not about replicas is not refused for them"
