"""``homeostat describe``: one resource in full."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from homeostat.models.base import Resource
from homeostat.models.condition import Condition
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus
from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.host import Host, HostStatus
from homeostat.models.image import Image, ImageStatus
from homeostat.models.machine import GuestAddress, PendingChange, VirtualMachine, VirtualMachineStatus
from homeostat.models.network import Network, NetworkOnHost, NetworkStatus
from homeostat.models.plugin import Plugin, PluginStatus
from homeostat.models.quantity import format_quantity
from homeostat.models.schedule import SnapshotSchedule, SnapshotScheduleStatus
from homeostat.models.snapshot import Snapshot, SnapshotStatus

from ..access import State, opened, run
from ..references import complete_any, not_found, parse_references
from ..settings import CliSettings, common_options, pass_settings
from ..show.listing import EVENT_COLUMNS, event_row
from ..show.output import as_document, to_yaml
from ..show.plans.render_changes import render_changes
from ..show.render_texts import as_written
from ..show.rollout_state import history_rows, rollout_counts
from ..show.staleness import note_operator, note_unseen
from ..show.status_words import endpoint, status_of, waits_for
from ..show.tables import images_word
from ..terminal import columns, paint, say, tone_of
from ..times import age
from .rollout import revisions_of

if TYPE_CHECKING:
    from homeostat.runtime.engine.ports import Event, SpecRevision

Pairs = Sequence[tuple[str, str]]
Sections = Sequence[tuple[str, Sequence[str]]]
"""Titles, each with its lines."""
_LAST_REVISIONS = 5
_LAST_EVENTS = 20


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="KIND NAME | KIND/NAME", shell_complete=complete_any)
@common_options(remote=True)
@pass_settings
def describe(settings: CliSettings, what: tuple[str, ...]) -> None:
    """Show spec, status, conditions, pending changes, revisions and events of a resource."""
    run(_describe(settings, what))


async def _describe(settings: CliSettings, what: Sequence[str]) -> None:
    noted = False
    async with opened(settings) as store:
        for i, reference in enumerate(parse_references(what)):
            if reference.name is None:
                keys = [r.key for r in await store.list(reference.kind, reference.namespace(settings.namespace))]
            else:
                keys = [reference.key(settings.namespace)]
            for key in keys:
                resource = await store.get(reference.kind, key)
                if resource is None:
                    raise not_found(key)
                events = await store.events(key=key, limit=_LAST_EVENTS)
                revisions = await store.revisions(key)
                lines = describe_lines(resource, events, revisions)
                for title, found in await DESCRIBED[type(resource)].history(store, resource):
                    lines += _section(title, found)
                if not noted:
                    note_operator(settings)
                    noted = True
                note_unseen(settings, [resource])
                say(*([""] if i else []), *lines)


def describe_lines(resource: Resource, events: Sequence[Event], revisions: Sequence[SpecRevision]) -> list[str]:
    lines = [*_metadata(resource), *_spec(resource)]
    if resource.status is not None:
        described = DESCRIBED[type(resource)]
        note = waits_for(resource)
        lines += _section("Status", _fields([*described.facts(resource), *([("Waits for", note)] if note else [])]))
        lines += _unseen(resource)
        lines += _section("Conditions", _conditions(resource.status.conditions))
        lines += [line for title, found in described.changes(resource) for line in _section(title, found)]
    lines += _section("Revisions", [line for r in list(revisions)[:_LAST_REVISIONS] for line in _revision(r)])
    rows = columns(EVENT_COLUMNS, [event_row(event) for event in events])
    return lines + _section("Events", rows if events else [])


def _fields(pairs: Sequence[tuple[str, str]], indent: str = "") -> list[str]:
    width = max((len(name) for name, _ in pairs), default=0) + 1
    return [f"{indent}{name + ':':{width}}  {value}" for name, value in pairs]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return [f"{title}:  <none>"]
    return [f"{title}:", *(f"  {line}" if line else "" for line in lines)]


def _labels(labels: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) or "<none>"


def _metadata(resource: Resource) -> list[str]:
    meta = resource.metadata
    pairs = [
        ("Name", meta.name),
        ("Namespace", meta.namespace),
        ("Kind", resource.kind),
        ("Labels", _labels(meta.labels)),
        ("Annotations", _labels(meta.annotations)),
        ("UID", meta.uid),
        ("Generation", str(meta.generation)),
        ("Created", f"{meta.creation_timestamp} ({age(meta.creation_timestamp)} ago)" if meta.creation_timestamp else ""),
    ]
    if meta.deletion_timestamp:
        pairs.append(("Deleting since", meta.deletion_timestamp))
    return _fields(pairs)


def _spec(resource: Resource) -> list[str]:
    return _section("Spec", to_yaml(as_document(resource).get("spec") or {}).rstrip("\n").splitlines())


def _unseen(resource: Resource) -> list[str]:
    seen = status_of(resource).observed_generation
    newest = seen >= resource.metadata.generation
    return [] if newest else [f"  (of generation {seen}: the operator has not looked at the newest spec yet)"]


def _facts_of_machine(machine: VirtualMachine) -> Pairs:
    status = machine.status or VirtualMachineStatus()
    state = status.state.value
    return [("State", paint(state, tone_of(state))), *((name, value) for name, value in _facts(status) if value)]


def _changes_of_machine(machine: VirtualMachine) -> Sections:
    status = machine.status or VirtualMachineStatus()
    return _change_sections((("Pending changes", status.changes), ("Changed by others", status.drift)))


def _change_sections(found: Iterable[tuple[str, Sequence[PendingChange]]]) -> Sections:
    return [(title, [paint(x.text, x.tone) for x in render_changes(changes, "")]) for title, changes in found if changes]


def _facts_of_deployment(deployment: VirtualMachineDeployment) -> Pairs:
    status = deployment.status or VirtualMachineDeploymentStatus()
    return [
        ("Rollout", rollout_counts(deployment)),
        ("Ready", f"{status.ready_replicas} of {deployment.spec.replicas}"),
        ("Machines", ", ".join(status.machines) or "<none>"),
        ("Selector", status.selector or "<none>"),
    ]


def _facts_of_plugin(plugin: Plugin) -> Pairs:
    status = plugin.status or PluginStatus()
    return [("Images", images_word(plugin)), ("Machines", str(status.machines))]


def _facts_of_disk(disk: Disk) -> Pairs:
    status = disk.status or DiskStatus()
    sizes = (
        (name, format_quantity(size)) for name, size in (("Size", status.virtual_size), ("Allocated", status.allocated)) if size
    )
    found = (("Path", status.path or ""), ("Format", status.format or ""), *sizes, ("Host", status.host or ""))
    return [*((name, value) for name, value in found if value), ("Attached to", status.attached_to or "<none>")]


def _facts_of_image(image: Image) -> Pairs:
    status = image.status or ImageStatus()
    more = f" and {status.users - len(status.used_by)} more" if status.users > len(status.used_by) else ""
    found = (
        ("Phase", status.phase.value + ("" if status.progress is None else f", {status.progress} %")),
        ("Format", status.format.value if status.format else ""),
        ("File", format_quantity(status.size) if status.size else ""),
        ("Virtual size", format_quantity(status.virtual_size) if status.virtual_size else ""),
        ("Digest", status.digest),
        ("Used by", ", ".join(status.used_by) + more),
    )
    return [(name, value) for name, value in found if value]


def _facts_of_schedule(schedule: SnapshotSchedule) -> Pairs:
    status = schedule.status or SnapshotScheduleStatus()
    times = (("Last", status.last_time or ""), ("Next", status.next_time or ""))
    return [("Snapshots", str(status.snapshots)), *((name, value) for name, value in times if value)]


def _facts_of_snapshot(snapshot: Snapshot) -> Pairs:
    status = snapshot.status or SnapshotStatus()
    taken = f"{status.taken_at} ({age(status.taken_at)} ago)" if status.taken_at else ""
    found = (
        ("Taken", taken),
        ("Consistency", status.consistency or ""),
        ("Size", format_quantity(status.size) if status.size is not None else ""),
        ("Host", status.host or ""),
        ("Disks", ", ".join(f"{disk.name} ({disk.path})" for disk in status.disks)),
        ("Tag in them", status.tag or ""),
    )
    return [(name, value) for name, value in found if value]


def _facts_of_host(host: Host) -> Pairs:
    status = host.status or HostStatus()
    has = f"{status.capacity.vcpus} vCPUs, {format_quantity(status.capacity.memory)} of memory" if status.capacity else ""
    keeps = ", ".join(status.keeps[:5]) + (f" and {len(status.keeps) - 5} more" if len(status.keeps) > 5 else "")
    found = (
        ("Machines", str(status.machines)), ("Capacity", has), ("Version", status.version), ("Operator", status.operator),
        ("API", status.api), ("Keeps Disks", keeps),
    )  # fmt: skip
    return [(name, value) for name, value in found if value]


def _facts_of_network(network: Network) -> Pairs:
    status = network.status or NetworkStatus()
    on_hosts = [(f"On {host.name}", _network_on(host)) for host in status.hosts]
    return [("Machines", str(status.machines)), *on_hosts]


def _changes_of_network(network: Network) -> Sections:
    hosts = network.status.hosts if network.status is not None else ()
    title = "Pending changes" if len(hosts) == 1 else "Pending changes on {}"
    return _change_sections((title.format(host.name), host.changes) for host in hosts)


def _network_on(host: NetworkOnHost) -> str:
    up = f"up as {host.network}" if host.active else f"not up ({host.reason})"
    guests = f"{host.guests} guest{'' if host.guests == 1 else 's'} plugged in" if host.guests else ""
    return ", ".join(filter(None, (up, f"bridge {host.bridge}" if host.bridge else "", guests)))


async def _rollouts(store: State, deployment: VirtualMachineDeployment) -> Sections:
    rows = history_rows(deployment, await revisions_of(store, deployment))
    return [("Rollouts", columns(("REVISION", "STATE", "AGE", "CHANGES"), rows) if rows else [])]


async def _no_history(store: State, resource: Resource) -> Sections:
    return []


@dataclass(frozen=True, slots=True)
class Described:
    """What is shown only for one kind: ``facts`` of its status, ``changes`` after the conditions, and ``history`` after the
    events."""

    facts: Callable[[Any], Pairs]
    changes: Callable[[Any], Sections] = lambda resource: []
    history: Callable[[State, Any], Awaitable[Sections]] = _no_history


DESCRIBED: Mapping[type[Resource], Described] = {
    VirtualMachine: Described(_facts_of_machine, changes=_changes_of_machine),
    VirtualMachineDeployment: Described(_facts_of_deployment, history=_rollouts),
    SnapshotSchedule: Described(_facts_of_schedule),
    Snapshot: Described(_facts_of_snapshot),
    Plugin: Described(_facts_of_plugin),
    Disk: Described(_facts_of_disk),
    Image: Described(_facts_of_image),
    Network: Described(_facts_of_network, changes=_changes_of_network),
    Host: Described(_facts_of_host),
}


def _facts(status: VirtualMachineStatus) -> list[tuple[str, str]]:
    addresses = ", ".join(_address(a) for a in status.addresses)
    return [
        ("Host", status.host or ""),
        ("Virtualization", status.virtualization or ""),
        ("Addresses", addresses),
        ("VNC", status.vnc or ""),
        ("Console log", status.console_log or ""),
        ("QEMU pid", str(status.pid or "")),
        ("Domain uuid", status.domain_uuid or ""),
        ("Started", f"{status.started_at} ({age(status.started_at)} ago)" if status.started_at else ""),
        ("Restarts", str(status.restarts)),
        ("Disks", ", ".join(f"{disk.name} ({format_quantity(disk.size)})" for disk in status.disks)),
        ("Restored", status.restored or ""),
        ("Others' snapshots", ", ".join(status.other_snapshots)),
    ]


def _address(known: GuestAddress) -> str:
    leads = f" to port {known.guest_port}" if known.guest_port else ""
    return f"{endpoint(known)} ({known.nic}, {known.source.lower()}{leads})"


def _conditions(conditions: Sequence[Condition]) -> list[str]:
    rows = [(c.type, c.status, c.reason, age(c.last_transition_time), c.message or "-") for c in conditions]
    return columns(("TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"), rows) if rows else []


def _revision(revision: SpecRevision) -> list[str]:
    commit = f" in {revision.commit[:10]}" if revision.commit else ""
    head = f"generation {revision.generation}, {age(revision.time)} ago, by {revision.author}{commit}"
    if revision.changes is None:
        return [f"{head}: created"]
    return [head, *(f"  ~ {field}: {_value(old)} -> {_value(new)}" for field, (old, new) in revision.changes.items())]


def _value(value: object) -> str:
    text = as_written(value)
    return text if len(text) <= 60 else text[:57] + "..."
