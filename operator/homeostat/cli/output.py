"""The forms of output that kubectl has: table, wide, name, json, yaml."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from homeostat.models.base import Resource
from homeostat.models.condition import READY, find_condition
from homeostat.models.machine import GuestAddress, VirtualMachine

from .references import full_name
from .terminal import columns
from .times import age

OUTPUTS = ("wide", "yaml", "json", "name")
output_option = click.option("-o", "--output", type=click.Choice(OUTPUTS), help="Form of the output. Default: a table.")

MACHINE_COLUMNS = ("NAME", "STATUS", "READY", "IP", "HOST", "AGE", "RESTARTS")
MACHINE_WIDE = (*MACHINE_COLUMNS, "VCPU", "MEMORY", "VIRT", "VNC", "PID", "MESSAGE")


def as_document(resource: Resource) -> dict[str, Any]:
    """The resource as JSON: the spec as written, the status in full."""
    document = resource.dump()
    document = {"apiVersion": resource.api_version, "kind": resource.kind, **document}
    status = getattr(resource, "status", None)
    if status is not None:
        document["status"] = status.dump(defaults=True)
    return document


def to_yaml(value: Any) -> str:
    """Block style, keys in their order, long texts as they are; words such as yes are quoted, so that every reader of YAML
    takes them for the strings they are."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Aliases would be right, and unreadable."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)

    Dumper.add_representer(str, represent_text)
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, default_flow_style=False, width=4096, allow_unicode=True)


def print_resources(
    resources: Sequence[Resource], form: str | None, *, all_namespaces: bool = False, single: bool = False, headers: bool = True
) -> None:
    """``single``: a resource was asked for by name, so it is printed itself and not as a list."""
    match form:
        case "json" | "yaml":
            click.echo(_dumped(resources, form, single), nl=False)
        case "name":
            for resource in resources:
                click.echo(full_name(resource.key))
        case _:
            wide = form == "wide"
            for line in machine_table(resources, wide=wide, all_namespaces=all_namespaces, headers=headers):
                click.echo(line)


def _dumped(resources: Sequence[Resource], form: str, single: bool) -> str:
    items = [as_document(resource) for resource in resources]
    value: Any = items[0] if single and len(items) == 1 else {"apiVersion": "v1", "kind": "List", "items": items}
    return json.dumps(value, indent=2) + "\n" if form == "json" else to_yaml(value)


def machine_table(
    resources: Sequence[Resource], *, wide: bool = False, all_namespaces: bool = False, headers: bool = True
) -> list[str]:
    machines = [r for r in resources if isinstance(r, VirtualMachine)]
    header = MACHINE_WIDE if wide else MACHINE_COLUMNS
    rows = [machine_row(machine, wide=wide) for machine in machines]
    if all_namespaces:
        header = ("NAMESPACE", *header)
        rows = [(m.metadata.namespace, *row) for m, row in zip(machines, rows, strict=True)]
    return columns(header, rows, show_header=headers)


def machine_row(machine: VirtualMachine, *, wide: bool = False) -> tuple[str, ...]:
    status = machine.status
    ready = ready_word(machine)
    state = "Terminating" if machine.deleting else status.state.value if status else "Pending"
    row = (
        machine.metadata.name,
        state,
        ready,
        address(machine),
        (status.host if status else None) or "",
        age(machine.metadata.creation_timestamp),
        str(status.restarts if status else 0),
    )
    if not wide:
        return row
    from homeostat.models.quantity import format_quantity

    return (
        *row,
        str(machine.spec.resources.vcpu),
        format_quantity(machine.spec.resources.memory),
        (status.virtualization if status else None) or "",
        (status.vnc if status else None) or "",
        str(status.pid) if status and status.pid else "",
        waits_for(machine),
    )


def ready_word(machine: VirtualMachine) -> str:
    condition = find_condition(machine.status.conditions, READY) if machine.status else None
    return condition.status if condition else "Unknown"


def is_ready(machine: VirtualMachine) -> bool:
    """Ready as of the spec that is written down now."""
    condition = find_condition(machine.status.conditions, READY) if machine.status else None
    return (
        condition is not None
        and condition.status == "True"
        and condition.observed_generation >= machine.metadata.generation
        and not machine.deleting
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


def waits_for(machine: VirtualMachine) -> str:
    """Why it is not ready yet, or what else a human should know; empty when all is well."""
    conditions = machine.status.conditions if machine.status else ()
    for type in ("Stalled", "Reconciling", "RestartRequired", "Drifted"):
        condition = find_condition(conditions, type)
        if condition is not None and condition.status == "True":
            return condition.message or condition.reason
    ready = find_condition(conditions, READY)
    if ready is None:
        return "not looked at yet"
    return "" if ready.status == "True" else ready.message or ready.reason
