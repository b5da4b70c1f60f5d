"""A deletion is recorded in the machine's folder before its first step, so that it is not lost with the index."""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.machine import VirtualMachine

from ...actions import ForgetDeletion, NoteDeletion
from ...observed import Observed
from ...plan import Plan
from ..identity import machine_directory


def noted(machine: VirtualMachine, observed: Observed, teardown: Plan) -> Plan:
    """Returns the teardown, with the record first where it is not there yet. Where only the resource is left,
    or the folder is another's, no record is needed."""
    left = observed.domain is not None or observed.storage.created
    if observed.storage.deletion_noted or observed.strangers or not left or not observed.host.storage_root:
        return teardown
    resource = machine.model_dump_json(by_alias=True, exclude_none=True, exclude={"status"})
    directory = machine_directory(observed.host.storage_root, machine)
    note = NoteDeletion(directory, resource, "its deletion goes on whatever else is lost")
    return replace(teardown, actions=(note, *teardown.actions))


def forgotten(machine: VirtualMachine, observed: Observed) -> tuple[ForgetDeletion, ...]:
    """Removes the record of a machine that is to live."""
    if not observed.storage.deletion_noted:
        return ()
    directory = machine_directory(observed.host.storage_root, machine)
    return (ForgetDeletion(directory, "it is not being deleted any more"),)
