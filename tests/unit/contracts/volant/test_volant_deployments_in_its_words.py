"""Where a deployment stands, in the contract's words."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.condition import READY, STALLED, Condition
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus
from homeostat_contracts.volant.deployment_views import body, detail, phase, scaled

SETTINGS = {"plugin": "nginx", "runtime": "nginx", "resources": {"cpu_cores": 1, "memory_mb": 512}, "api": {}}
VOLANTS = {"desired_replicas": 2, "config": SETTINGS}  # what its command line reads


def deployment(*conditions: Condition, seen: int | None = 2, **more: Any) -> VirtualMachineDeployment:
    """Of two machines; ``seen``: the generation that its status is about, None where it has none."""
    template = {"spec": {"pluginRef": {"name": "nginx"}}}
    document = {
        "metadata": {"name": "web", "generation": 2, **more.pop("metadata", {})},
        "spec": {"replicas": 2, "template": template},
    }
    made = VirtualMachineDeployment.model_validate(document)
    if seen is None:
        return made
    status = VirtualMachineDeploymentStatus(observed_generation=seen, conditions=conditions, **more)
    return made.model_copy(update={"status": status})


def condition(type: str, status: Any) -> Condition:
    return Condition(type=type, status=status, reason="A", message="a")


def ready(status: str) -> Condition:
    return condition(READY, status)


def stalled(status: str) -> Condition:
    return condition(STALLED, status)


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (deployment(seen=None), "pending"),
        (deployment(), "progressing"),
        (deployment(ready("True")), "running"),
        (deployment(ready("False")), "progressing"),
        (deployment(ready("Unknown")), "progressing"),
        (deployment(ready("True"), seen=1), "progressing"),
        (deployment(ready("True"), seen=3), "running"),
        (deployment(ready("True"), stalled("False")), "running"),
        (deployment(ready("True"), stalled("True")), "failed"),
        (deployment(stalled("True")), "failed"),
        (deployment(stalled("True"), seen=1), "progressing"),
        (deployment(stalled("Unknown")), "progressing"),
        (deployment(ready("True"), metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}), "deleting"),
        (deployment(seen=None, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}), "deleting"),
    ],
)
def test_the_phase(found: VirtualMachineDeployment, word: str) -> None:
    assert phase(found) == word == detail(found)["status"]["phase"]


@pytest.mark.parametrize(
    ("machines", "up", "scaling"),
    [
        (("web-1", "web-2"), 2, False),
        (("web-1", "web-2"), 1, True),
        (("web-1",), 1, True),
        (("web-1", "web-2", "web-3"), 2, True),
    ],
)
def test_scaling_is_over_once_all_are_there_and_ready(machines: tuple[str, ...], up: int, scaling: bool) -> None:
    found = deployment(machines=machines, ready_replicas=up)
    shown = {"name": "web", "plugin": "nginx", "replicas": 2, "ready_replicas": up, "vms": list(machines), **VOLANTS}
    assert body(found) == shown
    assert scaled(found) == {**shown, "scaling": scaling}


def test_what_was_not_looked_at_has_nothing_yet() -> None:
    found = deployment(seen=None)
    assert body(found) == {"name": "web", "plugin": "nginx", "replicas": 2, "ready_replicas": 0, "vms": [], **VOLANTS}
    assert scaled(found)["scaling"] is True
    status = detail(found)["status"]
    assert status == {"phase": "pending", "conditions": [], "updated_replicas": 0, "available_replicas": 0, "revision": None}


def test_conditions_and_counts() -> None:
    condition = Condition(
        type="ReplicaFailure", status="False", reason="A", message="a", last_transition_time="2026-01-01T00:00:00Z"
    )
    status = detail(deployment(condition, ready("True"), updated_replicas=1, available_replicas=2, revision=7))["status"]
    assert (status["updated_replicas"], status["available_replicas"], status["revision"]) == (1, 2, 7)
    first, second = status["conditions"]
    when = "2026-01-01T00:00:00Z"
    assert first == {"type": "replica_failure", "status": "false", "last_update": when, "reason": "A", "message": "a"}
    assert (second["type"], second["status"], second["last_update"]) == ("ready", "true", None)
