"""GET /api/v1/watch: resources as they are, and as they change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from homeostat.models.machine import MachineState
from tests.api.harness import Api


@contextmanager
def watching(api: Api, kinds: str = "virtualmachines", takes: str = "gzip") -> Iterator[Iterator[dict[str, Any]]]:
    """Yields what is sent to a client that watches, and takes such an encoding."""
    headers = {"Accept-Encoding": takes}
    with api.http.stream("GET", "/api/v1/watch", params={"kinds": kinds}, timeout=20, headers=headers) as answer:
        assert answer.headers.get("Content-Encoding", "identity") == takes and answer.headers["Vary"] == "Accept-Encoding"
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/event-stream"
        yield (json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: "))


def first_of(said: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns what is sent until all has been."""
    seen = []
    for one in said:
        if one["type"] == "BOOKMARK":
            return seen
        seen.append(one)
    raise AssertionError(f"it ended after {seen}")


def about(said: Iterator[dict[str, Any]], name: str) -> dict[str, Any]:
    """Returns the next that is sent of a resource."""
    return next(one for one in said if one.get("name", one.get("object", {}).get("metadata", {}).get("name")) == name)


def test_it_begins_with_what_is_there_as_lists_have_it(api: Api, name: str) -> None:
    api.http.post("/api/v1/vms", json={"name": f"{name}-b", "spec": {}}).raise_for_status()
    with watching(api) as said:
        sent = [one["object"] for one in first_of(said) if one["kind"] == "virtualmachines" and one["type"] == "ADDED"]
        assert sent == api.http.get("/api/v1/resources/virtualmachines").json()["items"]


@pytest.mark.parametrize("takes", ["gzip", "identity"])
def test_each_change_is_sent_until_it_is_gone(api: Api, name: str, takes: str) -> None:
    machine = f"{name}-w-{takes}"
    with watching(api, takes=takes) as said:
        first_of(said)
        api.http.post("/api/v1/vms", json={"name": machine, "spec": {}}).raise_for_status()
        assert about(said, machine)["type"] == "ADDED"
        api.operator.report(machine, MachineState.RUNNING, ip="192.0.2.7")
        changed = about(said, machine)
        assert changed["type"] == "MODIFIED" and changed["object"]["status"]["state"] == "Running"
        api.operator.hold("VirtualMachine", machine)
        api.http.delete(f"/api/v1/vms/{machine}?wait=0").raise_for_status()
        assert about(said, machine)["object"]["metadata"]["deletionTimestamp"]
        api.operator.release(machine)
        assert about(said, machine) == {"type": "DELETED", "kind": "virtualmachines", "name": machine}


def test_several_kinds_come_in_one_stream(api: Api, name: str) -> None:
    with watching(api, "disks,virtualmachines,disks") as said:
        first_of(said)
        api.http.post("/api/v1/disks", json={"name": f"{name}-d", "spec": {"size": "1Mi"}}).raise_for_status()
        api.http.post("/api/v1/vms", json={"name": f"{name}-v", "spec": {}}).raise_for_status()
        assert about(said, f"{name}-d")["kind"] == "disks"
        assert about(said, f"{name}-v")["kind"] == "virtualmachines"


def test_what_is_no_kind_is_refused(api: Api) -> None:
    answer = api.http.get("/api/v1/watch", params={"kinds": "virtualmachines,vms"})
    assert answer.status_code == 400 and "'vms' is no kind" in answer.json()["error"]
