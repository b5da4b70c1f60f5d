"""What a status says in a word or a line: its state, whether it is ready, and what it waits for. Pure."""

from __future__ import annotations

from homeostat.models.base import Resource, Status
from homeostat.models.condition import READY, find_condition, holds
from homeostat.models.machine import GuestAddress, VirtualMachine, VirtualMachineStatus

ROLLED_BACK = "RolledBack"  # the reason of Ready while a deployment follows another template than its own


_NOT_LOOKED_AT = VirtualMachineStatus()


def status_of(resource: Resource) -> Status:
    """Returns its status, or an empty one where nobody has observed it yet."""
    return resource.status or _NOT_LOOKED_AT


def state_word(machine: VirtualMachine) -> str:
    if machine.deleting:
        return "Terminating"
    return machine.status.state.value if machine.status else "Pending"


def status_cell(machine: VirtualMachine) -> str:
    """Returns its state, with what a reader must not miss beside it, as kubectl shows a node that is cordoned."""
    marks = ["Suspended"] if machine.spec.suspend else []
    marks += ["RestartRequired"] if holds(machine.status, "RestartRequired") else []
    return ",".join([state_word(machine), *marks])


def ready_word(resource: Resource) -> str:
    condition = find_condition(status_of(resource).conditions, READY)
    return condition.status if condition else "Unknown"


def is_ready(resource: Resource) -> bool:
    """Tells whether it is Ready, by the spec that is written down now."""
    condition = find_condition(status_of(resource).conditions, READY)
    return (
        condition is not None
        and condition.status == "True"
        and condition.observed_generation >= resource.metadata.generation
        and not resource.deleting
    )


def address(machine: VirtualMachine) -> str:
    """Returns the address to reach it by: its own where that is known, otherwise the host's side of a forward, with the port."""
    addresses = machine.status.addresses if machine.status else ()
    own = [a.ip for a in addresses if a.source != "Forward"]
    return next(iter(own), next(map(endpoint, addresses), ""))


def endpoint(address: GuestAddress) -> str:
    """Returns ``ip`` or ``ip:port``."""
    if address.port is None:
        return address.ip
    return f"[{address.ip}]:{address.port}" if ":" in address.ip else f"{address.ip}:{address.port}"


def lacks_address(machine: VirtualMachine) -> bool:
    """Tells whether it runs on a libvirt network and its lease is not known yet."""
    on_network = any(nic.network for nic in machine.spec.nics)
    running = machine.status is not None and machine.status.run is not None
    known = machine.status.addresses if machine.status else ()
    return on_network and running and not any(a.source != "Forward" for a in known)


def waits_for(resource: Resource) -> str:
    """Says why it is not ready yet, or what else a human should know; empty: nothing."""
    conditions = status_of(resource).conditions
    for type in ("Stalled", "Reconciling", "ReplicaFailure", "SnapshotFailure", "RestartRequired", "Drifted"):
        condition = find_condition(conditions, type)
        if condition is not None and condition.status == "True":
            return condition.message or condition.reason
    ready = find_condition(conditions, READY)
    if ready is None:
        return "not looked at yet"
    return "" if ready.status == "True" and ready.reason != ROLLED_BACK else ready.message or ready.reason
