"""Which file a disk is on, and what follows, whatever others did to it. After a wanted change: pytest --regenerate-golden, and
read the diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product

import pytest

from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.machine import SEED_NAME, VirtualMachine
from homeostat.planner.domain import BackingFile, DiskConfig, MovedDisk
from homeostat.planner.files.disk_file import DiskLabel, named_disk_path
from homeostat.planner.machine.removal.teardown import ABANDON, may_be_abandoned, plan_teardown
from homeostat.planner.machine.storage.disk_source import (
    defined_as,
    files_of,
    find_source,
    foreign_sources,
    moved_disks,
    moved_on_purpose,
    named_files,
    plan_note,
    unknown_moves,
    unnamed_disks,
)
from homeostat.planner.machine.storage.named_disk import plan_named
from homeostat.planner.machine.storage.reclaim import departed, plan_departed, reclaimed, to_note
from homeostat.planner.observed import (
    DomainState,
    Observed,
    ObservedChain,
    ObservedDisk,
    ObservedDomain,
    ObservedStorage,
)
from homeostat.planner.plan import Stalled, Waiting
from tests.unit.disks import disk as a_disk
from tests.unit.machines import Spec, deleted, machine, running
from tests.unit.tables import as_before, does, grouped, words
from tests.unit.transcripts import DATA, LAN, ROOT
from tests.unit.world import HOST

HOME = "/state/machines/default/web"
OWN, BASE = f"{HOME}/data.qcow2", "/state/images/a"
NAMED, OTHER = (named_disk_path("/state", "default", name) for name in ("store", "other"))
SNAP, INSIDE, COPY, LINK = "/srv/snap", f"{HOME}/data.snap", "/srv/copy", "/link/data.qcow2"
OLD, OLDER = (f"/{root}{OWN.removeprefix('/state')}" for root in ("old", "older"))


def chain(*paths: str, **more: str) -> ObservedChain:
    return ObservedChain(tuple(ObservedDisk(path, 2**30, None) for path in paths), **more)


def chains(own: str) -> dict[str, ObservedChain]:
    return {
        SNAP: chain(SNAP, INSIDE, own, BASE),
        INSIDE: chain(INSIDE, own, BASE),
        COPY: chain(COPY, BASE),
        LINK: chain(own, BASE),
        OLD: ObservedChain(missing=OLD),
        OLDER: ObservedChain(missing="/srv/base"),
        "/srv/empty": ObservedChain(),
        "/srv/gone": ObservedChain(missing="/srv/gone"),
        "/srv/part": chain("/srv/part", missing="/srv/base"),
        "/srv/odd": chain("/srv/odd", problem="it cannot be read"),
        "/srv/forged": chain("/srv/forged", altered="its header names /etc/shadow"),
        OTHER: chain(OTHER),
    }


FORMER = OLD, OLDER, "/srv/gone", "/srv/part", "/srv/odd", "/srv/forged", "/srv/unread", "/srv/empty"
SOURCES = (OWN, NAMED, SNAP, INSIDE, COPY, LINK, *FORMER, OTHER, None)
DRIVE: Spec = {"name": "iso", "type": "cdrom"}
MACHINES: dict[str, tuple[VirtualMachine, str]] = {
    "own": (machine(disks=[DRIVE, DATA]), OWN),
    "named": (machine(disks=[DRIVE, {"name": "data", "diskRef": {"name": "store"}}]), NAMED),
}
WORLD, OPERATOR, _ = running(disks=[DATA])
SEEN = WORLD.observe(machine(disks=[DATA]), OPERATOR.memory)
assert SEEN.domain is not None and SEEN.domain.live is not None and SEEN.domain.record is not None
# The worlds of all tests number what they write.
DOMAIN = replace(SEEN.domain, record=replace(SEEN.domain.record, written_at="000000001"))
LIVE = SEEN.domain.live
KEEPS = replace(HOST, trash_keep=3600.0)
(DEVICE,) = LIVE.disks
SEED = DiskConfig(SEED_NAME, "disk", f"{HOME}/seed-0.iso", "raw", "virtio", "vdz", read_only=True)


def domain(defined: Sequence[DiskConfig] | None, live: Sequence[DiskConfig] | None) -> ObservedDomain:
    config = replace(LIVE, disks=(*defined, SEED)) if defined is not None else None
    runs = replace(LIVE, disks=(*live, SEED)) if live is not None else None
    state = DomainState.RUNNING if live is not None else DomainState.SHUTOFF
    return replace(DOMAIN, config=config, live=runs, state=state)


def on(source: str | None, **more: object) -> DiskConfig:
    return replace(DEVICE, source=source, **more)  # type: ignore[arg-type]


def seen(own: str, found: ObservedDomain | None, **storage: object) -> Observed:
    files = {path: ObservedDisk(path, 2**30, None) for path in (own, OTHER)}
    stored = ObservedStorage(disks=files, chains=chains(own), created=True)
    return Observed(HOST, found, storage=replace(stored, **storage))  # type: ignore[arg-type]


def told(vm: VirtualMachine, now: Observed) -> str:
    """All that follows."""
    _, disk = vm.spec.disks
    place = find_source(vm, disk, now)
    if isinstance(place, Stalled):
        where = words(place)
    else:
        where = (
            f"{place.path} {place.format} active {place.active.path if place.active else None} {place.on_ours} {place.note[:60]}"
        )
    files = files_of(vm, disk, now)
    defined = defined_as(vm, disk, now)
    facts = {
        "foreign": foreign_sources(vm, now.domain, "/state", now.storage.moved),
        "unnamed": unnamed_disks(vm, now.domain, "/state"),
        "moved": [(moved.name, moved.source, moved.format) for moved in moved_disks(vm, now)],
        "unknown": unknown_moves(vm, now),
        "notes": " ".join(map(does, plan_note(vm, now))),
        "inside": files.inside,
        "outside": files.outside,
        "defined": defined.source if defined else None,
        "below": named_files(now.domain),
        "on purpose": sorted(moved_on_purpose(LIVE, now.domain)),
    }
    return "; ".join([where, *(f"{name} {value}" for name, value in facts.items() if value)])


def found() -> Iterator[str]:
    """By what the definition names, and what runs."""
    for what, (vm, own) in MACHINES.items():
        for source in SOURCES:
            cases = [("off", domain([on(source)], None)), ("raw", domain([on(source, format="raw")], None))]
            cases += [(f"runs on {runs}", domain([on(source)], [on(runs)])) for runs in SOURCES]
            cases += [("by its file", domain([on(source, name=source or "")], None)), ("only live", domain([], [on(source)]))]
            cases += [("under another name", domain([on(source, name="other")], None))]
            cases += [("not defined", domain(None, [on(source)])), ("as a drive", domain([on(source, device="cdrom")], None))]
            yield from grouped(f"{what} {source}", ((how, told(vm, seen(own, found))) for how, found in cases))
        nobody = domain([on(SNAP)], None)
        yield f"{what}, of others: {told(vm, seen(own, replace(nobody, record=None)))}"
        for size in (0, 2**30, None):
            files = {own: ObservedDisk(own, size, None)} if size is not None else {}
            for format, source in product(("raw", "qcow2"), (own, LINK, OLD)):
                now = seen(own, domain([on(source, format=format)], None), disks=files)
                yield f"{what} of {size}, {format} on {source}: {told(vm, now)}"


def undefined() -> Iterator[str]:
    """Without a domain: what was recorded, and what leans on it."""
    for what, (vm, own) in MACHINES.items():
        key = "data" if own == OWN else own
        records = {"": (), "others": (MovedDisk("logs", COPY, "qcow2"),)}
        records |= {f"on {path}": (MovedDisk(key, path, "qcow2"),) for path in SOURCES if path}
        overlays = {"": {}, "leant on": {own: (SNAP, INSIDE)}, "leant on by one": {own: (INSIDE,)}}
        for (how, moved), (leant, over), problem in product(records.items(), overlays.items(), ("", "moved.json is no JSON")):
            now = seen(own, None, moved=moved, overlays=over, moved_problem=problem)
            yield f"{what} {how} {leant} {problem}: {told(vm, now)}"
            for known in (domain([on(own)], None), domain([on(SNAP)], [on(SNAP)]), domain([], None)) if not over else ():
                there = seen(
                    own, known, moved=moved, moved_problem=problem, reclaimable=frozenset({"data", "logs"} if moved else {"data"})
                )
                yield f"{what} {how} {problem}, with a domain: {told(vm, there)}"
        yield f"{what}, no file: {told(vm, seen(own, None, disks={}))}"


LABEL = DiskLabel("default", "store", "uid-store", "qcow2", "blank", made=True)


def with_conditions(*conditions: tuple[str, str, str]) -> Disk:
    told = [{"type": kind, "status": status, "reason": "Said", "message": message} for kind, status, message in conditions]
    return a_disk(name="store").model_copy(update={"status": DiskStatus.model_validate({"conditions": told})})


def named() -> Iterator[str]:
    """Whether a machine can have a Disk."""
    vm, own = MACHINES["named"]
    _, disk = vm.spec.disks
    assert disk.disk_ref is not None
    file = ObservedDisk(own, 2**30, None, label=LABEL)
    files = {
        "whole": file,
        "none": None,
        "unlabelled": replace(file, label=None),
        "unusable": replace(file, problem="no label"),
        "raw": replace(file, label=replace(LABEL, format="raw")),
        "on an image": replace(file, backing=BASE, label=replace(LABEL, base=BackingFile(BASE, "qcow2"))),
        "forged": replace(file, backing="/etc/shadow"),
    }
    resources = {
        "": {},
        "unreadable": {"store": Waiting("DiskNotReady", "it cannot be read")},
        "there": {"store": a_disk(name="store")},
        "going": {"store": a_disk(name="store", deleting=True)},
        "fails": {"store": with_conditions(("Stalled", "True", "first"), ("Ready", "False", "no space"))},
        "ready": {"store": with_conditions(("Reconciling", "False", "last"), ("Ready", "True", "fine"))},
    }
    for (what, found), (how, resource) in product(files.items(), resources.items()):
        results = []
        for where, defined in {
            "": None,
            "defined": on(own),
            "on an overlay": on(SNAP),
            "on another": on(OTHER),
            "on a copy": on(COPY),
        }.items():
            known = domain([defined] if defined else [], None)
            now = replace(seen(own, known, disks={own: found} if found else {}), named=resource)
            place = find_source(vm, disk, now)
            assert not isinstance(place, Stalled)
            results.append((where, words(plan_named(vm, disk, disk.disk_ref, place, defined, now))))
        yield from grouped(f"{what}, {how}", results)


def reclaiming() -> Iterator[str]:
    """Which disks go with the machine, or once they left its spec."""
    specs: dict[str, Spec] = {
        "both": {"disks": [ROOT, DATA]},
        "one": {"disks": [ROOT]},
        "retained": {"disks": [ROOT, {**DATA, "reclaimPolicy": "Retain"}]},
        "all retained": {"disks": [ROOT, {**DATA, "reclaimPolicy": "Delete"}], "reclaimPolicy": "Retain"},
        "named": {"disks": [ROOT, {"name": "data", "diskRef": {"name": "store"}}]},
        "a drive": {"disks": [{"name": "data", "type": "cdrom"}]},
    }
    root = f"{HOME}/root.qcow2"
    domains = {
        "none": None,
        "with it": domain([on(root, name="root"), on(OWN)], None),
        "still runs with it": domain([on(root, name="root")], [on(OWN)]),
        "without it": domain([on(root, name="root")], [on(root, name="root")]),
        "with others' files": domain([on(root, name="root"), on(COPY, name="x")], None),
        "with an empty drive": domain([on(root, name="root"), on(None, name="x", device="cdrom")], None),
        "with both": domain([on(root, name="root"), on(f"{HOME}/logs.qcow2", name="x")], None),
        "with others' drive": domain([on(root, name="root"), on(COPY, name="x", read_only=True)], None),
        "not known": domain(None, []),
        "not known live": replace(domain([on(root, name="root")], []), live=None),
    }
    files = {path: ObservedDisk(path, 2**30, None) for path in (OWN, root)}
    leaning = files | {root: ObservedDisk(root, 2**30, OWN)}
    for (what, spec), (how, known) in product(specs.items(), domains.items()):
        vm, results = machine(**spec), []
        for reclaimable, stored, others, created in product(
            (frozenset[str](), frozenset({"data"}), frozenset({"data", "root"})),
            (files, leaning, {}),
            ({}, {OWN: "db"}),
            (True, False),
        ):
            now = replace(seen(OWN, known, disks=stored, reclaimable=reclaimable, created=created), others=others, host=KEEPS)
            case = f"{sorted(reclaimable)}{' leaning' if stored is leaning else '' if stored else ' no file'}"
            case += f"{' had by another' if others else ''}{'' if created else ' not created'}"
            names = [disk.name for disk in reclaimed(vm)]
            told = f"{names} {departed(vm, now)} {to_note(vm, now)} {' '.join(map(does, plan_departed(vm, now)))}"
            results.append((case, told))
        yield from grouped(f"{what}, {how}", results)


def torn_down() -> Iterator[str]:
    """What is left of a machine that goes."""
    known = {
        "none": None,
        "off": domain([on(OWN)], None),
        "on a snapshot": domain([on(SNAP)], None),
        "runs": domain([on(OWN)], [on(OWN)]),
        "recorded": replace(domain([on(OWN)], [on(OWN)]), record=replace(DOMAIN.record, outcome="Stopping")),  # type: ignore[type-var]
        "of others": replace(domain([on(OWN)], [on(OWN)]), record=None),
    }
    owners: dict[str, Spec] = {
        "": {},
        "owned": {"ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "x", "uid": "other"}, _OWNER]},
        "kept": {"ownerReferences": [_OWNER], "annotations": {"homeostat.dev/keep-disks": "true"}},
        "by ada": {"annotations": {"homeostat.dev/deleted-by": "ada", "homeostat.dev/deleted-because": "asked"}},
    }
    for (what, found), (who, meta), problem in product(known.items(), owners.items(), ("", "moved.json is no JSON")):
        nics: list[Spec] = [LAN, {"name": "wan", "bridge": "br0", "mac": "52:54:00:00:00:07"}]
        image, store = {"name": "root", "image": ROOT["image"]}, {"name": "store", "diskRef": {"name": "store"}}
        vm = deleted(machine(disks=[DRIVE, store, image, DATA], nics=nics))
        vm = vm.model_copy(update={"metadata": type(vm.metadata).model_validate({**vm.metadata.dump(), **meta})})
        now = replace(seen(OWN, found, moved_problem=problem, reclaimable=frozenset({"data"})), host=KEEPS)
        yield f"{what}, {who} {problem}: {' '.join(map(does, plan_teardown(vm, now, 0.0).actions))}"
        at_once = vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"deletion_grace_period_seconds": 0})})
        yield f"{what}, {who} at once: {[type(action).__name__ for action in plan_teardown(at_once, now, 0.0).actions]}"


_OWNER = {
    "apiVersion": "homeostat.dev/v1alpha1",
    "kind": "VirtualMachineDeployment",
    "name": "web",
    "uid": "owner",
    "controller": True,
}


def abandoned() -> Iterator[str]:
    for deleting, asked in product((True, False), ("true", "yes", "")):
        vm = machine(deleting=deleting)
        vm = vm.model_copy(update={"metadata": vm.metadata.model_copy(update={"annotations": {ABANDON: asked} if asked else {}})})
        yield f"{deleting} {asked}: {may_be_abandoned(vm)}"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "found": found,
    "undefined": undefined,
    "named": named,
    "reclaiming": reclaiming,
    "torn-down": torn_down,
    "abandoned": abandoned,
}


@pytest.mark.parametrize("name", TABLES)
def test_what_follows_is_as_before(name: str, request: pytest.FixtureRequest) -> None:
    lines = (line.replace(HOME, "~").replace("/state/disks/default", "~~") for line in TABLES[name]())
    as_before(f"sources-{name}", lines, request)
