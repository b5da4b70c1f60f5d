"""A machine's history in the contract's words: by field, with what its plugin gave as the old value, and nothing of power."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.models.machine_hardware import MIB, Resources
from homeostat.runtime.engine.ports import SpecRevision
from homeostat_contracts.volant import machine_views as views

GIVEN = Resources(vcpu=2, memory=512 * MIB)


def changes(found: dict[str, tuple[Any, Any]] | None) -> Any:
    revision = SpecRevision(Key("VirtualMachine", "default", "web"), 2, "2026-01-01T00:00:00Z", "cli", found)
    entry = views.history(revision, GIVEN)
    if entry is None:
        return None
    assert (entry["timestamp"], entry["author"]) == ("2026-01-01T00:00:00Z", "cli")
    return entry["changes"]


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (None, {"created": True}),
        ({"spec.resources.vcpu": (1, 4)}, {"resources.vcpu": {"old": 1, "new": 4}}),
        ({"spec.resources.vcpu": (None, 4)}, {"resources.vcpu": {"old": 2, "new": 4}}),
        ({"spec.resources.vcpu": (4, None)}, {"resources.vcpu": {"old": 4, "new": 2}}),
        ({"spec.resources.memory": ("1Gi", None)}, {"resources.memory_mb": {"old": 1024, "new": 512}}),
        ({"spec.resources.memory": (None, 2048 * MIB)}, {"resources.memory_mb": {"old": 512, "new": 2048}}),
        ({"spec.resources": (None, {"vcpu": 3})}, {"resources.vcpu": {"old": 2, "new": 3}}),
        (
            {"spec.resources": ({"vcpu": 3, "memory": "1Gi"}, None)},
            {"resources.vcpu": {"old": 3, "new": 2}, "resources.memory_mb": {"old": 1024, "new": 512}},
        ),
        ({"spec.cloudInit.userData": (None, "a")}, {"cloud_init.user_data": {"old": None, "new": "a"}}),
        ({"spec.cloudInit": (None, {})}, {"cloud_init": {"old": None, "new": {}}}),
        ({"spec.nics": ([], [1])}, {"nics": {"old": [], "new": [1]}}),
        ({"spec.power": ("Stopped", "Running"), "spec.nics": ([], [1])}, {"nics": {"old": [], "new": [1]}}),
        ({"spec.power": ("Stopped", "Running"), "spec.restartedAt": (None, "now")}, None),
        ({"spec.runStrategy": (None, "Halted"), "spec.poweredOffAt": (None, "now")}, None),
        ({}, None),
    ],
)
def test_an_entry(found: dict[str, tuple[Any, Any]] | None, shown: Any) -> None:
    assert changes(found) == shown
