"""Q06: one machine; 404 where there is none."""

from __future__ import annotations

import pytest

from tests.contracts.qemu_manager.manager import Manager, refused


@pytest.mark.parametrize("id", ["nobody", "00000000-0000-4000-8000-000000000000", "..", "%2e%2e", "a" * 300])
def test_q06_there_is_none(manager: Manager, id: str) -> None:
    refused(manager.http.get(f"/api/vms/{id}"), 404)


def test_q06_a_name_is_no_id(manager: Manager, name: str) -> None:
    manager.make(name)
    assert refused(manager.http.get(f"/api/vms/{name}"), 404) == "VM not found"
