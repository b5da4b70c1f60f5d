"""What is observed of a Disk, and what its reconciles do, tell and write. After a wanted change: pytest --regenerate-golden, and
read the diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from homeostat.driver.errors import DriverError, Refused
from homeostat.models.base import Key, Resource
from homeostat.models.deployment import MachineTemplate
from homeostat.models.disk import Disk
from homeostat.models.snapshot import Snapshot
from homeostat.planner import actions as act
from homeostat.planner.disk.foresee import after
from homeostat.planner.disk.observed import Copying, DiskSeen, NamedDisk
from homeostat.planner.domain import BackingFile, CpuConfig, DiskConfig, DomainConfig, DomainType, Record
from homeostat.planner.files.disk_file import disk_folder, named_disk_path
from homeostat.planner.files.disk_tag import DiskTag
from homeostat.planner.files.snapshot_note import SnapshotNote
from homeostat.planner.observed import (
    DomainState,
    HostFacts,
    ImagePhase,
    ObservedDomain,
    ObservedImage,
    ObservedStorage,
)
from homeostat.planner.placement import kept_elsewhere
from homeostat.planner.plan import Change, Converged, Disruption, Plan, Stalled, Waiting
from homeostat.planner.snapshot.observed import tag_of
from homeostat.runtime.disk.observe import has_disk, observe_disk
from homeostat.runtime.disk.reconcile import DiskReconciler
from homeostat.runtime.disk.status import disk_status
from homeostat.runtime.disk.users import users_of
from homeostat.runtime.engine.reconciler import GONE
from homeostat.runtime.machine.claims import Claims
from homeostat.runtime.machine.images import ImageUse
from tests.unit.disks import GIB, HOST, PATH, ROOT, disk, there
from tests.unit.fleet import deployment
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost
from tests.unit.tables import as_before, changes

KEY = Key(Disk.KIND, "default", "data")
FOLDER = disk_folder(ROOT, "default", "data")
ORIGIN = named_disk_path(ROOT, "default", "other")
IMAGE = {"image": {"url": "https://example.org/debian.qcow2"}}
COPY: dict[str, Any] = {"source": {"diskRef": {"name": "other"}}}
OF_SNAPSHOT: dict[str, Any] = {"source": {"snapshotRef": {"name": "before", "disk": "data"}}}


class DiskHost(WorldHost):
    """Folders of Disks as values. Copies and fetches go on until they are said to have ended."""

    def __init__(self) -> None:
        super().__init__()
        self.world.host = replace(HOST)
        self.folders: dict[str, NamedDisk] = {}
        self.copies: dict[str, Copying] = {}
        self.stored = ObservedStorage()
        self.also: list[ObservedDomain] = []

    def domains(self) -> Sequence[ObservedDomain]:
        return self.also

    async def named_disk(self, folder: str) -> tuple[NamedDisk, Copying | None]:
        return self.folders.get(folder, NamedDisk()), self.copies.get(folder)

    async def storage(self, images: Any, disks: Any, seeds: Any, directory: str) -> ObservedStorage:
        known = {image.key: self.stored.images[image.key] for image in images if image.key in self.stored.images}
        return replace(self.stored, images=known)

    async def execute(self, action: act.Action) -> None:
        if type(action) in self.failing:
            raise DriverError(self.failing[type(action)])
        self.done.append(action)
        if isinstance(action, act.CopyDisk):
            self.copies = {FOLDER: Copying(1)}
        else:
            self.take(action)

    def take(self, action: act.Action) -> None:
        fetching = {f"{IMAGE['image']['url']}##": ObservedImage(ImagePhase.FETCHING)}
        seen = after(action, DiskSeen(self.facts, PATH, self.folders.get(FOLDER, NamedDisk()), self.stored), fetching)
        self.folders[FOLDER], self.stored = seen.named, seen.storage

    async def snapshot_tags(self, paths: Sequence[str]) -> Mapping[str, Sequence[DiskTag]]:
        return {path: self.tags[path] for path in paths if path in self.tags}


def put(host: DiskHost, of: Disk, size: int = GIB, path: str = PATH, **named: Any) -> None:
    host.folders[path.rpartition("/")[0]] = replace(there(of, size).named, **named)


def domain(
    name: str, *paths: str, live: Sequence[str] | None = (), record: str | None = "default", **fields: Any
) -> ObservedDomain:
    def config(files: Iterable[str]) -> DomainConfig:
        disks = tuple(DiskConfig(f"d{n}", "disk", path, "qcow2", "virtio", f"vd{'abc'[n]}") for n, path in enumerate(files))
        return DomainConfig(name, f"uuid-{name}", DomainType.QEMU, 2**27, 1, "q35", CpuConfig("maximum"), disks=disks)

    state = DomainState.RUNNING if live != () else DomainState.SHUTOFF
    whose = Record(f"uid-{name}", record, name) if record else None
    known = ObservedDomain(name, f"uuid-{name}", state, "booted", True, False, False, whose, config(paths), None)
    return replace(known, live=config(live) if live else None, **fields)


def chained(name: str, path: str) -> ObservedDomain:
    """It has an overlay on that path."""
    known = domain(name, "/backup/x")
    assert known.config is not None
    (overlay,) = known.config.disks
    overlay = replace(overlay, chain=(BackingFile(path, "qcow2"),))
    return replace(known, config=replace(known.config, disks=(overlay,)))


def saved(name: str, *paths: str) -> ObservedDomain:
    """It is saved with those, and its definition has none of them any more."""
    return replace(domain(name, managed_save=True), saved=domain(name, *paths).config)


DOMAINS: dict[str, list[ObservedDomain]] = {
    "none": [],
    "another": [domain("db", "/srv/x")],
    "defined": [domain("web", PATH)],
    "runs": [domain("web", "/srv/x", PATH, live=["/srv/x", PATH])],
    "runs, not plugged in": [domain("web", PATH, live=["/srv/x"])],
    "runs, and only live": [domain("web", live=[PATH])],
    "saved": [domain("web", PATH, managed_save=True)],
    "saved, only in its memory": [saved("web", PATH)],
    "a stranger's": [domain("guest", PATH, record=None)],
    "of another namespace": [domain("web", PATH, record="prod")],
    "beside it": [domain("web", f"{FOLDER}/data.snap")],
    "beside its folder": [domain("web", f"{FOLDER}2/disk.img")],
    "on an overlay": [chained("web", PATH)],
    "two": [domain("web", PATH), domain("db", PATH, live=[PATH])],
    "two, one only defined": [domain("web", PATH, live=["/srv/x"]), domain("db", PATH, live=[PATH]), domain("x", PATH)],
    "two that are off": [domain("web", PATH), domain("db", PATH)],
    "two, of which one runs without it": [domain("db", PATH), domain("web", PATH, live=["/srv/x"])],
    "not known": [domain("web", PATH, config=None)],
    "not known live": [domain("web", PATH, live=None)],
    "a stranger's, not known": [domain("guest", PATH, record=None, config=None)],
    "of the other": [domain("web", ORIGIN)],
    "of the other, runs": [domain("web", ORIGIN, live=[ORIGIN])],
    "of the other, saved": [saved("web", ORIGIN)],
    "of the other, on an overlay": [chained("web", ORIGIN)],
}
BARE = DiskSeen(HOST, PATH)


async def seen(of: Disk, host: DiskHost, *resources: Resource, claims: Claims | None = None) -> str:
    images = ImageUse()
    found = await observe_disk(of, host, Shelf(*resources), images, claims or Claims())  # type: ignore[arg-type]
    waits = sorted(images.in_use() - {PATH})
    return f"{changes(BARE, found)}{f' for {waits}' if waits else ''}{'' if PATH in images.in_use() else ' not of its file'}"


async def test_who_has_it(request: pytest.FixtureRequest) -> None:
    lines = []
    vms = {
        "": machine(),
        "suspended": machine(suspend=True),
        "never": machine(updatePolicy="Never"),
        "in prod": machine(namespace="prod", suspend=True),
    }
    for (what, domains), (how, vm) in product(DOMAINS.items(), vms.items()):
        host = DiskHost()
        host.also = domains
        lines.append(f"{what}, {how}: {await seen(disk(), host, vm)}")
    for what, domains in DOMAINS.items():
        host = DiskHost()
        host.also = domains
        lines.append(f"{what}: {'has' if has_disk(host, PATH, FOLDER) else 'has not'}")
    as_before("disks-held", lines, request)


async def test_what_it_is_made_from(request: pytest.FixtureRequest) -> None:
    lines = []
    other = disk(name="other")
    whole = there(other).named
    label = whole.label
    assert label is not None
    folders: dict[str, NamedDisk] = {
        "nothing": NamedDisk(),
        "whole": whole,
        "no file": replace(whole, file=None),
        "no label": replace(whole, label=None),
        "not complete": replace(whole, label=replace(label, made=False)),
        "unusable": replace(whole, problem="no label"),
    }
    for (what, named), (who, domains) in product(folders.items(), DOMAINS.items()):
        host = DiskHost()
        host.folders[disk_folder(ROOT, "default", "other")], host.also = named, domains
        if what == "whole" or who == "none":
            lines.append(f"{what}, {who}: {await seen(disk(**COPY), host, other)}")
    host = DiskHost()
    put(host, other, path=ORIGIN)
    for how, resources in {"not there": (), "going": (disk(name="other", deleting=True),), "there": (other,)}.items():
        lines.append(f"{how}: {await seen(disk(**COPY), host, *resources)}")
    lines.append(f"deleted: {await seen(disk(**COPY, deleting=True), host, other)}")
    put(host, disk())
    lines.append(f"made: {await seen(disk(**COPY), host, other)}")
    for source in ({"blank": {}}, IMAGE, {"image": {"imageRef": {"name": "debian"}}}):
        lines.append(f"{source}: {await seen(disk(size='1Gi', source=source), DiskHost())}")
    as_before("disks-made-from", lines, request)


async def test_what_it_is_made_from_in_a_snapshot(request: pytest.FixtureRequest) -> None:
    lines = []

    def snapshot(**meta: Any) -> Snapshot:
        known = {"name": "before", "uid": "s-1", **meta}
        return Snapshot.model_validate({"metadata": known, "spec": {"machineRef": {"name": "web"}}})

    there, file, tag = snapshot(), "/state/machines/default/web/data.qcow2", tag_of(snapshot())
    note = SnapshotNote("s-1", "uid", "web", False, (("logs", "/x"), ("data", file)), True)
    others = replace(note, disks=(("a", "/a"), ("b", "/b")))
    notes = {"none": None, "begun": replace(note, complete=False), "whole": note, "of others": others}
    tags = {"none": {}, "held": {file: [DiskTag("x", 1, 0, 5), DiskTag(tag, 2, 0, 7)]}, "lost": {file: [DiskTag("x", 1, 0, 5)]}}
    for (what, found), (how, held) in product(notes.items(), tags.items()):
        host = DiskHost()
        host.notes, host.tags = {"s-1": found} if found else {}, held  # type: ignore[assignment]
        lines.append(f"{what}, {how}: {await seen(disk(**OF_SNAPSHOT), host, there)}")
    for how, resources in {"gone": (), "going": (snapshot(deletionTimestamp="2026-01-01T00:00:00Z"),)}.items():
        lines.append(f"{how}: {await seen(disk(**OF_SNAPSHOT), host, *resources)}")
    as_before("disks-made-from-snapshots", lines, request)


async def test_who_names_it_and_who_copies_it(request: pytest.FixtureRequest) -> None:
    ref = {"disks": [{"name": "a", "size": "1Gi"}, {"name": "b", "diskRef": {"name": "data"}}]}
    users = [
        machine(**ref),
        machine(name="db", disks=[{"name": "c", "diskRef": {"name": "x"}}]),
        deployment(of=MachineTemplate.model_validate({"spec": ref})),
        machine(namespace="prod", name="x", **ref),
    ]
    lines = [f"named by {[str(key) for key in await users_of(Shelf(*users), KEY)]}: {await seen(disk(), DiskHost(), *users)}"]  # type: ignore[arg-type]
    other = Key(Disk.KIND, "default", "copy")
    for key, (how, copy) in product((KEY, other), {"none": None, "goes on": Copying(1), "failed": Copying(error="no")}.items()):
        claims, host = Claims(), DiskHost()
        claims.hold(key, [PATH])
        host.copies = {FOLDER: copy} if copy else {}
        told = await seen(disk(), host, claims=claims)
        lines.append(f"held by {key.name}, copy {how}: {told}; then {[key.name for key in claims.borrowers(PATH)]}")
    for what, facts in {"away": {"reachable": False}, "without a folder": {"storage_root": ""}}.items():
        host = DiskHost()
        host.world.host = HostFacts(**{"name": "local", "reachable": True, "uri": "", "storage_root": ROOT, **facts})
        lines.append(f"{what}: {await seen(disk(**IMAGE_OF), host, *users)}")
    as_before("disks-named", lines, request)


IMAGE_OF: dict[str, Any] = {"source": IMAGE}


class Scene:
    """One Disk, its host, and its reconciles."""

    def __init__(self, of: Disk) -> None:
        self.shelf, self.host, self.claims, self.images = Shelf(of), DiskHost(), Claims(), ImageUse()
        self.fenced = 0
        self.lines: list[str] = []
        self.reconciler = DiskReconciler(self.shelf, self.host, self.images, self.claims, self._fence)  # type: ignore[arg-type]

    def _fence(self) -> None:
        self.fenced += 1

    async def look(self, times: int = 4) -> None:
        for _ in range(times):
            if (found := self.shelf.resources.get(KEY)) is None or not await self._reconcile(found):
                return
        self.lines.append("    and so on")

    async def _reconcile(self, found: Any) -> bool:
        shelf, host, before = self.shelf, self.host, found.status
        for known in (host.done, shelf.told, shelf.statuses, shelf.said):
            known.clear()
        self.fenced, goes_on = 0, False
        try:
            step = await self.reconciler.reconcile(found)
            when = "rests" if step.after is None else step.after
            shown = "gone" if step is GONE else f"{'moved, ' if step.moved else ''}{when}"
            goes_on = step is not GONE and step.after == 0
        except DriverError as error:
            shown = f"fails: {error}"
        holders = [key.name for key in self.claims.borrowers(PATH)]
        held = f", held by {holders}" if holders else ""
        held += "" if step_is_whole(shelf, shown) else ", and not let go"
        self.lines.append(f"    {' '.join([*map(_step, host.done), '→'])} {shown}, fenced {self.fenced}{held}")
        self.lines += [f"      {reason}: {said}" for (_, reason), said in zip(shelf.told, shelf.said.get(KEY, ()), strict=True)]
        status = getattr(shelf.resources.get(KEY), "status", None)
        if status is not None and status != before:
            self.lines.append(f"      {_status(status)}")
        return goes_on


def step_is_whole(shelf: Shelf, shown: str) -> bool:
    return (shown == "gone") == (shelf.released == [KEY])


def _step(action: act.Action) -> str:
    label = getattr(action, "label", None)
    told = f" {'made' if label.made else 'to be'} {label.retained}".rstrip() if label else ""
    return f"{type(action).__name__}({getattr(action, 'size', '') or ''}{told})"


def _status(status: Any) -> str:
    conditions = [f"{c.type} {c.status} {c.reason} {c.message}".strip() for c in status.conditions]
    rest = {name: value for name, value in status.dump().items() if name != "conditions"}
    return f"{rest} {conditions}"


Step = tuple[str, Callable[[Scene], Any]]


def _edit(**spec: Any) -> Callable[[Scene], Any]:
    return lambda scene: scene.shelf.put(disk(**spec))


def _domains(what: str) -> Callable[[Scene], Any]:
    return lambda scene: setattr(scene.host, "also", DOMAINS[what])


def _image(phase: ImagePhase) -> Callable[[Scene], Any]:
    found = ObservedImage(phase, "/state/images/x", "qcow2", GIB)
    return lambda scene: setattr(scene.host, "stored", ObservedStorage(images={f"{IMAGE['image']['url']}##": found}))


def _facts(**facts: Any) -> Callable[[Scene], Any]:
    return lambda scene: setattr(scene.host.world, "host", replace(scene.host.world.host, **facts))


def _with_other(scene: Scene) -> None:
    other = disk(name="other")
    scene.shelf.put(other)
    put(scene.host, other, path=ORIGIN)


def _copying(copy: Copying | None) -> Callable[[Scene], Any]:
    return lambda scene: setattr(scene.host, "copies", {FOLDER: copy} if copy else {})


def _failing(kind: type[act.Action]) -> Callable[[Scene], Any]:
    def fail(scene: Scene) -> None:
        scene.host.failing[kind], scene.host.copies = "no space left", {}

    return fail


def _copied(scene: Scene) -> None:
    scene.host.copies = {}
    found = scene.host.folders[FOLDER]
    assert found.label is not None
    scene.host.take(act.CopyDisk(PATH, GIB, ORIGIN, "qcow2", found.label, "copied"))


def _forget(scene: Scene) -> None:
    scene.claims.hold(KEY, [PATH])
    scene.reconciler.forget(Key("Other", "default", "data"))
    scene.lines.append(f"    {len(scene.claims.borrowers(PATH))} {sorted(scene.images.in_use())}")
    scene.reconciler.forget(KEY)
    scene.lines.append(f"    {len(scene.claims.borrowers(PATH))} {sorted(scene.images.in_use())}")


def _runs(scene: Scene) -> None:
    """A machine was started with it meanwhile, which its domain does not show yet."""
    vm = machine(disks=[{"name": "d", "diskRef": {"name": "data"}}])
    scene.host.also = []
    scene.claims.begin(vm, scene.host)


ROWS: dict[str, tuple[Disk, tuple[Step, ...]]] = {
    "life": (
        disk(size="1Gi"),
        (
            ("it grows", _edit(size="2Gi")),
            ("it runs", _domains("runs")),
            ("it grows while it runs", _edit(size="3Gi")),
            ("smaller", _edit(size="1Gi")),
            ("another", _edit(size="3Gi", format="raw")),
            ("plugged in later", _domains("runs, not plugged in")),
            ("it waits to grow", _edit(size="4Gi")),
            ("deleted while it is had", _edit(size="4Gi", deleting=True)),
            ("free", _domains("none")),
        ),
    ),
    "kept": (disk(size="1Gi", reclaimPolicy="Retain"), (("deleted", _edit(size="1Gi", reclaimPolicy="Retain", deleting=True)),)),
    "erased": (disk(size="1Gi"), (("no trash", _facts(trash_keep=0.0)), ("deleted", _edit(size="1Gi", deleting=True)))),
    "of an image": (
        disk(**IMAGE_OF),
        (
            ("fetching", _image(ImagePhase.FETCHING)),
            ("failed", _image(ImagePhase.FAILED)),
            ("ready", _image(ImagePhase.READY)),
            ("forgotten", _forget),
        ),
    ),
    "a copy": (
        disk(**COPY),
        (
            ("the other is there", _with_other),
            ("it failed", _copying(Copying(error="no space left"))),
            ("it is refused", _copying(Copying(error="there is no such file", refused=True))),
            ("it is to begin, and fails", _failing(act.CopyDisk)),
            ("nothing fails", lambda scene: scene.host.failing.clear()),
            ("it is whole", _copied),
        ),
    ),
    "away": (
        disk(size="1Gi"),
        (
            ("away", _facts(reachable=False, error="no route")),
            ("deleted", _edit(size="1Gi", deleting=True)),
            ("back", _facts(reachable=True)),
        ),
    ),
    "away at first": (disk(size="1Gi"), (("nobody knows why", _facts(error="")),)),
    "failures": (
        disk(size="1Gi"),
        (
            ("growing fails", lambda scene: scene.host.failing.update({act.GrowDisk: "no space left"})),
            ("it grows", _edit(size="2Gi")),
            ("it grows again", lambda scene: scene.host.failing.clear()),
            ("removal fails", lambda scene: scene.host.failing.update({act.RemoveDisk: "busy"})),
            ("deleted", _edit(size="2Gi", deleting=True)),
            ("it goes", lambda scene: scene.host.failing.clear()),
        ),
    ),
    "taken meanwhile": (disk(size="1Gi"), (("a machine starts with it", _runs), ("it grows", _edit(size="2Gi")))),
}


async def test_its_status_by_what_happened(request: pytest.FixtureRequest) -> None:
    whole = there(disk())
    finds = {"whole": whole, "no label": replace(whole, named=replace(whole.named, label=None)), "nothing": BARE}
    step = act.RemoveDisk(PATH, "")
    change = Change("size", "1Gi", "2Gi", Disruption.LIVE)
    outcomes = Converged("DiskReady", "moved"), Waiting("Copying", "so far"), Stalled("DiskShrink", "smaller")
    errors = {"": None, "fails": DriverError("no space"), "refused": Refused("it cannot be")}
    lines = []
    for (what, found), outcome, (how, error), steps, pending in product(
        finds.items(), outcomes, errors.items(), ((), (step,)), ((), (change,))
    ):
        status = disk_status(disk(), found, Plan(steps, outcome, pending=pending), error, "2026-01-01T00:00:00Z")
        told = f"{what} {outcome.reason} {how}{' acts' if steps else ''}{' pending' if pending else ''}"
        lines.append(f"{told}: {_status(status)}")
    as_before("disks-statuses", lines, request)


@pytest.mark.parametrize("name", ROWS)
async def test_what_is_done_told_and_written_is_as_before(name: str, request: pytest.FixtureRequest) -> None:
    of, steps = ROWS[name]
    scene = Scene(of)
    if name == "away at first":
        scene.host.world.host = replace(HOST, reachable=False, error="no route")
    scene.lines.append("  it comes up")
    await scene.look()
    for what, take in steps:
        scene.lines.append(f"  {what}")
        take(scene)
        await scene.look()
    as_before(f"disk-{name.replace(' ', '-')}", scene.lines, request)


async def test_one_that_another_host_keeps_is_left_alone() -> None:
    shelf, host = Shelf(disk()), DiskHost()
    reconciler = DiskReconciler(shelf, host, ImageUse(), Claims(), kept_off=lambda of: kept_elsewhere(of, "a"))  # type: ignore[arg-type]
    assert await reconciler.reconcile(disk()) is GONE and not host.done and not shelf.statuses
