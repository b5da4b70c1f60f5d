"""What had a name leaves disks, histories and schedules that go by it: nobody gets at them by making something of that name."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.accounts.actor import HOUSE, Actor
from homeostat.accounts.rights import Right, Role
from homeostat.driver.storage.trash import LABEL
from homeostat.models.base import API_VERSION, Key, OwnerReference, Resource
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.planner.files.trash import TrashedDisk, TrashEntry, write_label
from homeostat.service.desk import Desk
from homeostat.service.kinds.collection import Collection
from homeostat.store.errors import AlreadyExists
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room

PLUGINLESS = {"replicas": 0, "template": {"spec": {}}}
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("machines", {}),
    ("disks", {"size": "1Mi"}),
    ("images", {"source": {"url": "https://images.example/a.qcow2"}}),
    ("networks", {"addresses": [{"cidr": "10.9.0.1/24"}]}),
    ("deployments", PLUGINLESS),
]


class House:
    def __init__(self, room: Room) -> None:
        self.store = room.store
        whole = Served(room).whole()
        self.alice, self.bob = (whole.asked_by(self.account(name)) for name in ("alice", "bob"))
        self.moderator = whole.asked_by(self.account("mona", Role.MODERATOR))
        self.admin = whole.asked_by(HOUSE)

    @staticmethod
    def account(name: str, role: Role = Role.USER) -> Actor:
        return Actor("session", role, name, frozenset(Right), author=name)

    async def gone(self, desk: Desk, kind: str, name: str) -> None:
        """Deletes a resource, of which the operator then lets go."""
        collection: Collection[Any] = getattr(desk, kind)
        resource: Resource = await collection.get(name)
        await collection.delete(resource)
        await self.store.release(resource.key, resource.metadata.uid)
        assert await self.store.get(type(resource), resource.key) is None


@pytest.fixture
def house(room: Room) -> House:
    return House(room)


def document(desk: Desk, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": getattr(desk, kind).kind.KIND, "metadata": {"name": "web"}, "spec": spec}


@pytest.mark.parametrize(("kind", "spec"), KINDS, ids=[kind for kind, _ in KINDS])
async def test_what_another_had_is_taken(house: House, kind: str, spec: dict[str, Any]) -> None:
    await getattr(house.alice, kind).make("web", spec)
    await house.gone(house.alice, kind, "web")
    for desk in (house.bob, house.moderator):
        with pytest.raises(AlreadyExists, match=r"/web exists already, or did, and is somebody else's: choose another name$"):
            await getattr(desk, kind).make("web", spec)
        with pytest.raises(AlreadyExists):
            await getattr(desk, kind).make("web", spec, dry=True)
        with pytest.raises(AlreadyExists, match=r"/web exists already, or did, and is somebody else's: choose another name$"):
            await getattr(desk, kind).apply(document(desk, kind, spec))
    await getattr(house.alice, kind).apply(document(house.alice, kind, spec))
    await getattr(house.bob, kind).make("web2", spec)


async def test_an_administrator_may_take_any_name_and_then_it_is_his(house: House) -> None:
    await house.alice.machines.make("web", {})
    await house.gone(house.alice, "machines", "web")
    await house.admin.machines.make("web", {})
    await house.gone(house.admin, "machines", "web")
    with pytest.raises(AlreadyExists):
        await house.alice.machines.make("web", {})


async def test_changes_of_others_do_not_give_a_name_away(house: House) -> None:
    made = await house.alice.machines.make("web", {})
    await house.admin.machines.patch(made, {"spec": {"suspend": True}})
    await house.gone(house.admin, "machines", "web")
    await house.alice.machines.make("web", {})


async def replica(house: House, deployment: VirtualMachineDeployment, name: str) -> None:
    """Makes a machine of a deployment as the operator does, and lets go of it."""
    meta = deployment.metadata
    owner = OwnerReference(api_version=API_VERSION, kind=deployment.kind, name=meta.name, uid=meta.uid, controller=True)
    document = {"metadata": {"name": name, "namespace": "default"}, "spec": {}}
    machine = VirtualMachine.model_validate(document)
    owned = machine.metadata.model_copy(update={"owner_references": (owner,)})
    await house.store.apply_owned(machine.model_copy(update={"metadata": owned}))
    key = Key("VirtualMachine", "default", name)
    found = await house.store.get(VirtualMachine, key)
    assert found is not None
    await house.store.delete_owned(key, {})
    await house.store.release(key, found.metadata.uid)


async def test_machines_of_a_deployment_are_of_who_made_that(house: House) -> None:
    await replica(house, await house.alice.deployments.make("web", PLUGINLESS), "web-1")
    with pytest.raises(AlreadyExists):
        await house.bob.machines.make("web-1", {})
    await house.alice.machines.make("web-1", {})


async def test_a_deployment_takes_no_names_of_machines_that_others_had(house: House) -> None:
    for name in ("web-2", "web-x", "web-0", "web-api-3"):
        await house.alice.machines.make(name, {})
        await house.gone(house.alice, "machines", name)
    with pytest.raises(AlreadyExists, match="VirtualMachineDeployment/default/web exists already, or did"):
        await house.bob.deployments.make("web", PLUGINLESS)
    await house.alice.deployments.make("web", PLUGINLESS)
    await house.gone(house.alice, "deployments", "web")
    await house.bob.deployments.make("we", PLUGINLESS)


async def test_a_machine_takes_no_name_that_a_deployment_of_others_gives(house: House) -> None:
    await house.alice.deployments.make("web", PLUGINLESS)
    for _ in range(2):  # while it is there, and after it has gone
        with pytest.raises(AlreadyExists, match="VirtualMachine/default/web-7 exists already, or did"):
            await house.bob.machines.make("web-7", {})
        if await house.alice.deployments.find("web"):
            await house.gone(house.alice, "deployments", "web")
    for name in ("web-0", "web-x", "web-7-a"):
        await house.bob.machines.make(name, {})
    await house.alice.machines.make("web-7", {})


def lay_down(room: Room, left: str) -> None:
    place = room.state.root / left
    place.mkdir(parents=True)
    if left.startswith("trash"):
        disks = (TrashedDisk("root", "/root.qcow2"),)
        said = TrashEntry(place.name, "default", "web-1", "uid", "deleted", "2026-01-01T00:00:00Z", "", disks=disks)
        (place / LABEL).write_text(write_label(said))
        (place / "root.qcow2").touch()


@pytest.mark.parametrize("left", ["machines/default/web-1", "trash/default.web-1"])
async def test_what_lies_there_and_no_history_knows_is_an_administrators(house: House, room: Room, left: str) -> None:
    lay_down(room, left)
    taken: list[tuple[str, str, dict[str, Any]]] = [("machines", "web-1", {}), ("deployments", "web", PLUGINLESS)]
    for kind, name, spec in taken:
        with pytest.raises(AlreadyExists, match=f"/{name} exists already, or did"):
            await getattr(house.bob, kind).make(name, spec)
    await house.bob.machines.make("web-2", {})
    await house.bob.disks.make("web-1", {"size": "1Mi"})
    for kind, name, spec in taken:
        await getattr(house.admin, kind).make(name, spec)


async def test_a_disk_that_no_history_knows_is_an_administrators(house: House, room: Room) -> None:
    lay_down(room, "disks/default/web")
    with pytest.raises(AlreadyExists):
        await house.bob.disks.make("web", {"size": "1Mi"})
    await house.bob.machines.make("web", {})
    await house.admin.disks.make("web", {"size": "1Mi"})


async def test_what_one_left_oneself_is_ones_own(house: House, room: Room) -> None:
    await house.alice.disks.make("web", {"size": "1Mi"})
    await house.gone(house.alice, "disks", "web")
    (room.state.root / "disks/default/web").mkdir(parents=True)
    await house.alice.disks.make("web", {"size": "1Mi"})


async def test_an_upload_for_such_a_name_does_not_begin(house: House) -> None:
    await house.alice.images.make("web", {"source": {"url": "https://images.example/a.qcow2"}})
    for _ in range(2):
        with pytest.raises(
            AlreadyExists, match=r"Image/default/web exists already, or did, and is somebody else's: choose another name$"
        ):
            await house.bob.uploads.begin("web", 512)
        if await house.alice.images.find("web"):
            await house.gone(house.alice, "images", "web")
