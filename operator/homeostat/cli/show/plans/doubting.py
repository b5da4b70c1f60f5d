"""Doubts about specs, which `plan` and `apply` print as warnings. Nothing is refused because of them."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.models.base import Resource
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import CreateDisk
from homeostat.planner.machine.doubts import doubts_of, spec_doubts

from ...references import short_name
from ...terminal import paint, say
from .render_plan import PlanEntry, Planned


def doubts_about(resource: Resource) -> list[str]:
    return [f"{short_name(resource.key)}: {doubt}" for doubt in doubts_of(resource)]


def doubts_in(entry: Planned) -> list[str]:
    """Returns the doubts about an entry. Those about the machines of a deployment are given once, for the deployment."""
    machine = entry.resource
    if machine.deleting or machine.metadata.owner_references:
        return []
    if not isinstance(entry, PlanEntry) or not isinstance(machine, VirtualMachine):
        return doubts_about(machine)
    made = sum(isinstance(action, CreateDisk) for action in entry.plan.actions)
    blank = made == sum(disk.type == "disk" for disk in machine.spec.disks)
    return [f"{short_name(machine.key)}: {doubt}" for doubt in spec_doubts(machine.spec, blank)]


def print_warnings(warnings: Sequence[str]) -> None:
    for warning in warnings:
        say(paint(f"warning: {warning}", "busy"), err=True)
