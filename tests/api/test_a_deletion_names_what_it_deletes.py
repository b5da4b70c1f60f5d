"""A deletion whose path ends in a slash, such as a script makes it of a variable that is empty, deletes nothing: what stands
before the slash is more than was meant."""

from __future__ import annotations

import pytest

from tests.api.harness import Api, refused


@pytest.mark.parametrize("path", ["vms/{name}/", "vms/{name}%2F", "vms/{name}/?force=true", "resources/virtualmachines/{name}/"])
def test_a_machine_stays(api: Api, name: str, path: str) -> None:
    api.create(name)
    answer = api.http.delete(f"/api/v1/{path.format(name=name)}")
    refused(answer, 400, "invalid_request")
    assert "a name is missing" in answer.json()["error"]
    assert api.get(name)["name"] == name


def test_a_collection_has_no_deletion_with_or_without_it(api: Api, name: str) -> None:
    api.create(name)
    for path in ("/api/v1/vms/", f"/api/v1/vms/{name}/disks/"):
        refused(api.http.delete(path), 405, "method_not_allowed")
