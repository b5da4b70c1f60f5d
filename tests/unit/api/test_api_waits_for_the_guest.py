"""How long a request waits for what it asked for, and what it is answered where that did not happen meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result, TestClient

from homeostat.service.kinds.collection import Collection
from homeostat_api.app import create_app
from homeostat_api.config import ApiConfig

GRACE, MARGIN = 40, 7
SPEC = {"shutdown": {"gracePeriodSeconds": GRACE}}
PLUGIN = {"version": "1.0.0", "workload": {"type": "daemon"}, "rootfs": {"url": "https://images.example.com/a.qcow2"}}


class Waits:
    """``happens``: what comes of each wait. ``seconds`` of each."""

    def __init__(self) -> None:
        self.happens = False
        self.seconds: list[float] = []

    async def wait(self, name: str, done: Callable[[Any], bool], seconds: float) -> tuple[bool, None]:
        self.seconds.append(seconds)
        return self.happens, None


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    found = Waits()
    monkeypatch.setattr(Collection, "wait", lambda collection, *given: found.wait(*given))
    return found


class Client:
    def __init__(self, root: Path) -> None:
        (root / "machines").mkdir()
        self._client = TestClient(create_app(ApiConfig(root / "machines", root / "state", shutdown_margin=MARGIN)))

    def create(self, kind: str, **body: Any) -> None:
        made = self._client.simulate_post(f"/api/v1/{kind}", json=body, host="localhost")
        assert made.status_code == 201, made.text

    def ask(self, method: str, path: str, query: str = "") -> Result:
        return self._client.simulate_request(method, f"/api/v1/{path}", query_string=query, host="localhost")

    def unfinished(self, method: str, path: str, query: str) -> Any:
        """What a request is answered that was not waited for long enough."""
        answer = self.ask(method, path, query)
        assert answer.status_code == 202, answer.text
        return answer.json


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path)


def test_a_machine_is_waited_for(client: Client, waits: Waits) -> None:
    seconds = {
        "": GRACE + MARGIN,
        "force=true": MARGIN,
        "force=false": GRACE + MARGIN,
        "wait=3": 3,
        "wait=0": 0,
        "force=true&wait=3": 3,
    }
    for number, query in enumerate(seconds):
        name = f"web{number}"
        client.create("vms", name=name, spec=SPEC)
        for method, path in (("POST", f"vms/{name}/stop"), ("DELETE", f"vms/{name}")):
            assert client.unfinished(method, path, query) == {"name": name, "status": "stopping", "plugin": None}
            assert waits.seconds.pop() == seconds[query], (method, query)


def test_what_else_is_deleted_is_waited_for(client: Client, waits: Waits) -> None:
    deployment = {"replicas": 0, "template": {"spec": SPEC}}
    for kind, spec, unasked in (("deployments", deployment, GRACE + MARGIN), ("plugins", PLUGIN, MARGIN)):
        for number, (query, seconds) in enumerate({"": unasked, "wait=3": 3, "wait=0": 0}.items()):
            name = f"web{number}"
            client.create(kind, name=name, spec=spec)
            assert client.unfinished("DELETE", f"{kind}/{name}", query) == {"name": name, "status": "deleting"}
            assert waits.seconds.pop() == seconds, (kind, query)


def test_what_has_happened_is_answered_as_done(client: Client, waits: Waits) -> None:
    waits.happens = True
    client.create("vms", name="web", spec=SPEC)
    client.create("deployments", name="web", spec={"replicas": 0, "template": {}})
    client.create("plugins", name="web", spec=PLUGIN)
    stopped = client.ask("POST", "vms/web/stop")
    assert (stopped.status_code, stopped.json["status"]) == (200, "stopped")
    for kind in ("vms", "deployments", "plugins"):
        gone = client.ask("DELETE", f"{kind}/web")
        assert (gone.status_code, gone.content) == (204, b""), kind
