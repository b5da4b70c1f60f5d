from __future__ import annotations

import pytest

from tests.api.harness import Api, refused
from tests.api.living import Living


def test_v31_the_answer_has_the_new_number_and_the_old_machines(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}", 3)
    api.operator.deployed(name, ready=3)
    answer = api.http.patch(f"/api/v1/deployments/{name}", json={"replicas": 5})
    assert answer.status_code == 200
    scaled = answer.json()
    assert scaled.pop("desired_replicas") == 5 and scaled.pop("config")["plugin"] == f"p-{name}"
    assert scaled == {
        "name": name,
        "plugin": f"p-{name}",
        "replicas": 5,
        "ready_replicas": 3,
        "vms": [f"{name}-1", f"{name}-2", f"{name}-3"],
        "scaling": True,
    }
    assert "replicas: 5" in api.written("virtualmachinedeployments", name)


def test_v31_it_converges(real: Living, name: str) -> None:
    real.install(f"p-{name}")
    real.deploy(name, f"p-{name}", 1)
    real.settles(name, f"{name}-1")
    assert real.scale(name, 3)["scaling"] is True
    real.settles(name, f"{name}-1", f"{name}-2", f"{name}-3")
    assert real.scale(name, 3)["scaling"] is False


@pytest.mark.parametrize("replicas", [-1, 1.5, 3.0, "3", True, None, 1001, 10**30])
def test_v31_replicas_that_are_no_number_of_machines(api: Api, name: str, replicas: object) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}", 2)
    refused(api.http.patch(f"/api/v1/deployments/{name}", json={"replicas": replicas}), 400, "invalid_request")
    assert api.http.get(f"/api/v1/deployments/{name}").json()["replicas"] == 2


@pytest.mark.parametrize("body", [{}, {"replica": 3}, {"replicas": 3, "plugin": "x"}, []])
def test_v31_bodies_that_are_refused(api: Api, name: str, body: object) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}")
    refused(api.http.patch(f"/api/v1/deployments/{name}", json=body), 400, "invalid_request")


def test_v31_an_unknown_deployment_is_404(api: Api) -> None:
    refused(api.http.patch("/api/v1/deployments/none-such", json={"replicas": 1}), 404, "deployment_not_found")


def test_v31_a_stale_etag_is_412(api: Api, name: str) -> None:
    api.install(f"p-{name}")
    api.deploy(name, f"p-{name}")
    etag = {"If-Match": api.http.get(f"/api/v1/deployments/{name}").headers["ETag"]}
    assert api.http.patch(f"/api/v1/deployments/{name}", json={"replicas": 2}, headers=etag).status_code == 200
    stale = api.http.patch(f"/api/v1/deployments/{name}", json={"replicas": 3}, headers=etag)
    refused(stale, 412, "precondition_failed")
