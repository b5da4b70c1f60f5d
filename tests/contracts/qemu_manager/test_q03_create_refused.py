"""Q03: what cannot be is refused with 400, and nothing is made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contracts.qemu_manager.manager import Manager, refused

GOOD = {"cpus": 1, "memory": 64}
BAD: list[Any] = [
    {**GOOD},
    {**GOOD, "name": ""},
    {**GOOD, "name": " "},
    {**GOOD, "name": "a\nb"},
    {**GOOD, "name": "x" * 65},
    {**GOOD, "name": 3},
    {"name": "x", "cpus": 0, "memory": 64},
    {"name": "x", "cpus": -1, "memory": 64},
    {"name": "x", "cpus": 1.5, "memory": 64},
    {"name": "x", "cpus": "2", "memory": 64},
    {"name": "x", "cpus": True, "memory": 64},
    {"name": "x", "cpus": None, "memory": 64},
    {"name": "x", "cpus": 10**6, "memory": 64},
    {"name": "x", "memory": 64},
    {"name": "x", "cpus": 1},
    {"name": "x", "cpus": 1, "memory": 0},
    {"name": "x", "cpus": 1, "memory": None},
    {"name": "x", "cpus": 1, "memory": 10**12},
    [],
    "x",
    None,
]


@pytest.mark.parametrize("body", BAD, ids=[str(number) for number in range(len(BAD))])
def test_q03_it_is_refused(manager: Manager, body: Any) -> None:
    before = manager.http.get("/api/vms").json()
    refused(manager.http.post("/api/vms", content=json.dumps(body), headers={"Content-Type": "application/json"}), 400)
    assert manager.http.get("/api/vms").json() == before


@pytest.mark.parametrize("text", ["{", "", '{"name": NaN}', "\x00"])
def test_q03_no_json(manager: Manager, text: str) -> None:
    refused(manager.http.post("/api/vms", content=text, headers={"Content-Type": "application/json"}), 400)


def test_q03_no_content_type_at_all_is_json(manager: Manager, name: str) -> None:
    request = manager.http.build_request("POST", "/api/vms", content=json.dumps({"name": name, **GOOD}))
    assert "content-type" not in request.headers
    assert manager.http.send(request).status_code == 201


@pytest.mark.parametrize("type", ["APPLICATION/JSON", "Application/json; Charset=UTF-8"])
def test_q03_a_media_type_is_written_in_any_case(manager: Manager, name: str, type: str) -> None:
    answer = manager.http.post("/api/vms", content=json.dumps({"name": name, **GOOD}), headers={"Content-Type": type})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({**GOOD, "name": "a\nb"}, "name: must be one line that is not blank"),
        ({"name": "x"}, "cpus: is missing; memory: is missing"),
    ],
    ids=["in-words", "all-of-it"],
)
def test_q03_it_says_why(manager: Manager, body: Any, says: str) -> None:
    assert refused(manager.http.post("/api/vms", json=body), 400) == says
