"""Whoever owns a resource is charged before it is made or changed, whoever asks; and nothing is made that cannot be charged."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from homeostat.accounts.actor import HOUSE, Actor
from homeostat.accounts.charges.measures import NOTHING, Amounts, Measure
from homeostat.accounts.rights import Right, Role
from homeostat.models.base import API_VERSION, OWNER, Key, ObjectMeta, OwnerReference
from homeostat.models.deployment import MachineRevision, MachineRevisionSpec, MachineTemplate, VirtualMachineDeployment
from homeostat.service.changes import Changes
from homeostat.service.charges.charging import asked_of
from homeostat.service.charges.ledger import NoLedger
from homeostat.service.kinds import collection
from homeostat.service.refusals import OverQuota
from homeostat.service.service import Service
from homeostat.store.desired import FolderState, Workspace
from homeostat.store.errors import AlreadyExists
from tests.unit.serving import Allowed, arriving, disk_of
from tests.unit.store_fixtures import Room

BOB = Actor("session", Role.USER, "bob", frozenset({Right.SEE, Right.CHANGE, Right.COPY}))
GIB = 2**30


@dataclass
class Book:
    """Charges in memory."""

    full: bool = False
    had: Amounts = field(default_factory=dict)
    lines: list[tuple[str, str, str, int]] = field(default_factory=list)

    @asynccontextmanager
    async def charging(self, owner: str, key: Key, cost: Amounts, had: Amounts = NOTHING) -> AsyncIterator[None]:
        await self.check(owner, key, cost, had, "charge")
        try:
            yield
        except BaseException:
            self.lines.append(("give back", owner, key.name, 0))
            raise

    async def check(self, owner: str, key: Key, cost: Amounts, had: Amounts = NOTHING, said: str = "check") -> None:
        self.had = had
        self.lines.append((said, owner, key.name, cost.get(Measure.DISK, 0)))
        if self.full:
            raise OverQuota("it is full")

    async def settle(self, key: Key) -> None:
        self.lines.append(("settle", "", key.name, 0))

    def take(self) -> list[tuple[str, str, str, int]]:
        lines, self.lines = self.lines, []
        return lines


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def whole(room: Room, book: Book) -> Service:
    workspace = Workspace(room.store, FolderState(room.store), "default")
    return Service(workspace, Changes(lambda: 0, lambda: False, 0.01), Allowed(room.state.root), ledger=book)


async def test_made_changed_and_deleted(whole: Service, book: Book) -> None:
    disks = whole.asked_by(BOB).disks
    made = await disks.make("data", {"size": "1Gi"})
    assert book.take() == [("charge", "bob", "data", GIB)]
    made = await disks.patch(made, {"metadata": {"labels": {"a": "b"}}})
    assert book.take() == [], "it costs what it did"
    made = await disks.patch(made, {"spec": {"size": "2Gi"}}, dry=True)
    assert book.take() == [("check", "bob", "data", 2 * GIB)]
    changed = await whole.house.disks.patch(await disks.get("data"), {"spec": {"size": "3Gi"}})
    assert book.take() == [("charge", "bob", "data", 3 * GIB)], "whoever asks, it is his"
    await disks.delete(changed)
    assert book.take() == [("settle", "", "data", 0)]


async def test_applied(whole: Service, book: Book) -> None:
    def document(size: str) -> dict[str, object]:
        return {"apiVersion": API_VERSION, "kind": "Disk", "metadata": {"name": "data"}, "spec": {"size": size}}

    disks = whole.asked_by(BOB).disks
    await disks.apply(document("1Gi"), dry=True)
    await disks.apply(document("1Gi"))
    await disks.apply(document("1Gi"))
    await whole.house.disks.apply(document("2Gi"), dry=True)
    await whole.house.disks.apply(document("2Gi"))
    sizes = [("check", "bob", "data", GIB), ("charge", "bob", "data", GIB)]
    assert book.take() == [*sizes, *((said, who, name, 2 * size) for said, who, name, size in sizes)]
    book.full = True
    with pytest.raises(OverQuota):
        await disks.apply(document("3Gi"))
    assert (await disks.get("data")).spec.size == 2 * GIB


async def test_what_a_document_leaves_alone_costs_what_it_did(whole: Service, book: Book) -> None:
    machines = whole.asked_by(BOB).machines
    await machines.make("web", {"resources": {"vcpu": 2}})
    book.take()
    document = {"apiVersion": API_VERSION, "kind": "VirtualMachine", "metadata": {"name": "web"}, "spec": {"suspend": True}}
    for dry in (True, False):
        await machines.apply(document, dry)
        assert book.take() == []


def writes(node: ast.AST, charged: bool = False) -> list[tuple[str, bool]]:
    """Returns which methods of the desired state are called below a node, and whether within a charge."""
    if isinstance(node, ast.AsyncWith):
        charged = charged or "self._charging(" in ast.unparse(node.items[0])
    found = [each for child in ast.iter_child_nodes(node) for each in writes(child, charged)]
    called = re.match(r"self\._desired\.(\w+)\(", ast.unparse(node)) if isinstance(node, ast.Call) else None
    return [*found, (called[1], charged)] if called else found


def test_whatever_writes_a_resource_charges_for_it() -> None:
    found = writes(ast.parse(inspect.getsource(collection)))
    assert sorted(found) == [("apply", False), ("apply", True), ("create", True), ("delete", False), ("patch", True)]
    assert "self._desired.apply(wanted, self.author, False, True, version)" in inspect.getsource(collection), (
        "the first one is dry"
    )
    others = [path.name for path in Path(collection.__file__).parent.glob("*.py") if "_desired." in path.read_text()]
    assert others == ["collection.py"]


async def test_what_is_nobodys_is_not_charged(whole: Service, book: Book) -> None:
    made = await whole.house.disks.make("data", {"size": "1Gi"})
    await whole.house.disks.patch(made, {"spec": {"size": "2Gi"}})
    assert book.take() == []


async def test_beyond_the_limit_nothing_is_done(whole: Service, book: Book) -> None:
    disks = whole.asked_by(BOB).disks
    made = await disks.make("data", {"size": "1Gi"})
    book.full = True
    for asked in (disks.make("more", {"size": "1Gi"}), disks.make("more", {"size": "1Gi"}, dry=True)):
        with pytest.raises(OverQuota):
            await asked
    with pytest.raises(OverQuota):
        await disks.patch(made, {"spec": {"size": "2Gi"}})
    assert await disks.find("more") is None
    assert (await disks.get("data")).spec.size == GIB


async def test_what_comes_to_nothing_is_given_back(whole: Service, book: Book) -> None:
    await whole.house.disks.make("data", {"size": "1Gi"})
    with pytest.raises(AlreadyExists):
        await whole.asked_by(BOB).disks.make("data", {"size": "1Gi"})
    assert [line[:3] for line in book.take()] == [("charge", "bob", "data"), ("give back", "bob", "data")]


async def test_machines_with_their_plugins_part(room: Room, whole: Service, book: Book) -> None:
    await whole.asked_by(BOB).plugins.make(
        "big", {"version": "1", "kernel": {"url": "https://images.example/vmlinuz"}, "resources": {"vcpu": 7}}
    )
    await whole.asked_by(BOB).machines.make("web", {"pluginRef": {"name": "big"}})
    usage = await whole.usage()
    assert usage.found["bob"][Key("VirtualMachine", "default", "web")][Measure.VCPUS] == 7


PLUGIN = {"version": "1", "kernel": {"url": "https://images.example/vmlinuz"}, "resources": {"vcpu": 2}}


async def test_a_plugin_costs_what_its_owner_made_from_it(whole: Service, book: Book) -> None:
    his = whole.asked_by(BOB)
    plugin = await his.plugins.make("page", PLUGIN)
    await his.machines.make("web", {"pluginRef": {"name": "page"}, "runStrategy": "Halted"})
    await his.deployments.make("shop", {"replicas": 2, "template": {"spec": {"pluginRef": {"name": "page"}}}})
    await whole.house.machines.make("others", {"pluginRef": {"name": "page"}})
    book.take()
    await his.plugins.patch(plugin, {"spec": {"description": "nothing of a machine"}})
    assert book.take() == []
    plugin = await his.plugins.patch(await his.plugins.get("page"), {"spec": {"resources": {"vcpu": 3}}})
    assert [line[:3] for line in book.take()] == [("charge", "bob", "web"), ("charge", "bob", "shop")]
    book.full = True
    with pytest.raises(OverQuota):
        await his.plugins.patch(plugin, {"spec": {"resources": {"vcpu": 4}}})
    assert (await his.plugins.get("page")).spec.resources.vcpu == 3


async def test_what_it_costs_already_is_said_with_what_it_is_to_cost(whole: Service, book: Book) -> None:
    made = await whole.asked_by(BOB).machines.make("web", {"resources": {"vcpu": 2}})
    await whole.asked_by(BOB).machines.patch(made, {"spec": {"runStrategy": "Halted"}})
    assert (book.had[Measure.VCPUS], book.had[Measure.RUNNING]) == (2, 1)


async def test_a_deployment_that_goes_back_costs_what_it_goes_back_to(room: Room, whole: Service, book: Book) -> None:
    his = whole.asked_by(BOB).deployments
    made = await his.make("shop", {"replicas": 1, "template": {"spec": {"resources": {"vcpu": 1}}}})
    template = MachineTemplate.model_validate({"spec": {"resources": {"vcpu": 9}}})
    spec = MachineRevisionSpec(deployment="shop", revision=1, template=template, fingerprint="f")
    owner = OwnerReference(api_version=API_VERSION, kind=made.kind, name="shop", uid=made.metadata.uid)
    theirs = owner.model_copy(update={"uid": "another"})
    for number, of in ((1, owner), (2, theirs)):
        metadata = ObjectMeta(name=f"shop-{number}", owner_references=(of,))
        await room.store.apply_owned(MachineRevision(metadata=metadata, spec=spec.model_copy(update={"revision": number})))
    cost = {number: await asked_of(room.store, made, with_rollback(made, number)) for number in (1, 2, 3)}
    assert cost[1][0].cost[Measure.VCPUS] == 18, "with one that stands in meanwhile"
    assert cost[2] == cost[3] == [], "no revision of this deployment"


def with_rollback(deployment: VirtualMachineDeployment, number: int) -> VirtualMachineDeployment:
    return deployment.model_copy(update={"spec": deployment.spec.model_copy(update={"rollback_to": number})})


async def test_a_count_finds_what_is_somebodys(whole: Service, book: Book) -> None:
    await whole.asked_by(BOB).disks.make("data", {"size": "1Gi"})
    await whole.house.disks.make("other", {"size": "1Gi"})
    await whole.asked_by(BOB).networks.make("costs-nothing", {"addresses": [{"cidr": "10.99.0.1/24"}]})
    upload = await whole.asked_by(BOB).uploads.begin("iso", 7)
    assert book.take()[-2:] == [("charge", "bob", "iso", 7), ("settle", "", "iso", 0)]
    usage = await whole.usage()
    assert usage.found == {
        "bob": {
            Key("Disk", "default", "data"): {Measure.DISK: GIB},
            Key("Image", "default", "iso"): {Measure.UPLOADS: 1, Measure.DISK: 7},
        }
    }
    assert upload.owner == "bob"
    assert "Image" in usage.kinds


async def test_an_upload_that_ended_costs_what_it_is(whole: Service, book: Book) -> None:
    uploads, content = whole.asked_by(BOB).uploads, disk_of(4096)
    begun = await uploads.begin("iso", None)
    await uploads.append(begun, 0, arriving(content))
    book.take()
    await uploads.finish(begun)
    assert [line[:3] for line in book.take()][-1] == ("settle", "", "iso")  # so the next count says


async def test_uploads_elsewhere_are_not_counted(room: Room) -> None:
    workspace = Workspace(room.store, FolderState(room.store), "default")
    here = Service(workspace, Changes(lambda: 0, lambda: False, 0.01), Allowed(room.state.root, uploads_elsewhere="there"))
    assert "Image" not in (await here.usage()).kinds


async def test_without_accounts_nothing_is_charged(room: Room) -> None:
    workspace = Workspace(room.store, FolderState(room.store), "default")
    free = Service(workspace, Changes(lambda: 0, lambda: False, 0.01), Allowed(room.state.root))
    made = await free.asked_by(BOB).disks.make("data", {"size": "1Gi"})
    assert made.metadata.labels[OWNER] == "bob"
    assert isinstance(free.asked_by(HOUSE).asking.ledger, NoLedger)
