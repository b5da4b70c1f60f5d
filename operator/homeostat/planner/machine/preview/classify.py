"""What a change of a spec takes, field by field, before anything is written: the comparison that a plan makes, on a host where
the machine runs as the former spec says. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import SecretStr

from homeostat.models.machine import DriftPolicy, RunStrategy, UpdatePolicy, VirtualMachine, VirtualMachineSpec
from homeostat.models.quantity import format_quantity

from ...actions import file_name
from ...allowed import Allowed
from ...changes.changes import compare, compare_running
from ...changes.devices import text
from ...changes.hotplug import within_ports
from ...domain import DomainConfig, DomainType, Record
from ...images import with_names
from ...observed import (
    DomainState,
    HostFacts,
    ImagePhase,
    Observed,
    ObservedDomain,
    ObservedImage,
    ObservedStorage,
    Secret,
)
from ...plan import Change, Disruption
from ..desired import CannotPlan, desired_domain
from ..host.host_devices import as_asked
from ..identity import domain_uuid, machine_directory
from ..storage.storage import plan_storage, storage_needs
from .presume import presumed

_ROOT = "/presumed"  # some state folder: only what differs counts
_EVERYTHING = frozenset({DomainType.KVM, DomainType.QEMU})


@dataclass(frozen=True, slots=True)
class Classified:
    """The fields that a change of a spec changes. ``cannot``: why no host has what the spec asks for; empty: one may."""

    changes: tuple[Change, ...] = ()
    guest: frozenset[str] = frozenset()  # those of them that differ in a guest that runs
    cannot: str = ""


def classify(before: VirtualMachine, after: VirtualMachine) -> Classified:
    """Returns what differs between two specs of one machine, and what each difference takes while the machine runs.

    How many PCI ports the guest has left, and what others did to the domain, is not known here. A size that the image decides is
    not known either.
    """
    old, new = _at_rest(before), _at_rest(after)
    seen = _observed(old, new)
    try:
        have = desired_domain(old, seen)
        observed = _as_running(old, seen, have)
        want = desired_domain(new, observed)
    except CannotPlan as problem:
        differ = tuple(replace(c, disruption=Disruption.FORBIDDEN) for c in _others(before.spec, after.spec, {}))
        return Classified(differ, cannot=problem.message)
    running = within_ports(compare_running(have, want), have, want)
    storage = plan_storage(new, observed)
    found = {change.field: change for change in (*compare(have, want), *running, *storage.changes, *storage.pending)}
    sizes = {f"disks[{disk.name}].size": disk.size for disk in old.spec.disks}
    for field in sizes.keys() & found.keys():
        found[field] = _sized(found[field], sizes[field])
    names = {_image_path(ref.key): ref.url for m in (old, new) for ref in storage_needs(m, _ROOT).images}
    told = (*(_named(change, names, old) for change in found.values()), *_others(before.spec, after.spec, found))
    return Classified(told, frozenset(change.field for change in (*running, *storage.pending)))


def waiting(classified: Classified, policy: UpdatePolicy) -> tuple[Change, ...]:
    """Returns the changes that a running guest gets by a restart only."""
    held = policy is UpdatePolicy.NEVER
    return tuple(
        change
        for change in classified.changes
        if change.field in classified.guest and (held or change.disruption is Disruption.NEEDS_RESTART)
    )


def _at_rest(machine: VirtualMachine) -> VirtualMachine:
    """Returns the machine as one that runs and follows its spec, whatever its policies say."""
    policies = {
        "run_strategy": RunStrategy.ALWAYS,
        "power": None,
        "update_policy": UpdatePolicy.ON_NEXT_BOOT,
        "drift_policy": DriftPolicy.CORRECT,
        "suspend": False,
    }
    named = with_names(machine)
    return named.model_copy(update={"spec": named.spec.model_copy(update=policies)})


def _observed(*machines: VirtualMachine) -> Observed:
    """Returns a host that has what the machines ask for, and none of them yet."""
    status = machines[0].status
    kind = status.virtualization if status else None
    files = {m.spec.display.vnc.password_file for m in machines}
    refs = {ref.key: ref for m in machines for ref in storage_needs(m, _ROOT).images}
    boots = {ref.key: ref for m in machines for ref in storage_needs(m, _ROOT).boots.values()}
    images = {
        key: ObservedImage(ImagePhase.READY, _image_path(key), ref.format or "qcow2") for key, ref in (refs | boots).items()
    }
    host = HostFacts(
        name="presumed",
        reachable=True,
        uri="",
        domain_types=frozenset({DomainType.TEST}) if kind == "Test" else _EVERYTHING,
        kvm_usable=kind != "TCG",
        storage_root=_ROOT,
        attach=kind != "Test",
        allowed=Allowed(True, True, tuple(folder.path for m in machines for folder in m.spec.filesystems)),
        devices=as_asked(*machines),
    )
    secrets = {file: Secret(SecretStr(file), file) for file in files if file}
    return Observed(host, None, storage=ObservedStorage(images=images), secrets=secrets)


def _as_running(machine: VirtualMachine, seen: Observed, have: DomainConfig) -> Observed:
    """Returns the host with the machine on it, which runs as its spec says."""
    meta = machine.metadata
    record = Record(machine.identity, meta.namespace, meta.name)
    uuid = domain_uuid(machine.identity)
    domain = ObservedDomain(
        have.name, uuid, DomainState.RUNNING, "booted", True, True, False, record, have, live=have, run="presumed"
    )
    observed = presumed(machine, Observed(seen.host, domain, secrets=seen.secrets), _image_path)
    storage = replace(observed.storage, images={**observed.storage.images, **seen.storage.images})
    return replace(observed, storage=storage)


def _image_path(key: str) -> str:
    return f"{_ROOT}/images/{file_name(key)}"


def _named(change: Change, names: Mapping[str, str], machine: VirtualMachine) -> Change:
    """Returns the change with the words of the spec where it names a presumed file."""
    folder = f"{machine_directory(_ROOT, machine)}/"
    old, new = (names.get(text, text.removeprefix(folder)) for text in (change.old, change.new))
    return replace(change, old=old, new=new)


def _sized(change: Change, size: int | None) -> Change:
    return replace(change, old="as its image" if size is None else format_quantity(size))


def _others(old: VirtualMachineSpec, new: VirtualMachineSpec, found: Mapping[str, Change]) -> Iterator[Change]:
    """Yields what differs in the specs, and not in the domain: policies, probes, and whatever else a guest does not have."""
    before, after = old.dump(defaults=True), new.dump(defaults=True)
    for name in sorted(before.keys() | after.keys()):
        was, shall = before.get(name), after.get(name)
        if was == shall:
            continue
        if name in ("disks", "nics"):
            yield from _of_devices(name, was or [], shall or [], found)
        elif not any(_belongs(name, field) for field in found):
            yield Change(name, _shown(was), _shown(shall), Disruption.LIVE)


def _of_devices(name: str, old: list[Any], new: list[Any], found: Mapping[str, Change]) -> Iterator[Change]:
    before, after = ({device["name"]: device for device in devices} for devices in (old, new))
    for device in sorted(before.keys() | after.keys()):
        was, shall, prefix = before.get(device), after.get(device), f"{name}[{device}]"
        if was is None or shall is None:
            if not any(field.startswith(prefix) for field in found):
                yield Change(prefix, "none" if was is None else "there", "added" if was is None else "removed", Disruption.LIVE)
            continue
        policy = "reclaimPolicy"
        if was.get(policy) != shall.get(policy):
            yield Change(f"{prefix}.{policy}", _shown(was.get(policy)), _shown(shall.get(policy)), Disruption.LIVE)
        elif was != shall and not any(field.startswith(prefix) for field in found):
            yield Change(prefix, "as it was", "changed", Disruption.LIVE)
    if before.keys() == after.keys() and [*before] != [*after] and not any(field.startswith(f"{name}[") for field in found):
        yield Change(name, " ".join(before), " ".join(after), Disruption.LIVE)


def _belongs(name: str, field: str) -> bool:
    """Tells whether a change of the domain is one of that field of a spec."""
    if field == name or field.startswith((f"{name}.", f"{name}[")):
        return True
    return name == "boot" and field.endswith(".bootOrder")


def _shown(value: Any) -> str:
    return "set" if isinstance(value, dict | list) else text(value)[:200]
