"""Every change that somebody asks for is noted before it is made, with how it ended; and nothing is done that cannot be noted."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from homeostat import service
from homeostat.accounts.actor import HOUSE, Actor
from homeostat.accounts.errors import DatabaseBusy
from homeostat.accounts.rights import Right, Role
from homeostat.models.disk import Disk
from homeostat.service.changes import Changes
from homeostat.service.journal import Deed, DeedOutcome, PassedOn, fields_of, noted
from homeostat.service.kinds.collection import Collection
from homeostat.service.refusals import NotYours, Refusal
from homeostat.service.service import Service
from homeostat.store.desired import FolderState, Workspace
from homeostat.store.errors import AlreadyExists, StoreError
from tests.unit.serving import Allowed
from tests.unit.store_fixtures import Room

BOB = Actor("session", Role.USER, "bob", frozenset({Right.SEE, Right.CHANGE}), address="192.0.2.1")


@dataclass
class Notes:
    """A journal in memory."""

    broken: bool = False
    ends_badly: bool = False
    lines: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    async def begin(self, actor: Actor, deed: Deed) -> str | None:
        if self.broken:
            raise DatabaseBusy("it is locked")
        self.lines.append(("Begun", actor.name, deed.verb, f"{deed.kind}/{deed.name}", ""))
        return str(len(self.lines))

    async def end(self, begun: str, actor: Actor, deed: Deed, outcome: DeedOutcome) -> None:
        if self.ends_badly:
            raise DatabaseBusy("it is locked")
        self.lines.append((outcome, actor.name, deed.verb, f"{deed.kind}/{deed.name}", deed.message))


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def whole(room: Room, notes: Notes) -> Service:
    workspace = Workspace(room.store, FolderState(room.store), "default")
    return Service(workspace, Changes(lambda: 0, lambda: False, 0.01), Allowed(room.state.root), notes)


def disks(whole: Service, actor: Actor) -> Collection[Disk]:
    return whole.asked_by(actor).disks


async def test_what_is_done(whole: Service, notes: Notes) -> None:
    made = await disks(whole, BOB).make("data", {"size": "1Gi"})
    changed = await disks(whole, BOB).patch(made, {"spec": {"size": "2Gi"}, "metadata": {"labels": {"a": "b"}}})
    await disks(whole, BOB).delete(changed)
    assert notes.lines == [
        ("Begun", "bob", "create", "Disk/data", ""),
        ("Done", "bob", "create", "Disk/data", ""),
        ("Begun", "bob", "change", "Disk/data", ""),
        ("Done", "bob", "change", "Disk/data", "spec.size, metadata.labels.a"),
        ("Begun", "bob", "delete", "Disk/data", ""),
        ("Done", "bob", "delete", "Disk/data", ""),
    ]


async def test_what_is_refused(whole: Service, notes: Notes) -> None:
    made = await disks(whole, HOUSE).make("data", {"size": "1Gi"})
    notes.lines.clear()
    with pytest.raises(AlreadyExists):
        await disks(whole, BOB).make("data", {"size": "1Gi"})
    for change in (disks(whole, BOB).delete(made), disks(whole, BOB).patch(made, {"spec": {"size": "2Gi"}})):
        with pytest.raises(NotYours):
            await change
    ends = [line for line in notes.lines if line[0] != "Begun"]
    assert [line[:4] for line in ends] == [
        ("Refused", "bob", "create", "Disk/data"),
        ("Refused", "bob", "delete", "Disk/data"),
        ("Refused", "bob", "change", "Disk/data"),
    ]
    assert all("data" in line[4] for line in ends)


async def test_what_only_looks_is_not_noted(whole: Service, notes: Notes) -> None:
    made = await disks(whole, HOUSE).make("data", {"size": "1Gi"})
    notes.lines.clear()
    await disks(whole, HOUSE).make("more", {"size": "1Gi"}, dry=True)
    await disks(whole, HOUSE).patch(made, {"spec": {"size": "2Gi"}}, dry=True)
    await disks(whole, HOUSE).patch(made, {})
    await disks(whole, HOUSE).get("data")
    assert not notes.lines


async def test_what_cannot_be_noted_is_not_done(whole: Service, notes: Notes) -> None:
    made = await disks(whole, HOUSE).make("data", {"size": "1Gi"})
    notes.broken = True
    for change in (
        disks(whole, HOUSE).make("more", {"size": "1Gi"}),
        disks(whole, HOUSE).patch(made, {"spec": {"size": "2Gi"}}),
        disks(whole, HOUSE).delete(made),
    ):
        with pytest.raises(DatabaseBusy):
            await change
    assert await disks(whole, HOUSE).get("data") == made and await disks(whole, HOUSE).count() == 1


async def test_what_was_done_is_answered_though_its_end_cannot_be_noted(
    whole: Service, notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    notes.ends_badly = True
    assert (await disks(whole, BOB).make("data", {"size": "1Gi"})).metadata.name == "data"
    with pytest.raises(AlreadyExists):
        await disks(whole, BOB).make("data", {"size": "1Gi"})
    assert "create Disk data: Done (it is locked)" in caplog.text


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (Refusal("no"), "Refused", "no"),
        (StoreError("the disk is full"), "Failed", "the disk is full"),
        (RuntimeError("a secret"), "Failed", "RuntimeError"),
        (PassedOn("the API beside it does it"), "PassedOn", "the API beside it does it"),
        (KeyboardInterrupt(), "Interrupted", ""),
    ],
)
async def test_how_it_ended(notes: Notes, error: BaseException, outcome: str, said: str) -> None:
    with pytest.raises(type(error)):
        async with noted(notes, BOB, Deed("change", "Disk", "data", "default", "spec")):
            raise error
    assert notes.lines[-1] == (outcome, "bob", "change", "Disk/data", said)


def test_of_a_change_its_fields_are_named_and_not_what_it_says() -> None:
    assert fields_of({"spec": {"display": {"vnc": {"password": "secret"}}, "disks": [1], "tpm": None, "rng": {}}}) == (
        "spec.display.vnc.password, spec.disks, spec.tpm, spec.rng"
    )
    many = {f"f{i}": i for i in range(25)}
    assert fields_of(many).endswith("f19 and 5 more")


WRITING = re.compile(r"desired\.(create|patch|delete)\(|_folder\.(begin|discard)\b|_trash\.(restore|erase)\b|copy_to_send\(")
WRITERS = {
    "Collection._create": "create",
    "Collection._patch": "patch",
    "Collection.delete": "",
    "ImageUploads._begin": "begin",
    "ImageUploads.forget": "discard",  # what finish refuses of an upload that begin noted
    "TrashRoom._restore": "restore",
    "TrashRoom._erase": "erase",
    "DiskExports._copied": "",  # of what of_machine, of_snapshot and of_disk note
}
"""What changes anything, and the method that notes it before; "" where it does so itself."""


def test_nothing_else_in_the_service_changes_anything() -> None:
    found, noting = set(), set()
    for path in Path(inspect.getfile(service)).parent.rglob("*.py"):
        for name, source in functions(ast.parse(path.read_text())):
            if WRITING.search(source):
                found.add(name)
            if "noting(" in source:
                noting.add(name)
    assert found == set(WRITERS)
    assert {f"{name.split('.')[0]}.{noted}" for name, noted in WRITERS.items() if noted} <= noting
    assert {"Collection.delete", *(f"DiskExports.of_{what}" for what in ("machine", "snapshot", "disk"))} <= noting


def functions(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            parts = [(f"{node.name}.{part.name}", part) for part in node.body if isinstance(part, FUNCTION)]
        else:
            parts = [(node.name, node)] if isinstance(node, FUNCTION) else []
        yield from ((name, ast.unparse(part)) for name, part in parts)


FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
