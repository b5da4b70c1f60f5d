"""A request puts no label or annotation into a template that Homeostat itself goes by: what is made of it would have them."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Right, Role
from homeostat.models.base import API_VERSION, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.kinds import KINDS
from homeostat.models.plugin import Plugin
from homeostat.models.schedule import SnapshotSchedule
from homeostat.service.changing.admission import copied_notes
from homeostat.service.kinds.collection import Collection
from homeostat.service.refusals import NotAllowed
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room

ALICE = Actor("session", Role.USER, "alice", frozenset(Right), author="alice")
MARKS = ("homeostat.dev/id", "homeostat.dev/owner", "homeostat.dev/vm-share", "homeostat.dev/abandon", "homeostat.dev/prune")
SPECS: Mapping[type[Resource], Mapping[str, Any]] = {
    VirtualMachineDeployment: {"replicas": 0, "template": {"spec": {}}},
    SnapshotSchedule: {"schedule": "@daily", "template": {"spec": {"machineRef": {"name": "web"}}}},
    Plugin: {"version": "1", "kernel": {"url": "https://example.org/vmlinuz"}},
}
PLACES: tuple[tuple[type[Resource], str], ...] = (
    (VirtualMachineDeployment, "spec.template.metadata.labels"),
    (VirtualMachineDeployment, "spec.template.metadata.annotations"),
    (SnapshotSchedule, "spec.template.labels"),
    (Plugin, "spec.labels"),
)


@pytest.fixture
def served(room: Room) -> Served:
    return Served(room)


def patch_at(place: str, notes: Mapping[str, str | None]) -> dict[str, Any]:
    found: Any = dict(notes)
    for part in reversed(place.split(".")):
        found = {part: found}
    return dict(found)


def document(kind: type[Resource], place: str, notes: Mapping[str, str]) -> dict[str, Any]:
    whole: dict[str, Any] = {"apiVersion": API_VERSION, "kind": kind.KIND, "metadata": {"name": "box"}, "spec": {**SPECS[kind]}}
    inner: Any = whole
    *above, last = place.split(".")
    for part in above:
        inner[part] = dict(inner.get(part, {}))
        inner = inner[part]
    inner[last] = dict(notes)
    return whole


async def having(served: Served, kind: type[Resource], place: str) -> Collection[Any]:
    """What alice sees of the kind, with a ``box`` that is hers and without marks."""
    desk = served.service(actor=ALICE)
    if kind is SnapshotSchedule:
        await desk.machines.make("web", {})
    await desk.of(kind).create(document(kind, place, {"tier": "a"}))
    return desk.of(kind)


@pytest.mark.parametrize(("kind", "place"), PLACES)
@pytest.mark.parametrize("mark", MARKS)
async def test_nothing_with_a_mark_is_made(served: Served, kind: type[Resource], place: str, mark: str) -> None:
    desk = served.service(actor=ALICE)
    if kind is SnapshotSchedule:
        await desk.machines.make("web", {})
    marked = document(kind, place, {"tier": "a", mark: "x"})
    said = f"{place}: {mark} is written by Homeostat alone: leave it out"
    with pytest.raises(NotAllowed, match=said):
        await desk.of(kind).create(marked)
    for dry in (True, False):
        with pytest.raises(NotAllowed, match=said):
            await desk.of(kind).apply(marked, dry)
    assert await desk.of(kind).find("box") is None


@pytest.mark.parametrize(("kind", "place"), PLACES)
async def test_nothing_gets_one_later(served: Served, kind: type[Resource], place: str) -> None:
    boxes = await having(served, kind, place)
    before = await boxes.get("box")
    with pytest.raises(NotAllowed, match=f"{place}: homeostat.dev/id"):
        await boxes.patch(before, patch_at(place, {"homeostat.dev/id": "x"}))
    with pytest.raises(NotAllowed, match=f"{place}: homeostat.dev/id"):
        await boxes.apply(document(kind, place, {"homeostat.dev/id": "x"}))
    assert await boxes.get("box") == before
    changed = await boxes.patch(before, patch_at(place, {"homeostat.example.org/id": "x", "homeostat.dev.org/id": "x"}))
    assert set(copied_notes(changed)[place]) == {"tier", "homeostat.example.org/id", "homeostat.dev.org/id"}


@pytest.mark.parametrize(("kind", "place"), PLACES)
async def test_what_the_folder_says_may_stay_or_go(served: Served, kind: type[Resource], place: str) -> None:
    boxes = await having(served, kind, place)
    file = next(served.room.folder.rglob("box.yaml"))
    file.write_text(file.read_text().replace("tier: a", "homeostat.dev/id: known"))
    served.room.store.sync()
    assert dict(copied_notes(await boxes.get("box"))[place]) == {"homeostat.dev/id": "known"}
    await boxes.patch(await boxes.get("box"), patch_at(place, {"tier": "b"}))
    with pytest.raises(NotAllowed, match=f"{place}: homeostat.dev/id"):
        await boxes.patch(await boxes.get("box"), patch_at(place, {"homeostat.dev/id": "another"}))
    changed = await boxes.patch(await boxes.get("box"), patch_at(place, {"homeostat.dev/id": None}))
    assert dict(copied_notes(changed)[place]) == {"tier": "b"}


def test_no_other_place_is_known_that_gives_them() -> None:
    """Whoever adds one says so in ``copied_notes``."""
    found = {(kind, place) for kind in KINDS for place in _notes(kind.model_fields["spec"].annotation, "spec")}
    assert found == set(PLACES)


def _notes(type: Any, place: str) -> Iterator[str]:
    """Yields where a model has labels or annotations."""
    if get_origin(type) is not None or isinstance(type, types.UnionType):
        for part in get_args(type):
            yield from _notes(part, place)
    elif inspect.isclass(type) and issubclass(type, BaseModel):
        for name, field in type.model_fields.items():
            if name in ("labels", "annotations"):
                yield f"{place}.{name}"
            else:
                yield from _notes(field.annotation, f"{place}.{name}")
