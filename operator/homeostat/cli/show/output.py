"""The forms of output that kubectl has: table, wide, name, json, yaml."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from homeostat.models.base import Resource, Status
from homeostat.models.condition import READY, find_condition
from homeostat.models.machine import GuestAddress, VirtualMachine, VirtualMachineStatus
from homeostat.models.outside import printable

from ..references import full_name
from ..terminal import emit, say

OUTPUTS = ("wide", "yaml", "json", "name")
output_option = click.option("-o", "--output", type=click.Choice(OUTPUTS), help="Form of the output. Default: a table.")

ROLLED_BACK = "RolledBack"  # reason of Ready while a deployment follows another template than its own


_NOT_LOOKED_AT = VirtualMachineStatus()


def as_document(resource: Resource) -> dict[str, Any]:
    """The resource as JSON: the spec as written, the status in full."""
    document = resource.dump()
    document = {"apiVersion": resource.api_version, "kind": resource.kind, **document}
    if resource.status is not None:
        document["status"] = resource.status.dump(defaults=True)
    return document


def to_yaml(value: Any) -> str:
    """Block style, keys in their order, long texts as they are; words such as yes are quoted, so that every reader of YAML
    takes them for the strings they are."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Aliases would be right, and unreadable. What a terminal obeys is spelled out, as YAML has it for quoted texts."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

        def write_double_quoted(self, text: str, split: bool = True) -> None:
            self.allow_unicode = printable(text) == text
            super().write_double_quoted(text, split)
            self.allow_unicode = True

    def represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = '"' if printable(text) != text else "|" if "\n" in text else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent_text)
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, default_flow_style=False, width=4096, allow_unicode=True)


def print_resources(
    resources: Sequence[Resource], form: str | None, *, all_namespaces: bool = False, single: bool = False, headers: bool = True,
    prefixed: bool = False,
) -> None:  # fmt: skip
    """``single``: a resource was asked for by name, so it is printed itself and not as a list."""
    from .tables import table_lines

    match form:
        case "json" | "yaml":
            emit(_dumped(resources, form, single))
        case "name":
            for resource in resources:
                say(full_name(resource.key))
        case _:
            wide = form == "wide"
            for line in table_lines(resources, wide=wide, all_namespaces=all_namespaces, headers=headers, prefixed=prefixed):
                say(line)


def _dumped(resources: Sequence[Resource], form: str, single: bool) -> str:
    items = [as_document(resource) for resource in resources]
    value: Any = items[0] if single and len(items) == 1 else {"apiVersion": "v1", "kind": "List", "items": items}
    return json.dumps(value, indent=2) + "\n" if form == "json" else to_yaml(value)


def status_of(resource: Resource) -> Status:
    """Its status; an empty one where nobody has looked at it yet."""
    return resource.status or _NOT_LOOKED_AT


def state_word(machine: VirtualMachine) -> str:
    if machine.deleting:
        return "Terminating"
    return machine.status.state.value if machine.status else "Pending"


def status_cell(machine: VirtualMachine) -> str:
    """Its state, and what a reader must not miss beside it, as kubectl shows a node that is cordoned."""
    marks = ["Suspended"] if machine.spec.suspend else []
    restart = find_condition(status_of(machine).conditions, "RestartRequired")
    marks += ["RestartRequired"] if restart is not None and restart.status == "True" else []
    return ",".join([state_word(machine), *marks])


def ready_word(resource: Resource) -> str:
    condition = find_condition(status_of(resource).conditions, READY)
    return condition.status if condition else "Unknown"


def is_ready(resource: Resource) -> bool:
    """Ready as of the spec that is written down now."""
    condition = find_condition(status_of(resource).conditions, READY)
    return (
        condition is not None
        and condition.status == "True"
        and condition.observed_generation >= resource.metadata.generation
        and not resource.deleting
    )


def address(machine: VirtualMachine) -> str:
    """The address to reach it by: its own where known, else the host's side of a forward, with the port."""
    addresses = machine.status.addresses if machine.status else ()
    own = [a.ip for a in addresses if a.source != "Forward"]
    return next(iter(own), next(map(endpoint, addresses), ""))


def endpoint(address: GuestAddress) -> str:
    """``ip`` or ``ip:port``."""
    if address.port is None:
        return address.ip
    return f"[{address.ip}]:{address.port}" if ":" in address.ip else f"{address.ip}:{address.port}"


def lacks_address(machine: VirtualMachine) -> bool:
    """It runs on a libvirt network, and its lease is not known yet."""
    on_network = any(nic.network for nic in machine.spec.nics)
    running = machine.status is not None and machine.status.run is not None
    known = machine.status.addresses if machine.status else ()
    return on_network and running and not any(a.source != "Forward" for a in known)


def waits_for(resource: Resource) -> str:
    """Why it is not ready yet, or what else a human should know; empty when all is well."""
    conditions = status_of(resource).conditions
    for type in ("Stalled", "Reconciling", "ReplicaFailure", "RestartRequired", "Drifted"):
        condition = find_condition(conditions, type)
        if condition is not None and condition.status == "True":
            return condition.message or condition.reason
    ready = find_condition(conditions, READY)
    if ready is None:
        return "not looked at yet"
    return "" if ready.status == "True" and ready.reason != ROLLED_BACK else ready.message or ready.reason
