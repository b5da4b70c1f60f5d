"""Q12: another size, while it is off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.qemu_manager.manager import Manager, refused


def test_q12_both_or_one_alone(manager: Manager, name: str) -> None:
    id = manager.make(name, 1, 64)["id"]
    changed = manager.http.patch(f"/api/vms/{id}/resources", json={"cpus": 2, "memory": 128}).json()["vm"]
    assert (changed["cpus"], changed["memory"]) == (2, 128)
    changed = manager.http.patch(f"/api/vms/{id}/resources", json={"memory": 256, "cpus": None}).json()["vm"]
    assert (changed["cpus"], changed["memory"]) == (2, 256) and changed == manager.get(id)


def test_q12_not_while_it_runs(manager: Manager, name: str) -> None:
    id = manager.make(name, 1, 64)["id"]
    manager.act(id, "start")
    assert "stopped" in refused(manager.http.patch(f"/api/vms/{id}/resources", json={"cpus": 2}), 400)
    assert manager.get(id)["cpus"] == 1


@pytest.mark.parametrize("body", [{}, {"cpus": None}, {"cpus": 0}, {"cpus": "2"}, {"memory": -1}, {"memory": 1.5}, {"memory": 1}])
def test_q12_what_cannot_be(manager: Manager, name: str, body: dict[str, Any]) -> None:
    id = manager.make(name, 1, 64)["id"]
    refused(manager.http.patch(f"/api/vms/{id}/resources", json=body), 400)
    assert manager.get(id)["memory"] == 64


def test_q12_of_nobody(manager: Manager) -> None:
    refused(manager.http.patch("/api/vms/nobody/resources", json={"cpus": 2}), 404)
