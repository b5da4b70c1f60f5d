"""What is done about Disks, whatever is observed. After a wanted change: pytest --regenerate-golden, and read the diff."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.image_source import ImageSource
from homeostat.planner.disk import plan_disk
from homeostat.planner.disk.classify import classify_disk
from homeostat.planner.disk.foresee import foresee_disk
from homeostat.planner.disk.make import label_of
from homeostat.planner.disk.observed import Copying, DiskHolder, DiskSeen, NamedDisk
from homeostat.planner.disk.orphans import DiskFolder, disk_orphans
from homeostat.planner.domain import BackingFile, MovedDisk
from homeostat.planner.files.disk_file import DISK_FILE, DISK_LABEL, DiskLabel, is_named_disk, read_disk_label, write_disk_label
from homeostat.planner.files.trash import DELETED_BECAUSE, DELETED_BY, TrashedDisk, TrashEntry
from homeostat.planner.machine.storage.disk_source import MOVED_NOTE
from homeostat.planner.observed import ImagePhase, ObservedDisk, ObservedImage, ObservedStorage
from homeostat.planner.plan import Plan, Stalled, Waiting
from tests.unit.disks import GIB, HOST, PATH, disk, nothing, there
from tests.unit.tables import as_before, differences, does, grouped, words

URL = "https://example.org/debian.qcow2"
IMAGE, SUMMED = {"url": URL}, {"url": URL, "sha256": "0" * 64, "format": "raw"}
KEY, BASE = f"{URL}##", BackingFile("/state/images/x", "qcow2")
FETCHED = ObservedImage(ImagePhase.READY, BASE.path, "qcow2", GIB)
ORIGIN = ObservedDisk("/state/disks/default/other/disk.img", GIB, None)
SELECTED = {"hostSelector": {"zone": "b"}}
SOURCES: dict[str, dict[str, Any]] = {
    "blank": {},
    "said to be blank": {"source": {"blank": {}}},
    "image": {"source": {"image": IMAGE}},
    "image with a sum": {"source": {"image": SUMMED}},
    "Image": {"source": {"image": {"imageRef": {"name": "debian"}}}},
    "Disk": {"source": {"diskRef": {"name": "other"}}},
    "Snapshot": {"source": {"snapshotRef": {"name": "before", "disk": "data"}}},
}
MOVED = MovedDisk(PATH, "/backup/x", "qcow2")


def told(plan: Plan) -> str:
    parts = {"changes": plan.changes, "pending": plan.pending}
    differ = "".join(f" {word}: {differences(found)}" for word, found in parts.items() if found)
    moved = f" moved: {plan.moved}" if plan.moved else ""
    return f"{' '.join([*map(does, plan.actions), '→'])} {words(plan.outcome)}{differ}{moved}"


def of(size: str | None = "1Gi", **spec: Any) -> Disk:
    return disk(**({"size": size} if size else {}), **spec)


def made(of: Disk, **seen: Any) -> DiskSeen:
    """What is there before it is made. An Image stands for that URL."""
    source = of.spec.source
    image = source.image if source else None
    stands = ImageSource.model_validate(IMAGE) if image and image.image_ref else image
    return nothing(image=stands, **seen)


def begun() -> Iterator[str]:
    """In all formats and sizes."""
    storage = ObservedStorage(images={key: FETCHED for key in (KEY, f"{URL}#{'0' * 64}#raw", f"{URL}#raw#{'0' * 64}")})
    for (what, source), format in product(SOURCES.items(), ("qcow2", "raw", "vmdk")):
        sizes = ["1Gi", "1500000001", "512Mi", *((None,) if source.get("source", {"blank": {}}) != {"blank": {}} else ())]
        results = []
        for size in sizes:
            wanted = of(size, format=format, **source)
            plan = plan_disk(wanted, made(wanted, storage=storage, origin=ORIGIN, origin_tag="tag" if what == "Snapshot" else ""))
            results.append((str(size), told(plan)))
        yield from grouped(f"{what}, {format}", results)


def waits() -> Iterator[str]:
    """With what is not there yet."""
    blank, image, copy = of(), of(source={"image": IMAGE}), of(**SOURCES["Disk"])
    busy = Waiting("SourceInUse", "machine web runs with it")
    fetching = ObservedStorage(images={KEY: replace(FETCHED, phase=ImagePhase.FETCHING, path=None)})
    label, holder = label_of(blank, None, made=False), DiskHolder("web", "u", False, source=PATH)
    complete = replace(label, made=True)
    seen: dict[str, tuple[Disk, DiskSeen]] = {
        "image not asked for": (image, made(image)),
        "image being fetched": (image, made(image, storage=fetching)),
        "image unknown": (image, nothing()),
        "image refused": (image, made(image, image_problem=Stalled("ImageNotFound", "there is none"))),
        "source busy": (copy, nothing(origin_problem=busy, origin=ORIGIN)),
        "copying": (copy, nothing(origin=ORIGIN, copy=Copying(3 * 2**20))),
        "copy failed": (copy, nothing(origin=ORIGIN, copy=Copying(error="no space"))),
        "copy refused": (copy, nothing(origin=ORIGIN, copy=Copying(error="no", refused=True))),
        "labelled": (blank, nothing(named=NamedDisk(label=label, there=True))),
        "labelled otherwise": (blank, nothing(named=NamedDisk(label=replace(label, uid="x"), there=True))),
        "vanished": (blank, nothing(named=NamedDisk(label=complete, there=True))),
        "vanished, held": (blank, nothing(named=NamedDisk(label=complete, there=True), holder=holder)),
        "held": (blank, nothing(holder=holder)),
        "held, copying": (blank, nothing(holder=holder, copy=Copying(1))),
        "vanished, in the trash": (blank, nothing(named=NamedDisk(label=complete, there=True), storage=trash())),
        "vanished, copy failed": (blank, nothing(named=NamedDisk(label=complete), copy=Copying(error="no space"))),
        "without a label": (blank, nothing(named=NamedDisk(ObservedDisk(PATH, GIB, None), there=True))),
        "unusable": (blank, nothing(named=NamedDisk(problem="no label", there=True))),
        "not selected": (of(**SELECTED), nothing()),
        "not selected, and there": (of(**SELECTED), there(of())),
        "not selected, in the trash": (of(**SELECTED), nothing(storage=trash())),
    }
    for what, (wanted, found) in seen.items():
        yield f"{what}: {told(plan_disk(wanted, found))}"
    hosts = {
        "away": replace(HOST, reachable=False, error="no route"),
        "nobody knows why": replace(HOST, reachable=False, error=""),
    }
    for what, host in hosts.items():
        for deleting in (False, True):
            yield f"{what}, {deleting}: {told(plan_disk(disk(size='1Gi', deleting=deleting), replace(there(of()), host=host)))}"


def trash(label: DiskLabel | None = None, **fields: Any) -> ObservedStorage:
    kept = replace(TrashedDisk("data", PATH, 1, GIB, BASE.path, "", ""), **fields)
    entry = TrashEntry("e", "default", "data", "uid-data", "deleted", "2026", "", True, disks=(kept,))
    return ObservedStorage(trash=(replace(entry, label=label or label_of(of(), BASE, made=True, retained="since then")),))


def returns() -> Iterator[str]:
    """From the trash, or from where it was kept."""
    entries = {
        "as it was": trash(),
        "moved": trash(source="/backup/x", source_format="raw"),
        "larger": trash(virtual_size=GIB + 1),
        "raw": trash(label_of(of(format="raw"), None, made=True)),
        "of an image": trash(label_of(of(**SOURCES["image"]), BASE, made=True)),
        "another's": ObservedStorage(trash=(replace(trash().trash[0], uid="another"),)),
        "without a label": ObservedStorage(trash=(replace(trash().trash[0], label=None),)),
    }
    holder = DiskHolder("web", "u", False, source=PATH)
    for what, storage in entries.items():
        for size in ("1Gi", None):
            wanted = of(size, source={"image": IMAGE}) if size is None else of()
            yield f"{what}, {size}: {told(plan_disk(wanted, made(wanted, storage=storage)))}"
        yield f"{what}, held: {told(plan_disk(of(), nothing(storage=storage, holder=holder)))}"
        failed = nothing(storage=storage, copy=Copying(error="no space"))
        yield f"{what}, after a copy: {told(plan_disk(of(), failed))}"


def sized() -> Iterator[str]:
    """With one that is there, on nothing or on an image, and who has it."""
    runs = DiskHolder("web", "u", True, source=PATH, target="vdb")
    holders = {
        "nobody": None,
        "runs": runs,
        "off": replace(runs, active=False, target=""),
        "saved": replace(runs, active=False, target="", saved=True),
        "not plugged in": replace(runs, target=""),
        "stays": replace(runs, stays="machine web is suspended"),
        "stays, not plugged in": replace(runs, stays="machine web is suspended", target=""),
        "elsewhere": replace(runs, source="/backup/x"),
        "off, stays": replace(runs, active=False, stays="machine web is suspended"),
    }
    seen: dict[str, dict[str, Any]] = {"": {}, "busy": {"busy": "Disk x is copied from it"}}
    seen["moved"] = {"storage": ObservedStorage(moved=(MOVED,))}
    for format, (who, holder) in product(("qcow2", "raw", "vmdk"), holders.items()):
        cases = product(("512Mi", "1Gi", "1073741825", None), seen.items())
        results = (
            (
                f"{size} {what}".strip(),
                told(plan_disk(of(size, format=format, **as_image(size)), at_rest(size, format, holder, more))),
            )
            for size, (what, more) in cases
        )
        yield from grouped(f"{format}, {who}", results)


def as_image(size: str | None) -> dict[str, Any]:
    return {} if size else {"source": {"image": IMAGE}}


def at_rest(size: str | None, format: str, holder: DiskHolder | None, more: dict[str, Any]) -> DiskSeen:
    return there(of(size, format=format, **as_image(size)), holder=holder, **more)


def others() -> Iterator[str]:
    """A file that is not what the spec asks for, or that its guest forged."""
    for (what, had), (now, wanted) in product(SOURCES.items(), SOURCES.items()):
        if what != now:
            yield f"{what} > {now}: {told(plan_disk(of(**wanted), there(of(**had))))}"
    formats = product(("qcow2", "raw", "vmdk"), repeat=2)
    yield from (f"{had} > {now}: {told(plan_disk(of(format=now), there(of(format=had))))}" for had, now in formats)
    labels: dict[str, dict[str, Any]] = {
        "retained": {"retained": "2026-01-01: the Disk was deleted"},
        "retained, another": {"retained": "2026-01-01: the Disk was deleted", "format": "raw"},
        "incomplete": {"made": False},
        "another uid": {"uid": "x"},
        "on an image": {"base": BASE},
    }
    for (what, fields), backing in product(labels.items(), (None, BASE.path, "/etc/shadow")):
        seen = there(of())
        assert seen.named.label is not None and seen.named.file is not None
        named = replace(seen.named, label=replace(seen.named.label, **fields), file=replace(seen.named.file, backing=backing))
        yield f"{what}, on {backing}: {told(plan_disk(of(), replace(seen, named=named)))}"


def removed() -> Iterator[str]:
    """Whoever has it, in whatever state."""
    runs = DiskHolder("web", "u", True, source=PATH, target="vdb")
    users: dict[str, dict[str, Any]] = {
        "runs": {"holder": runs},
        "off": {"holder": replace(runs, active=False)},
        "one": {"users": ("vm/web",)},
        "three": {"users": ("vm/a", "vm/b", "vm/c")},
        "four": {"users": ("vm/a", "vm/b", "vm/c", "vm/d")},
        "copying": {"copy": Copying(1)},
        "copy failed": {"copy": Copying(error="no space")},
        "busy": {"busy": "Disk x is copied from it"},
    }
    gone = disk(size="1Gi", deleting=True)
    yield from (f"{what}: {told(plan_disk(gone, there(gone, **seen)))}" for what, seen in users.items())
    label = label_of(gone, BASE, made=True)
    other = replace(label, format="raw", source="image x", made=False)
    file = ObservedDisk(PATH, GIB, None)
    names = {
        "whole": NamedDisk(file, label, there=True),
        "another": NamedDisk(file, other, there=True),
        "retained": NamedDisk(file, replace(label, retained="earlier"), there=True),
        "no file": NamedDisk(label=label, there=True),
        "no label": NamedDisk(file, there=True),
        "a folder": NamedDisk(there=True),
        "a file of nowhere": NamedDisk(file, label),
        "nothing": NamedDisk(),
    }
    told_by = {DELETED_BECAUSE: "asked for by ada", DELETED_BY: "ada"}
    for (what, named), policy, by in product(names.items(), ("Delete", "Retain"), ({}, told_by)):
        going = disk(size="1Gi", deleting=True, reclaimPolicy=policy)
        going = going.model_copy(update={"metadata": going.metadata.model_copy(update={"annotations": by})})
        results = (
            (f"{keep}", told(plan_disk(going, replace(nothing(named=named), host=replace(HOST, trash_keep=keep)))))
            for keep in (0.0, 1.0)
        )
        yield from grouped(f"{what}, {policy}, {'by ada' if by else ''}", results)


def foreseen() -> Iterator[str]:
    """To the end."""
    known = replace(FETCHED, virtual_size=3 * 2**20)
    images = {"known": {KEY: known}, "unknown": {}, "never": {KEY: replace(known, phase=ImagePhase.MISSING)}}
    storage = ObservedStorage(images={"other##": replace(FETCHED, path="/state/images/other", virtual_size=7 * 2**30)})
    for (what, source), size, (found, fetched) in product(SOURCES.items(), ("2Gi", None), images.items()):
        if size or what not in ("blank", "said to be blank"):
            wanted = of(size, **source)
            plan, seen = foresee_disk(wanted, made(wanted, origin=ORIGIN, storage=storage), fetched)
            yield f"{what}, {size}, {found}: {told(plan)} {seen.named}"
    rows = {
        "grown": (of("2Gi"), there(of())),
        "back": (of("2Gi"), nothing(storage=ObservedStorage(trash=(*beside(), *trash().trash)))),
        "gone": (disk(size="1Gi", deleting=True), there(of())),
        "waits": (of(), nothing(copy=Copying(1))),
        "kept": (disk(size="1Gi", deleting=True, reclaimPolicy="Retain"), there(of())),
    }
    for what, (wanted, seen) in rows.items():
        plan, after = foresee_disk(wanted, seen, {})
        yield f"{what}: {told(plan)} {after.named} {len(after.storage.trash)}"


def beside() -> tuple[TrashEntry, ...]:
    """What else is in the trash."""
    (entry,) = trash().trash
    (kept,) = entry.disks
    return (
        replace(entry, entry="x", uid="x", disks=(replace(kept, name="logs", virtual_size=9), replace(kept, virtual_size=10))),
    )


def classified() -> Iterator[str]:
    """What an edit takes, before it is made and after."""
    edits: dict[str, dict[str, Any]] = {
        "smaller": {"size": "512Mi"},
        "as it is": {"size": "1500000001"},
        "a little larger": {"size": "1500000257"},
        "larger": {"size": "2Gi"},
        "no size": {"source": {"image": IMAGE}},
        "raw": {"size": "1500000001", "format": "raw"},
        "vmdk, larger": {"size": "2Gi", "format": "vmdk"},
        "vmdk": {"size": "1500000001", "format": "vmdk"},
        "retained": {"size": "1500000001", "reclaimPolicy": "Retain"},
        "elsewhere": {"size": "1500000001", "hostSelector": {"zone": "b", "disk": "ssd"}},
    }
    for (what, before), (now, edit) in product(edits.items(), edits.items()):
        had, made = disk(**before), DiskStatus(virtual_size=1500000256)
        told = [
            differences(classify_disk(of, disk(**edit))) for of in (had, with_status(had, DiskStatus()), with_status(had, made))
        ]
        if told[0]:
            yield f"{what} > {now}: {told[2]}{'; not made: ' + told[0] if told[0] != told[2] else ''}; {told[1] == told[0]}"


def with_status(of: Disk, status: DiskStatus) -> Disk:
    return of.model_copy(update={"status": status})


def labels() -> Iterator[str]:
    label = label_of(of(), BASE, made=True, retained="since then")
    text = write_disk_label(label)
    yield f"{text} {read_disk_label(text) == label}"
    for bad in ("", "[]", "{}", text.replace("true", "7"), text.replace('"name"', '"nom"')):
        with pytest.raises(ValueError) as caught:
            read_disk_label(bad)
        yield str(caught.value)
    paths = (PATH, "/state/disks/x/disk.img", "/state/disks/x/other.img", "/elsewhere/disks/x/disk.img", "/state/disksx/disk.img")
    yield from (f"{path}: {is_named_disk('/state', path)}" for path in paths)


def orphaned() -> Iterator[str]:
    label = label_of(of(), None, made=True)
    files = ((DISK_FILE, 7), (DISK_LABEL, 8), (MOVED_NOTE, 9), ("notes.txt", 10))
    labels = {"labelled": label, "retained": replace(label, retained="2026: kept"), "unlabelled": None}
    for (what, found), named in product(labels.items(), ((), {("default", "data")}, {("prod", "data"), ("default", "x")})):
        folder = DiskFolder("default", "data", "/state/disks/default/data", found, files)
        yield f"{what}, {sorted(named)}: {'; '.join(map(does, disk_orphans([folder], named)))}"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "begun": begun,
    "waits": waits,
    "returns": returns,
    "sized": sized,
    "others": others,
    "removed": removed,
    "foreseen": foreseen,
    "orphaned": orphaned,
    "classified": classified,
    "labels": labels,
}


@pytest.mark.parametrize("name", TABLES)
def test_what_is_done_is_as_before(name: str, request: pytest.FixtureRequest) -> None:
    as_before(f"disks-{name}", TABLES[name](), request)
