"""What is done about snapshots, whatever is observed. After a wanted change: pytest --regenerate-golden, and read the diff."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from homeostat.models.snapshot import Snapshot
from homeostat.planner.domain import CpuConfig, DiskConfig, DomainConfig, DomainType, Record
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.observed import DomainState, ObservedDomain
from homeostat.planner.plan import Stalled
from homeostat.planner.snapshot import plan_snapshot
from homeostat.planner.snapshot.observed import ObservedSnapshot, tag_of
from tests.unit.machines import deleted, machine
from tests.unit.tables import as_before, does, grouped, words
from tests.unit.world import HOST

WEB = machine(disks=[{"name": "data", "size": "1Gi"}])
ANOTHER = WEB.model_copy(update={"metadata": WEB.metadata.model_copy(update={"uid": "another"})})
HOME = "/state/machines/default/web"
DATA, LOGS = f"{HOME}/data.qcow2", f"{HOME}/logs.qcow2"
DISKS = (
    DiskConfig("data", "disk", DATA, "qcow2", "virtio", "vda"),
    DiskConfig("logs", "disk", LOGS, "qcow2", "virtio", "vdb"),
    DiskConfig("seed", "disk", f"{HOME}/seed.iso", "raw", "virtio", "vdc", read_only=True),
    DiskConfig("cd", "cdrom", "/srv/a.iso", "raw", "sata", "sda"),
    DiskConfig("empty", "disk", None, "raw", "virtio", "vdd"),
)
CONFIG = DomainConfig("web", "u", DomainType.QEMU, 2**27, 1, "q35", CpuConfig("maximum"), disks=DISKS)
RUNS = ObservedDomain(
    "web", "u", DomainState.RUNNING, "booted", True, False, False, Record("u", "default", "web"), CONFIG, CONFIG
)
OFF = replace(RUNS, state=DomainState.SHUTOFF, reason="shutdown", live=None)


def with_disks(*disks: DiskConfig) -> ObservedDomain:
    return replace(RUNS, live=replace(CONFIG, disks=disks))


DOMAINS: dict[str, ObservedDomain | None] = {
    "runs": RUNS,
    "has an agent": replace(RUNS, agent=True),
    "off": OFF,
    "saved": replace(OFF, managed_save=True, reason="saved"),
    "none": None,
    "transient": replace(RUNS, config=None),
    "goes down": replace(RUNS, state=DomainState.SHUTTING_DOWN),
    "is saved": replace(RUNS, state=DomainState.PAUSED, reason="save"),
    "paused": replace(RUNS, state=DomainState.PAUSED, reason="user"),
    "UEFI": replace(RUNS, live=replace(CONFIG, uefi=True)),
    "UEFI from its next start": replace(RUNS, config=replace(CONFIG, uefi=True)),
    "UEFI, off": replace(OFF, config=replace(CONFIG, uefi=True)),
    "one disk": with_disks(*DISKS[1:]),
    "no disk": with_disks(*DISKS[2:]),
    "a raw disk": with_disks(DISKS[0], replace(DISKS[1], format="raw")),
}


def snapshot(deleting: bool = False, **spec: Any) -> Snapshot:
    meta = {"name": "before", "uid": "s-1", **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {})}
    return Snapshot.model_validate({"metadata": meta, "spec": {"machineRef": {"name": "web"}, **spec}})


TAG = tag_of(snapshot())
SPECS: tuple[dict[str, Any], ...] = ({}, {"memory": True}, {"quiesce": "Required"}, {"quiesce": "Required", "memory": True})
NOTE = SnapshotNote("s-1", WEB.identity, "web", False, (("data", DATA), ("logs", LOGS)), True, "Crash", "2026-01-01T00:00:00Z", 1)
FREE = (DiskTag("of-others", 1, 0),)
HELD = (*FREE, DiskTag(TAG, 2, 0))
TAGS = {
    "free": {DATA: FREE, LOGS: FREE},
    "held": {DATA: HELD, LOGS: HELD},
    "one lost": {DATA: HELD, LOGS: FREE},
    "both lost": {DATA: FREE},
    "one unreadable": {LOGS: FREE},
}


def seen(domain: ObservedDomain | None = RUNS, **fields: Any) -> ObservedSnapshot:
    return replace(ObservedSnapshot(HOST, WEB, domain, tags=TAGS["free"]), **fields)


def planned(of: Snapshot, observed: ObservedSnapshot) -> str:
    plan = plan_snapshot(of, observed)
    return " ".join([*map(does, plan.actions), "→", words(plan.outcome)])


def taken() -> Iterator[str]:
    for spec in SPECS:
        yield from grouped(f"{spec}", ((what, planned(snapshot(**spec), seen(domain))) for what, domain in DOMAINS.items()))
    machines = {"gone": None, "deleted": deleted(WEB), "another": ANOTHER}
    yield from grouped("its machine", ((what, planned(snapshot(), seen(machine=vm))) for what, vm in machines.items()))
    yield from grouped("its disks", ((what, planned(snapshot(), seen(tags=tags))) for what, tags in TAGS.items()))
    overlaid = ({"data": "/srv/a"}, {"logs": "/srv/a"}, {"cd": "/srv/a"})
    yield from grouped("overlaid", ((str(over), planned(snapshot(), seen(overlaid=over))) for over in overlaid))
    begun = replace(NOTE, complete=False)
    yield from grouped("begun", ((what, planned(snapshot(), seen(tags=tags, note=begun))) for what, tags in TAGS.items()))


def kept() -> Iterator[str]:
    """Also without a domain, which is not asked for."""
    machines = {"as ever": WEB, "gone": None, "deleted": deleted(WEB), "another": ANOTHER}
    specs: tuple[dict[str, Any], ...] = (*SPECS, {"machineRef": {"name": "db"}})
    notes = {"": NOTE, "with its memory": replace(NOTE, memory=True)}
    for (told, note), spec in product(notes.items(), specs):
        cases = product(machines.items(), TAGS.items())
        results = (
            (f"{where}, {what}", planned(snapshot(**spec), seen(None, machine=vm, note=note, tags=tags)))
            for (where, vm), (what, tags) in cases
        )
        yield from grouped(f"{told} {spec}", results)


def removed() -> Iterator[str]:
    notes = {"never begun": None, "begun": replace(NOTE, complete=False), "taken": NOTE}
    for (told, note), (what, domain) in product(notes.items(), {"runs": RUNS, "off": OFF, "none": None}.items()):
        yield f"{told}, {what}: {planned(snapshot(deleting=True), seen(domain, note=note, machine=None))}"
    hosts = {
        "away": replace(HOST, reachable=False, error="no route"),
        "away, nobody knows why": replace(HOST, reachable=False, error=""),
    }
    for (what, host), deleting in product(hosts.items(), (False, True)):
        yield f"{what}, {'deleted' if deleting else 'wanted'}: {planned(snapshot(deleting), seen(host=host))}"
    for deleting, note in product((False, True), (None, NOTE)):
        yield f"a rival: {planned(snapshot(deleting), seen(rival=Stalled('Rival', 'another one'), note=note))}"


TABLES: dict[str, Callable[[], Iterator[str]]] = {"taken": taken, "kept": kept, "removed": removed}


@pytest.mark.parametrize("name", TABLES)
def test_what_is_done_is_as_before(name: str, request: pytest.FixtureRequest) -> None:
    as_before(f"snapshots-{name}", TABLES[name](), request)
