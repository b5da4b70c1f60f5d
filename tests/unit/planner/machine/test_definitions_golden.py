"""What is to be defined, for any spec on any host, and what a change of it takes. After a wanted change: pytest
--regenerate-golden, and read the diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import cache
from itertools import product
from typing import Any

import pytest
from pydantic import SecretStr

from homeostat.models.machine import UpdatePolicy, VirtualMachine, VirtualMachineStatus
from homeostat.planner.actions import file_name
from homeostat.planner.allowed import Allowed
from homeostat.planner.domain import BackingFile, DomainConfig, DomainType, NicConfig
from homeostat.planner.images import with_names
from homeostat.planner.machine.definition.definition import plan_definition
from homeostat.planner.machine.desired import CannotPlan, desired_domain
from homeostat.planner.machine.host.host_devices import as_asked
from homeostat.planner.machine.preview.classify import classify, waiting
from homeostat.planner.machine.storage.storage import storage_needs
from homeostat.planner.observed import (
    REVERTED,
    DomainState,
    HostFacts,
    ImagePhase,
    Observed,
    ObservedImage,
    ObservedStorage,
    Secret,
)
from tests.unit.documents import SPEC
from tests.unit.machines import Spec, changed, machine, running
from tests.unit.tables import as_before, changes, differences, grouped
from tests.unit.transcripts import DATA, ISO, KERNEL, LAN, ROOT, SEED, USER, step
from tests.unit.world import HOST

WHOLE: Spec = {**{key: value for key, value in SPEC.items() if key not in ("pluginRef", "restoreFrom")}, "virtualization": "Auto"}
TWO: Spec = {"disks": [ROOT, DATA, ISO], "nics": [LAN, {"name": "wan", "bridge": "br0"}], "cloudInit": SEED}
SPECS: dict[str, Spec] = {
    "bare": {},
    "two": TWO,
    "pc": {**TWO, "machine": {"type": "pc"}},
    "pinned": {**TWO, "machine": {"type": "q35", "version": "8.1"}},
    "user": {"nics": [USER, {"name": "tap", "tap": {"name": "tap0"}, "queues": 2}]},
    "tap": {"nics": [{"name": "old", "tap": {"name": "t1", "existing": True}}]},
    "down": {"nics": [{**LAN, "linkState": "Down", "mtu": 1400}]},
    "room": {"resources": {"vcpu": 1, "maxVcpu": 4, "memory": "500M", "maxMemory": "1Gi"}},
    "full": {"resources": {"vcpu": 4, "maxVcpu": 4, "memory": "1Gi", "maxMemory": "1Gi"}},
    "many": {"resources": {"vcpu": 9}},
    "more": {"resources": {"vcpu": 2, "maxVcpu": 9}},
    "host-model": {"resources": {"cpu": {"model": "host-model", "features": ["-avx", "aes"]}}},
    "named model": {"resources": {"cpu": {"model": "qemu64"}}},
    "topology": {"resources": {"vcpu": 4, "cpu": {"topology": {"sockets": 2, "cores": 2, "threads": 1}}}},
    "KVM": {"virtualization": "KVM"},
    "TCG": {"virtualization": "TCG"},
    "no video": {"display": {"video": "none", "vnc": {"enabled": False}}},
    "guarded": {"display": {"vnc": {"passwordFile": "/run/vnc"}}},
    "guarded by nothing": {"display": {"vnc": {"passwordFile": "/run/none"}}},
    "kernel": {"boot": {"kernel": KERNEL, "cmdline": "quiet"}, "disks": [DATA]},
    "kernel and initramfs": {"boot": {"kernel": KERNEL, "initramfs": {"url": "https://example.org/initrd"}}},
    "ordered": {**TWO, "boot": {"order": ["wan", "data"]}},
    "limits": {"disks": [{**DATA, "limits": {"iops": 5, "bytesPerSecond": "1Mi"}, "ioThread": True, "discard": "ignore"}]},
    "empty drive": {"disks": [{"name": "iso", "type": "cdrom"}]},
    "scsi": {"disks": [{**DATA, "bus": "scsi"}], "scsi": {"model": "virtio-scsi"}},
    "plain rng": {"rng": {"enabled": True}, "smbios": {}},
    "no rng": {"rng": {"enabled": False}, "tpm": {}, "vsock": {}},
    "folders": {"filesystems": [{"name": "share", "path": "/srv/share"}]},
    "devices": {"hostDevices": [{"name": "gpu", "pci": {"address": "0000:03:00.0"}}]},
    "arguments": {"qemuArguments": ["-device usb-kbd"]},
    "whole": WHOLE,
}
KVM = frozenset({DomainType.KVM, DomainType.QEMU})
VM = machine(**WHOLE)
OPEN = replace(HOST, domain_types=KVM, kvm_usable=True, allowed=Allowed(True, True, ("/srv/share",)), devices=as_asked(VM))
HOSTS: dict[str, HostFacts] = {
    "open": OPEN,
    "plain": HOST,
    "no KVM": replace(OPEN, domain_types=frozenset({DomainType.QEMU})),
    "test": replace(OPEN, domain_types=frozenset({DomainType.TEST})),
    "relabels": replace(OPEN, relabels=True),
    "of few CPUs": replace(OPEN, max_vcpus={(DomainType.KVM, "q35"): 8, (DomainType.QEMU, "q35"): 4}),
    "of other folders": replace(OPEN, allowed=Allowed(True, False, ("/srv/a", "/srv/b")), devices=frozenset()),
}


def seen(vm: VirtualMachine, host: HostFacts = OPEN) -> Observed:
    """A host with the images, and no domain."""
    needs = storage_needs(vm, host.storage_root)
    refs = {ref.key: ref for ref in (*needs.images, *needs.boots.values())}
    images = {
        key: ObservedImage(ImagePhase.READY, f"{host.storage_root}/images/{file_name(key)}", ref.format or "qcow2", 2**20)
        for key, ref in refs.items()
    }
    secrets = {"/run/vnc": Secret(SecretStr("one"), "1"), "/etc/vnc": Secret(SecretStr("two"), "2")}
    return Observed(host, None, storage=ObservedStorage(images=images), secrets=secrets)


@cache
def plain() -> DomainConfig:
    return desired_domain(machine(), seen(machine()))


def defined() -> Iterator[str]:
    yield f"{plain()}"
    for what, spec in SPECS.items():
        vm = with_names(machine(**spec))
        results = []
        for where, host in HOSTS.items():
            try:
                results.append((where, changes(plain(), desired_domain(vm, seen(vm, host)))))
            except CannotPlan as problem:
                results.append((where, f"{problem.reason}: {problem.message}"))
        yield from grouped(what, results)


def defined_again() -> Iterator[str]:
    """Where there is a domain already: what stays of it."""
    for what in ("two", "pc", "room", "guarded", "kernel"):
        vm, wanted = machine(**SPECS[what]), seen(machine(**SPECS[what]))
        first = desired_domain(vm, wanted)
        world, operator, _ = running(**TWO)
        now = world.observe(machine(**TWO), operator.memory)
        assert now.domain is not None and now.domain.config is not None and now.domain.live is not None
        renamed = tuple(replace(disk, target=f"vd{'zyxw'[n]}") for n, disk in enumerate(first.disks))
        other = replace(
            first,
            name="other",
            machine="pc-q35-9.0",
            disks=renamed,
            vnc=replace(first.vnc, password=SecretStr("x")) if first.vnc else None,
        )
        beside = tuple(
            replace(disk, name=f"{disk.name}2", target=target)
            for disk, target in zip(first.disks, ("vda", "vdb", "sda", "vdc"), strict=False)
        )
        configs = {
            "as it was": (first, first),
            "otherwise": (other, other),
            "off": (other, None),
            "others live": (first, replace(first, disks=beside)),
        }
        configs |= {
            "only live": (replace(first, disks=()), other),
            "one live": (replace(first, disks=first.disks[:1]), replace(other, disks=renamed[1:])),
        }
        for how, (config, live) in configs.items():
            domain = replace(now.domain, config=config, live=live)
            yield f"{what}, {how}: {changes(first, desired_domain(vm, replace(wanted, domain=domain)))}"


EDITS: dict[str, tuple[Spec, Spec]] = {
    **{f"without {name}": (WHOLE, {name: None}) for name in WHOLE if name not in ("disks", "nics", "runStrategy")},
    "fewer disks": ({**WHOLE, "boot": {}}, {"disks": WHOLE["disks"][1:]}),
    "fewer nics": ({**WHOLE, "boot": {}}, {"nics": WHOLE["nics"][1:]}),
    "other order": ({**WHOLE, "boot": {}}, {"disks": WHOLE["disks"][::-1], "nics": WHOLE["nics"][::-1]}),
    "pc": (TWO, {"machine": {"type": "pc"}}),
    "no device": (TWO, {"disks": [], "nics": []}),
    "more": (TWO, {"disks": [*TWO["disks"], {"name": "new", "size": "1Gi", "bus": "scsi"}], "nics": [*TWO["nics"], USER]}),
    "sizes": (TWO, {"disks": [{**ROOT, "size": "3Gi"}, {**DATA, "size": "512Mi"}, ISO]}),
    "size of the image": ({"disks": [{**ROOT, "size": None}]}, {"disks": [{**ROOT, "size": "9Gi"}]}),
    "image": (TWO, {"disks": [{**ROOT, "image": {"url": "https://example.org/other"}}, DATA, ISO]}),
    "medium": (TWO, {"disks": [ROOT, DATA, {**ISO, "image": {"url": "https://example.org/other.iso", "format": "iso"}}]}),
    "reclaim": (TWO, {"disks": [ROOT, {**DATA, "reclaimPolicy": "Retain"}, ISO]}),
    "limits": (TWO, {"disks": [ROOT, {**DATA, "limits": {"iops": 5}}, ISO]}),
    "swapped": (TWO, {"disks": [DATA, ROOT, ISO], "nics": TWO["nics"][::-1]}),
    "link": (TWO, {"nics": [{**LAN, "linkState": "Down"}, {"name": "wan", "bridge": "br1"}]}),
    "boot order": (TWO, {"boot": {"order": ["data"]}}),
    "seed": (TWO, {"cloudInit": {"userData": "#cloud-config\nb: 1\n"}}),
    "kernel": (SPECS["kernel"], {"boot": {"kernel": {"url": "https://example.org/other"}}}),
    "guard": (SPECS["guarded"], {"display": {"vnc": {"passwordFile": "/etc/vnc"}}}),
    "no guard": (SPECS["guarded"], {"display": None}),
    "long": ({}, {"restartedAt": "t" * 63, "hostSelector": {"a": "b"}}),
    "host model": ({"virtualization": "TCG"}, {"resources": {"cpu": {"model": "host-model"}}}),
    "vcpus": (SPECS["room"], {"resources": {"vcpu": 3, "maxVcpu": 4, "memory": "600M", "maxMemory": "1Gi"}}),
    "maxima": (SPECS["room"], {"resources": {"vcpu": 1, "maxVcpu": 5, "memory": "500M", "maxMemory": "2Gi"}}),
}


def classified() -> Iterator[str]:
    """Both ways, as a machine on KVM, on TCG and on the test driver."""
    for (what, (before, edit)), back in product(EDITS.items(), (False, True)):
        old = machine(**{key: value for key, value in before.items() if value is not None})
        new = changed(old, **edit)
        old, new = (new, old) if back else (old, new)
        results = []
        for kind in (None,) if before.keys() >= WHOLE.keys() else ("KVM", "TCG", "Test", None):
            ran = old.model_copy(update={"status": VirtualMachineStatus(virtualization=kind)}) if kind else old
            found = classify(ran, new)
            waits = {
                policy: [c.field for c in waiting(found, policy)] for policy in (UpdatePolicy.ON_NEXT_BOOT, UpdatePolicy.NEVER)
            }
            told = f"{differences(found.changes)}; cannot: {found.cannot}; waits {[*waits.values()]}"
            results.append((str(kind), told))
        yield from grouped(f"{what}{', back' if back else ''}", results)


# How a definition and what runs may differ from what is wanted


def _file(config: DomainConfig, name: str, path: str, **more: Any) -> DomainConfig:
    return replace(config, disks=tuple(replace(d, source=path, **more) if d.name == name else d for d in config.disks))


def _nameless(config: DomainConfig) -> DomainConfig:
    return replace(config, disks=tuple(replace(disk, chain=None) for disk in config.disks))


def _less(config: DomainConfig) -> DomainConfig:
    return replace(config, memory=config.memory // 2, nics=config.nics[:1])


def _more(config: DomainConfig) -> DomainConfig:
    nic = NicConfig("own", "network", "default", "52:54:00:00:00:09", "virtio")
    return replace(config, nics=(*config.nics, nic), vcpus=config.vcpus + 1, disks=config.disks[1:])


SNAP = "/srv/data.snap"
CONFIGS: dict[str, Callable[[DomainConfig], DomainConfig | None]] = {
    "none": lambda config: None,
    "as wanted": lambda config: config,
    "elsewhere": lambda config: _file(config, "data", SNAP, chain=(BackingFile("/state/x", "qcow2"),)),
    "less": _less,
    "more": _more,
    "nameless": _nameless,
    "bare": lambda config: replace(config, disks=(), kernel=None),
    "own copies": lambda config: replace(config, kernel=replace(config.kernel, copies="/elsewhere") if config.kernel else None),
    "another kernel": lambda config: replace(config, kernel=replace(config.kernel, cmdline="x") if config.kernel else None),
}
POLICIES: tuple[Spec, ...] = (
    {},
    {"driftPolicy": "Report"},
    {"updatePolicy": "Never"},
    {"updatePolicy": "Never", "driftPolicy": "Report"},
)


PLAIN = ("", "off", "memory", "reverted", "transient")
SIDES = (("as wanted", "as wanted"), ("as wanted", "less"), ("less", "less"), ("less", "elsewhere"), ("elsewhere", "more"))


def planned() -> Iterator[str]:
    """By the definition, by what runs, and by who changed it."""
    spec = {**TWO, "boot": {"kernel": KERNEL}}
    world, operator, vm = running(**spec)
    for policy in POLICIES:
        wished = changed(vm, **policy)
        now = replace(world.observe(wished, operator.memory), memory=operator.memory)
        assert now.domain is not None and now.domain.record is not None
        want = desired_domain(wished, now)
        for (what, config), (how, live) in product(CONFIGS.items(), CONFIGS.items()):
            results = []
            few = PLAIN if (what, how) in SIDES else ("",)
            for drifted, attach, lost in product((True, False), (True, False) if len(few) > 1 else (True,), few):
                record = replace(now.domain.record, spec_hash="asked" if drifted else "before")
                domain = replace(now.domain, config=config(want), live=live(want), record=record)
                domain = replace(domain, state=DomainState.SHUTOFF, live=None) if lost == "off" else domain
                domain = replace(domain, balloon=2**26) if lost == "memory" else domain
                domain = replace(domain, reason=REVERTED) if lost == "reverted" else domain
                domain = replace(domain, persistent=False) if lost == "transient" else domain
                found = replace(now, domain=domain, host=replace(now.host, attach=attach))
                case = f"{'drifted' if drifted else 'edited'}{'' if attach else ' no hotplug'} {lost}".strip()
                results.append((case, _plan(wished, found, want)))
            yield from grouped(f"{policy} defined {what}, runs {how}", results)
    for created, policy in product((True, False), POLICIES):
        gone = replace(seen(vm, HOST), domain=None, storage=ObservedStorage(created=created))
        yield f"{policy}, {'there was one' if created else 'never'}: {_plan(changed(vm, **policy), gone, plain())}"


def _plan(vm: VirtualMachine, observed: Observed, want: DomainConfig) -> str:
    plan = plan_definition(vm, observed, want, "asked")
    parts: list[str] = []
    for field in fields(plan):
        value = getattr(plan, field.name)
        if field.name in ("changes", "pending", "drift", "told"):
            value = ", ".join(f"{c.field} {c.disruption.name}" for c in value)
        elif field.name == "live":
            value = " ".join(map(step, value))
        elif isinstance(value, DomainConfig):
            value = "as wanted" if value == want else _differs(want, value)
        parts += [f"{field.name} {value}"] if value else []
    return "; ".join(parts) or "nothing"


def _differs(want: DomainConfig, config: DomainConfig) -> str:
    names = [f.name for f in fields(config) if getattr(config, f.name) != getattr(want, f.name)]
    return f"other {' '.join(names)} on {' '.join(str(disk.source).rpartition('/')[2] for disk in config.disks)}"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "defined": defined,
    "defined-again": defined_again,
    "classified": classified,
    "planned": planned,
}


@pytest.mark.parametrize("name", TABLES)
def test_what_is_defined_is_as_before(name: str, request: pytest.FixtureRequest) -> None:
    as_before(f"definitions-{name}", TABLES[name](), request)
