"""A request may name things at any length: the answer repeats the beginning, which is enough to recognise it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.api.harness import Api, refused

LONG = "".join(f"{number:x}." for number in range(400))  # so that no part of it is like another
SPEC = {"disks": [{"name": "a", "image": {"path": LONG}}]}

WAYS: Sequence[tuple[str, str, dict[str, Any], str, int]] = [
    ("GET", f"/api/v1/vms/{LONG}", {}, "name", 256),
    ("GET", f"/api/v1/deployments/{LONG}", {}, "name", 256),
    ("DELETE", f"/api/v1/trash/{LONG}", {}, "name", 256),
    ("GET", f"/api/v1/vms?limit={LONG}", {}, "given", 64),
    ("GET", f"/api/v1/vms?view={LONG}", {}, "given", 64),
    ("GET", "/api/v1/events/vms", {"headers": {"Last-Event-ID": LONG}}, "given", 64),
    ("GET", "/api/v1/vms", {"headers": {"Host": LONG}}, "host", 256),
    ("POST", "/api/v1/vms", {"headers": {"Origin": LONG}}, "origin", 256),
    ("POST", "/api/v1/vms", {"json": {"name": "long", "spec": SPEC}}, "source", 512),
]


@pytest.mark.parametrize(("method", "path", "more", "field", "most"), WAYS, ids=[f"{way[3]} {way[1][:24]}" for way in WAYS])
def test_what_was_given_is_repeated_up_to(api: Api, method: str, path: str, more: dict[str, Any], field: str, most: int) -> None:
    answer = api.http.request(method, path, **more)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["details"][field] == LONG[:most]


def test_a_path_that_there_is_not_is_repeated_up_to(api: Api) -> None:
    path = f"/{LONG}"
    assert refused(api.http.get(path), 404, "not_found") == {"path": path[:256]}


def test_an_if_match_that_is_none_is_repeated_up_to(api: Api, name: str) -> None:
    api.create(name)
    answer = api.http.patch(f"/api/v1/vms/{name}/spec", json={}, headers={"If-Match": LONG})
    assert refused(answer, 400, "invalid_request")["given"] == LONG[:64]


def test_a_field_that_is_given_twice_is_named_up_to(api: Api) -> None:
    body = f'{{"{LONG}": 1, "{LONG}": 2}}'
    answer = api.http.post("/api/v1/vms", content=body, headers={"Content-Type": "application/json"})
    refused(answer, 400, "malformed_json")
    assert f"'{LONG[:64]}'" in answer.json()["error"]
