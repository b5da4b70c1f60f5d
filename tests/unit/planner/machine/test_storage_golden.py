"""What is done about files, whatever is there, and what is foreseen of a whole change. After a wanted change: pytest
--regenerate-golden, and read the diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from itertools import product
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.planner import actions as act
from homeostat.planner.domain import (
    CpuConfig,
    DiskConfig,
    DomainConfig,
    DomainType,
    HostDeviceConfig,
    KernelBoot,
    NicConfig,
    VncConfig,
    VsockConfig,
)
from homeostat.planner.files.trash import TrashedDisk, TrashEntry
from homeostat.planner.machine import plan_machine
from homeostat.planner.machine.definition.live_changes import given_up, live_actions
from homeostat.planner.machine.host.claims import Claim, claims_held, claims_of, ports_wanted, standing
from homeostat.planner.machine.preview.foresee import after, foreseen
from homeostat.planner.machine.storage.storage import plan_images, plan_storage, storage_needs
from homeostat.planner.observed import (
    DomainState,
    ImagePhase,
    Observed,
    ObservedDisk,
    ObservedDomain,
    ObservedImage,
    ObservedPort,
    ObservedStorage,
)
from homeostat.planner.plan import Change, Disruption, Plan, Stalled
from tests.unit.documents import SPEC
from tests.unit.machines import Spec, changed, deleted, machine, running
from tests.unit.tables import as_before, changes, differences, does, grouped, words
from tests.unit.transcripts import DATA, EDITS, ISO, KERNEL, LAN, ROOT, SEED, step
from tests.unit.world import HOST

HOME = "/state/machines/default/web"
GIB = 2**30
NAMED: Spec = {"name": "store", "diskRef": {"name": "store"}}
IMAGELESS: Spec = {key: value for key, value in ROOT.items() if key != "size"}
SPECS: dict[str, Spec] = {
    "image": {"disks": [ISO, NAMED, ROOT, DATA]},
    "of its image's size": {"disks": [IMAGELESS]},
    "smaller": {"disks": [{**ROOT, "size": "512Mi"}]},
    "odd": {"disks": [{**DATA, "size": "1500000001"}, ROOT]},
    "never": {"disks": [ROOT, DATA], "updatePolicy": "Never"},
    "kernel": {
        "disks": [DATA],
        "boot": {"kernel": KERNEL, "initramfs": {"url": "https://example.org/initrd"}},
        "cloudInit": SEED,
    },
}
UID = machine().identity
WORLD, OPERATOR, RUNNING = running(disks=[ROOT, DATA], nics=[LAN])
BASE = next(iter(WORLD.images.values()))


def domain(vm: VirtualMachine, active: bool, **sources: str) -> ObservedDomain:
    disks = tuple(DiskConfig(name, "disk", path, "qcow2", "virtio", f"vd{name[0]}") for name, path in sources.items())
    kernel = KernelBoot("/state/images/old", "/state/images/older", "", HOME)
    config = DomainConfig("web", "u", DomainType.QEMU, GIB, 1, "q35", CpuConfig("maximum"), disks=disks, kernel=kernel)
    known = WORLD._observed_domain()
    assert known is not None
    state = DomainState.RUNNING if active else DomainState.SHUTOFF
    return replace(known, config=config, live=config if active else None, state=state)


def trash(*disks: TrashedDisk, **entry: Any) -> tuple[TrashEntry, ...]:
    made = TrashEntry("e", "default", "web", UID, "deleted", "2026", "2027", True, disks=disks)
    return (replace(made, **entry),)


FILES: dict[str, dict[str, Any]] = {
    "none": {},
    "as wanted": {"root": (2 * GIB, True), "data": (GIB, False)},
    "larger": {"root": (3 * GIB, True), "data": (3 * GIB, False)},
    "smaller": {"root": (GIB, True), "data": (GIB // 2, False)},
    "of another image": {"root": (2 * GIB, "/state/images/b"), "data": (GIB, "/state/images/b")},
    "on nothing": {"root": (2 * GIB, False), "data": (GIB, False)},
    "unknown": {"root": (0, True), "data": (0, False)},
    "known": {"root": (2 * GIB, "/state/images/b", "https://example.org/b"), "data": (GIB, False)},
}
ROOTED = TrashedDisk("root", f"{HOME}/root.qcow2", 1, 2 * GIB, BASE.path, "", "")
BLANK = TrashedDisk("data", f"{HOME}/data.qcow2", 1, GIB, None, "/srv/x", "raw")
TRASHES: dict[str, tuple[TrashEntry, ...]] = {
    "": (),
    "in the trash": trash(ROOTED, BLANK),
    "in the trash, larger": trash(replace(ROOTED, virtual_size=9 * GIB), replace(BLANK, virtual_size=9 * GIB)),
    "in the trash, of another image": trash(
        replace(ROOTED, backing="/state/images/b"), replace(BLANK, backing="/state/images/b")
    ),
    "another's": trash(ROOTED, BLANK, uid="another", until=""),
}


def observed(vm: VirtualMachine, files: dict[str, Any], known: ObservedDomain | None = None, **storage: Any) -> Observed:
    needs = storage_needs(vm, "/state")
    images = {ref.key: replace(BASE, virtual_size=GIB) for ref in (*needs.images, *needs.boots.values())}
    disks = {}
    for name, (size, backing, *origin) in files.items():
        path, base = f"{HOME}/{name}.qcow2", BASE.path if backing is True else backing or None
        disks[path] = ObservedDisk(path, size, base, origin=origin[0] if origin else "")
    return Observed(HOST, known, storage=replace(ObservedStorage(images=images, disks=disks, created=True), **storage))


def stored(vm: VirtualMachine, now: Observed) -> str:
    plan = plan_storage(vm, now)
    parts = [" ".join(map(does, plan.actions)), words(plan.blocker), differences(plan.changes), differences(plan.pending)]
    return "; ".join(part for part in (*parts, *plan.moved, *plan.aside) if part)


def files() -> Iterator[str]:
    """By the files that are there, and what has them."""
    paths = {name: f"{HOME}/{name}.qcow2" for name in ("root", "data")}
    for (what, spec), (how, there) in product(SPECS.items(), FILES.items()):
        vm = machine(**spec)
        domains = {
            "none": None,
            "off": domain(vm, False, **paths),
            "runs": domain(vm, True, **paths),
            "runs, live unknown": replace(domain(vm, True, **paths), live=None),
            "runs without them": domain(vm, True, x="/srv/x"),
            "elsewhere": domain(vm, False, **{name: path.replace("/state", "/old") for name, path in paths.items()}),
        }
        results = ((who, stored(vm, observed(vm, there, known))) for who, known in domains.items())
        yield from grouped(f"{what}, {how}", results)


def taken_back() -> Iterator[str]:
    for (what, spec), (how, entries), there in product(SPECS.items(), TRASHES.items(), ("none", "as wanted", "unknown")):
        vm = machine(**spec)
        yield f"{what}, {how}, {there}: {stored(vm, observed(vm, FILES[there], trash=entries))}"


def copied() -> Iterator[str]:
    """Kernels and seeds, where files are given to QEMU's user and where they are not."""
    for what in ("kernel", "image"):
        vm = machine(**SPECS[what])
        needs = storage_needs(vm, "/state")
        places = {"none": frozenset[str](), "the seed": frozenset(needs.seeds), "all": frozenset((*needs.seeds, *needs.boots))}
        for (how, seeds), relabels, known in product(places.items(), (True, False), (None, domain(vm, False), domain(vm, True))):
            now = observed(vm, FILES["as wanted"], known, seeds=seeds)
            told = stored(vm, replace(now, host=replace(HOST, relabels=relabels)))
            yield f"{what}, {how} {'relabels' if relabels else ''} {known.state if known else 'undefined'}: {told}"


def images() -> Iterator[str]:
    """Two images, in any phase each."""
    vm = machine(disks=[ROOT, {**DATA, "image": {"url": "https://example.org/other", "format": "raw"}}])
    refs = storage_needs(vm, "/state").images
    phases = {
        "": None,
        "missing": ObservedImage(ImagePhase.MISSING),
        "queued": ObservedImage(ImagePhase.QUEUED),
        "behind": ObservedImage(ImagePhase.QUEUED, behind=("a", "b")),
        "fetching": ObservedImage(ImagePhase.FETCHING, fetched=1500),
        "half": ObservedImage(ImagePhase.FETCHING, fetched=3 * 2**20, total=6 * 2**20, error="cut"),
        "again": ObservedImage(ImagePhase.FETCHING, error="cut", total=2**20),
        "ready": BASE,
        "failed": ObservedImage(ImagePhase.FAILED, error="404"),
        "for good": ObservedImage(ImagePhase.FAILED, error="a page", permanent=True),
        "changed": ObservedImage(ImagePhase.FAILED, error="another", permanent=True, changed=True),
    }
    for (what, first), (then, second) in product(phases.items(), phases.items()):
        known = {ref.key: image for ref, image in zip(refs, (first, second), strict=True) if image is not None}
        actions, blocker = plan_images(refs, Observed(HOST, None, storage=ObservedStorage(images=known)))
        yield f"{what}, {then}: {[type(action).__name__ for action in actions]} {words(blocker)}"


def told(plan: Plan) -> str:
    parts = [" ".join(map(step, plan.actions)), f"→ {plan.outcome.reason}", differences((*plan.changes, *plan.pending))]
    return "; ".join(part for part in (*parts, differences(plan.drift), *plan.moved, *plan.notes) if part)


def whole() -> Iterator[str]:
    """From the first step to the last, of each edit."""
    first = WORLD.observe(RUNNING, OPERATOR.memory)
    for (what, edit), policy in product(EDITS.items(), ({}, {"updatePolicy": "Immediate"})):
        vm = changed(RUNNING, **{**edit, **policy})
        for goes in (False, True):
            plan, end = foreseen(deleted(vm) if goes else vm, first, 1000.0, {})
            known = f"{end.domain.state} {_shape(end.domain)}" if end.domain else "no domain"
            left = sorted(path.rpartition("/")[2] for path in end.storage.disks)
            yield f"{what} {policy or ''}{' deleted' if goes else ''}: {told(plan)} = {known}; {left} {end.storage.created}"
    fresh = replace(first, domain=None, storage=ObservedStorage(trash=(*TRASHES["another's"], *trash(BLANK, BLANK, entry="f"))))
    plan, end = foreseen(RUNNING, fresh, 1000.0, {})
    never = {ref.key: ObservedImage(ImagePhase.MISSING) for ref in storage_needs(RUNNING, "/state").images}
    yield f"never fetched: {told(foreseen(RUNNING, fresh, 1000.0, never)[0])}"
    yield f"new: {told(plan)} = {end.storage.disks} {[(e.entry, len(e.disks)) for e in end.storage.trash]}"


def _shape(found: ObservedDomain) -> str:
    configs = (found.config, found.live)
    return " / ".join(
        f"{c.memory} {c.vcpus} {[*(d.name for d in c.disks), *(n.name for n in c.nics)]}" if c else "-" for c in configs
    )


def acted() -> Iterator[str]:
    """What one action alone changes."""
    first = WORLD.observe(RUNNING, OPERATOR.memory)
    assert first.domain is not None and first.domain.live is not None and first.domain.config is not None
    live = first.domain.live
    (lan,), disk = live.nics, live.disks[-1]
    guarded = replace(live, vnc=VncConfig("127.0.0.1", None), vcpus=4)
    other, moved = replace(lan, name="x", down=True), replace(disk, source="/x")
    put, away = replace(disk, name="new", target="vdz"), replace(disk, name="other")
    actions: list[act.Action] = [act.SetMemory("", size, "") for size in (live.memory // 2, live.memory)]
    actions += [act.SetVcpus("", count, "") for count in (1, live.vcpus)]
    actions += [act.AttachDisk("", put, ""), act.DetachDisk("", disk, ""), act.ChangeMedium("", moved, "")]
    actions += [act.LimitDisk("", away, ""), act.AttachNic("", replace(lan, name="new"), ""), act.DetachNic("", lan, "")]
    actions += [act.SetLink("", nic, "") for nic in (replace(lan, down=True), other)]
    actions += [act.ReplugNic("", lan, "vnet0", "br0", ""), act.SetAutostart("", False, ""), act.RenameDomain("", "other", "")]
    actions += [act.StartDomain("", paused, "") for paused in (True, False)]
    actions += [act.ShutdownDomain("", "", False), act.PowerOffDomain("", ""), act.SaveDomain("", ""), act.DiscardSave("", "")]
    actions += [act.PauseDomain("", ""), act.ResumeDomain("", ""), act.UndefineDomain("", "")]
    domains = {
        "runs": replace(first.domain, unplugged={"lan": "on no bridge", "wan": "on no bridge"}, balloon=5),
        "guarded": replace(first.domain, config=guarded, live=guarded, managed_save=True),
        "transient": replace(first.domain, persistent=False),
        "off": replace(first.domain, live=None, state=DomainState.SHUTOFF, config=replace(live, balloon=9)),
    }
    for action, (what, known) in product(actions, domains.items()):
        end = after(action, replace(first, domain=known), {}).domain
        shown = "gone" if end is None else _changes(known, end)
        yield f"{type(action).__name__} {what}: {shown}"


def _changes(before: ObservedDomain, end: ObservedDomain) -> str:
    differ = []
    for field in fields(before):
        was, now = getattr(before, field.name), getattr(end, field.name)
        if was != now:
            both = isinstance(was, DomainConfig) and isinstance(now, DomainConfig)
            differ.append(
                f"{field.name} ({changes(was, now)})"
                if both
                else f"{field.name} {'there' if isinstance(now, DomainConfig) else now}"
            )
    return ", ".join(differ) or "as it was"


def suspended() -> Iterator[str]:
    """Also of others, and where its host is away."""
    first = WORLD.observe(RUNNING, OPERATOR.memory)
    assert first.domain is not None
    domains = {
        "rests": first.domain,
        "off": replace(first.domain, live=None, state=DomainState.SHUTOFF, reason="shutdown"),
        "paused": replace(first.domain, state=DomainState.PAUSED, reason="user"),
        "of others": replace(first.domain, record=None),
        "none": None,
    }
    rival = Stalled("OtherOperator", "another one acts here")
    for (what, known), edit, other in product(domains.items(), ({}, EDITS["more memory"], EDITS["report"]), (None, rival)):
        for suspend, goes in product((True, False), repeat=2):
            vm = changed(RUNNING, **edit, suspend=suspend)
            plan = plan_machine(deleted(vm) if goes else vm, replace(first, domain=known, rival=other), 1000.0)
            case = f"{what} {[*edit]} {'suspended ' if suspend else ''}{'deleted ' if goes else ''}{'rival' if other else ''}"
            yield f"{case}: {told(plan)}; {plan.outcome.message}{' left' if plan.left else ''}"


def contested() -> Iterator[str]:
    """Where others have what it needs, or the host lacks it."""
    vm = machine(disks=[ROOT, DATA], nics=[LAN, {"name": "out", "user": {"forwards": [{"hostPort": 80, "guestPort": 80}]}}])
    world, operator, _ = running(**vm.dump()["spec"])
    first = world.observe(vm, operator.memory)
    assert first.domain is not None and first.domain.live is not None
    mac = first.domain.live.nics[0].mac
    off = replace(first.domain, live=None, state=DomainState.SHUTOFF, reason="crashed")
    domains = {
        "runs": first.domain,
        "off": off,
        "unplugged": replace(first.domain, unplugged={"lan": "on no bridge"}),
        "none": None,
    }
    others: dict[str, dict[str, Any]] = {
        "nobody": {},
        "a port": {"others": {"tcp:127.0.0.1:80": "db"}},
        "a MAC": {"others": {f"mac:{mac} on network default": "db"}},
        "a disk": {"others": {f"{HOME}/data.qcow2": "db"}},
        "its name": {"others": {"name:web": "db", "name:default-web": "db"}},
        "a program": {"ports": {"tcp:127.0.0.1:80": ObservedPort(holder="nginx")}},
        "nothing, but may not": {"ports": {"tcp:127.0.0.1:80": ObservedPort(lowest=1024)}},
        "no such address": {"ports": {"tcp:127.0.0.1:80": ObservedPort()}},
        "the network": {"host": replace(first.host, networks=frozenset())},
        "too little memory": {"host": replace(first.host, memory=1)},
    }
    edits: dict[str, Spec] = {
        "": {},
        "another nic": {"nics": [LAN, {"name": "wan", "network": "default"}]},
        "restart": {"restartedAt": "t1"},
    }
    for (what, known), (who, have), (how, edit) in product(domains.items(), others.items(), edits.items()):
        now = replace(first, domain=known, **have)
        for wanted in (vm, deleted(vm)) if not edit else (changed(vm, **edit),):
            plan = plan_machine(wanted, now, 1000.0)
            ports = sorted(ports_wanted(wanted, known, now.others))
            case = f"{what}, {who} has it, {how}{'deleted' if wanted.deleting else ''}"
            yield f"{case}: {told(plan)} {plan.outcome.message}; listens {ports}"


def claimed() -> Iterator[str]:
    """What the spec asks for, what a domain has, and what collides."""
    known = machine(**{key: value for key, value in SPEC.items() if key not in ("pluginRef", "restoreFrom")})
    for root in ("/state", ""):
        yield from (f"{root} {claim} {claim.told} {claim.mend}" for claim in claims_of(known, root))
    first = WORLD.observe(RUNNING, OPERATOR.memory).domain
    assert first is not None and first.live is not None
    tap = NicConfig("tap", "ethernet", "tap0", "52:54:00:00:00:01", "virtio")
    devices = (HostDeviceConfig("gpu", "pci", "0000:03:00.0"),)
    other = replace(first.live, nics=(tap, replace(tap, kind="user", source="")), vsock=VsockConfig(7), host_devices=devices)
    cases = {
        "as it was": first,
        "other live": replace(first, live=other, vnc="[::1]:5901"),
        "other defined": replace(first, config=replace(other, vsock=VsockConfig(None))),
        "off": replace(first, state=DomainState.SHUTOFF, live=None, vnc="127.0.0.1:5900"),
    }
    for what, found in cases.items():
        yield f"{what}: {' '.join(map(str, claims_held(found)))} {standing(found).name}"
    addresses = ("", "0.0.0.0", "::", "127.0.0.1", "10.0.0.1", "::1")
    claims = [Claim("tcp", "80", address) for address in addresses] + [
        Claim("tcp", "81", "0.0.0.0"),
        Claim("udp", "80", "0.0.0.0"),
    ]
    for one in claims:
        yield f"{one} collides with {' '.join(str(other) for other in claims if one.collides(other))}"


def asked() -> Iterator[str]:
    """What a guest is asked for, and what it has refused too often."""
    first = WORLD.observe(RUNNING, OPERATOR.memory)
    assert first.domain is not None and first.domain.live is not None
    live = first.domain.live
    (lan,) = live.nics
    want = replace(live, nics=(replace(lan, down=True), replace(lan, name="new")), disks=live.disks[:1], vnc=None, vcpus_left=1)
    names = ("resources.vcpu", "display.vnc.password", "disks[root].limits", "disks[root].image", "disks[data]", "nics[lan]")
    names += ("nics[lan].linkState", "nics[new]", "nics[gone]")
    for name, disruption, (what, wish) in product(names, Disruption, {"edited": want, "as it runs": live}.items()):
        pending = (Change(name, "a", "b", disruption),)
        yield f"{name} {disruption.name} {what}: {' '.join(map(does, live_actions('u', live, wish, pending)))}"
        for refused in ({}, {name: 2}, {name: 3}, {"other": 9}):
            if (left := given_up(pending, refused)) != pending:
                yield f"  refused {refused}: {differences(left)}"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "files": files,
    "taken-back": taken_back,
    "copied": copied,
    "images": images,
    "whole": whole,
    "acted": acted,
    "suspended": suspended,
    "asked": asked,
    "contested": contested,
    "claimed": claimed,
}


@pytest.mark.parametrize("name", TABLES)
def test_what_is_done_is_as_before(name: str, request: pytest.FixtureRequest) -> None:
    lines = (line.replace(HOME, "~").replace(BASE.path or "", "BASE") for line in TABLES[name]())
    as_before(f"storage-{name}", lines, request)
