from __future__ import annotations

import pytest

from tests.api.harness import Api, refused

VOLANTS = ("version", "updated_at", "config")  # what its command line reads


@pytest.mark.parametrize(
    ("nic", "network"),
    [
        ({"bridge": "volbr0"}, {"mode": "bridge", "bridge_name": "volbr0", "network_name": None}),
        ({"network": "default"}, {"mode": "network", "bridge_name": None, "network_name": "default"}),
        ({"user": {}}, {"mode": "user", "bridge_name": None, "network_name": None}),
    ],
)
def test_v21_the_configuration(api: Api, name: str, nic: dict[str, object], network: dict[str, object]) -> None:
    spec = {"resources": {"vcpu": 2, "memory": "512Mi"}, "nics": [{"name": "net0", **nic}], "cloudInit": {}}
    api.create(name, spec=spec)
    found = api.http.get(f"/api/v1/vms/{name}/config").json()
    assert set(found) == {"resources", "network", "cloud_init", *VOLANTS}
    assert {field: value for field, value in found.items() if field not in VOLANTS} == {
        "resources": {"vcpu": 2, "memory_mb": 512},
        "network": network,
        "cloud_init": {"enabled": True},
    }


def test_v21_an_unknown_machine_is_404(api: Api) -> None:
    refused(api.http.get("/api/v1/vms/none-such/config"), 404, "vm_not_found")
