"""Our extension: a change with a parameter that its route does not know is refused, and not carried out as if without."""

from __future__ import annotations

import pytest

from tests.api.harness import Api, refused

WRITES = {
    "PATCH /vms/{name}/spec": {"resources": {"vcpu": 2}},
    "PUT /vms/{name}/spec": {"resources": {"vcpu": 2}},
    "PATCH /resources/virtualmachines/{name}": {"spec": {"resources": {"vcpu": 2}}},
    "POST /vms/{name}/disks": {"name": "more", "size": "1Gi"},
    "POST /vms/{name}/start": None,
    "DELETE /vms/{name}": None,
    "POST /disks": {"name": "more", "spec": {"size": "1Gi"}},
}


def written(api: Api, name: str) -> object:
    return api.http.get(f"/api/v1/resources/virtualmachines/{name}").json()["metadata"]["generation"], api.http.get(
        "/api/v1/disks"
    ).json()


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("given", ["dryrun=true", "dry_run=true", "nonsense", "nonsense="])
def test_nothing_is_done(api: Api, name: str, write: str, given: str) -> None:
    api.create(name)
    before = written(api, name)
    method, path = write.split()
    answer = api.http.request(method, f"/api/v1{path.format(name=name)}?{given}", json=WRITES[write])
    refused(answer, 400, "invalid_request")
    assert "nothing was done" in answer.json()["error"]
    assert written(api, name) == before


def test_the_one_that_was_meant_is_named(api: Api, name: str) -> None:
    api.create(name)
    answer = api.http.patch(f"/api/v1/vms/{name}/spec?dryrun=true", json={"resources": {"vcpu": 2}})
    assert answer.json()["error"] == "dryrun: PATCH here knows no such parameter, and nothing was done; did you mean dryRun?"
    assert answer.json()["details"]["parameter"] == "dryrun"


@pytest.mark.parametrize("given", ["dryRun=true&dryRun=false", "dryRun=true&dryRun=true", "dryRun=&dryRun=false"])
def test_one_that_is_given_twice(api: Api, name: str, given: str) -> None:
    answer = api.http.post(f"/api/v1/disks?{given}", json={"name": name, "spec": {"size": "1Gi"}})
    refused(answer, 400, "invalid_request")
    assert answer.json()["error"] == "dryRun: it is given 2 times, and nothing was done: give it once"
    assert api.http.get(f"/api/v1/disks/{name}").status_code == 404


def test_what_only_reads_passes_over_them(api: Api, name: str) -> None:
    api.create(name)
    assert api.http.get(f"/api/v1/vms/{name}?_=1764000000").status_code == 200
