"""What the tests of Disks, networks and snapshot schedules over REST do alike."""

from __future__ import annotations

from typing import Any

from tests.api.harness import Api


def make(api: Api, plural: str, name: str, spec: dict[str, Any]) -> None:
    answer = api.http.post(f"/api/v1/{plural}", json={"name": name, "spec": spec})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/api/v1/{plural}/{name}"


def names(api: Api, plural: str) -> list[str]:
    return [one["metadata"]["name"] for one in api.http.get(f"/api/v1/{plural}").json()[plural]]
