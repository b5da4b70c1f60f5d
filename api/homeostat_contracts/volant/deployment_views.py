"""From deployments to the contract's words. They take effective ones, with what the plugin gives their template."""

from __future__ import annotations

import re
from typing import Any

from homeostat.models.condition import READY, STALLED, Condition, holds
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus

from .machine_views import settings

Deployment = VirtualMachineDeployment


def plugin_of(deployment: Deployment) -> str | None:
    reference = deployment.spec.template.spec.plugin_ref
    return reference.name if reference else None


def body(deployment: Deployment) -> dict[str, Any]:
    status = deployment.status or VirtualMachineDeploymentStatus()
    plugin, template = plugin_of(deployment), deployment.spec.template
    return {
        "name": deployment.metadata.name,
        "plugin": plugin,
        "replicas": deployment.spec.replicas,
        "ready_replicas": status.ready_replicas,
        "vms": list(status.machines),
        "desired_replicas": deployment.spec.replicas,
        "config": settings(plugin, template.metadata.labels, template.spec.resources),
    }


def summary(deployment: Deployment) -> dict[str, Any]:
    return {**body(deployment), "created_at": deployment.metadata.creation_timestamp}


def scaled(deployment: Deployment) -> dict[str, Any]:
    shown = body(deployment)
    settled = len(shown["vms"]) == shown["ready_replicas"] == shown["replicas"]
    return {**shown, "scaling": not settled}


def detail(deployment: Deployment) -> dict[str, Any]:
    status = deployment.status or VirtualMachineDeploymentStatus()
    shown = {
        "phase": phase(deployment),
        "conditions": [_condition(condition) for condition in status.conditions],
        "updated_replicas": status.updated_replicas,
        "available_replicas": status.available_replicas,
        "revision": status.revision,
    }
    return {**summary(deployment), "status": shown}


def phase(deployment: Deployment) -> str:
    status = deployment.status
    if deployment.deleting:
        return "deleting"
    if status is None:
        return "pending"
    if status.observed_generation < deployment.metadata.generation:
        return "progressing"
    if holds(status, STALLED):
        return "failed"
    return "running" if holds(status, READY) else "progressing"


def _condition(condition: Condition) -> dict[str, Any]:
    return {
        "type": re.sub(r"(?<=[a-z])(?=[A-Z])", "_", condition.type).lower(),
        "status": condition.status.lower(),
        "last_update": condition.last_transition_time or None,
        "reason": condition.reason,
        "message": condition.message,
    }
