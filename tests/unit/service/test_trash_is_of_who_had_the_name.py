"""What lies in the trash is of who made the resource that left it: he sees it, puts it back and erases it, and nobody else does
but an administrator. Once somebody else made something of that name it is an administrator's."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from homeostat.accounts.actor import HOUSE, Actor
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.driver.storage.trash import LABEL
from homeostat.models.base import API_VERSION, Key, OwnerReference
from homeostat.models.machine import VirtualMachine
from homeostat.planner.files.disk_file import DiskLabel
from homeostat.planner.files.trash import TrashedDisk, TrashEntry, write_label
from homeostat.service.desk import Desk
from homeostat.service.refusals import NotInTrash, NotYoursInTrash
from homeostat.service.service import Service
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room

ENTRY = "default.web-1"


def account(name: str, *rights: Right, role: Role = Role.USER, grants: tuple[Grant, ...] = ()) -> Actor:
    return Actor("session", role, name, frozenset(rights or Right), grants, author=name)


@dataclass
class House:
    room: Room
    whole: Service = field(init=False)

    def __post_init__(self) -> None:
        self.whole = Served(self.room).whole()
        self.alice, self.bob = (self.whole.asked_by(account(name)) for name in ("alice", "bob"))
        self.admin = self.whole.asked_by(account("root", role=Role.ADMINISTRATOR))

    async def gone(self, desk: Desk, name: str = "web") -> None:
        """Makes a machine and deletes it, of which the operator then lets go."""
        made = await desk.machines.make(name, {})
        await desk.machines.delete(made)
        await self.room.store.release(made.key, made.metadata.uid)

    def set_aside(self, name: str = "web", entry: str = ENTRY, later: float = 0, label: DiskLabel | None = None) -> Path:
        """Lays an entry down. ``later``: seconds from now to when it was."""
        folder, place = self.room.state.root / "trash" / entry, self.room.state.root / "machines/default" / name / "root.qcow2"
        folder.mkdir(parents=True)
        since = (self.room.clock.now + timedelta(seconds=later)).strftime("%Y-%m-%dT%H:%M:%SZ")
        disks = (TrashedDisk("root", str(place)),)
        said = TrashEntry(entry, "default", name, "uid", "deleted", since, "", disks=disks, label=label)
        (folder / LABEL).write_text(write_label(said))
        (folder / "root.qcow2").write_bytes(b"kept")
        return place


@pytest.fixture
def house(room: Room) -> House:
    return House(room)


async def entries(desk: Desk) -> list[str]:
    return [one.entry.entry for one in await desk.trash.entries()]


async def test_he_puts_back_what_was_his(house: House) -> None:
    await house.gone(house.alice)
    place = house.set_aside()
    assert await entries(house.alice) == [ENTRY]
    assert await house.alice.trash.restore(await house.alice.trash.entry(ENTRY)) == [os.fspath(place)]
    assert place.read_bytes() == b"kept" and await entries(house.alice) == []


async def test_he_erases_what_was_his_and_nothing_else(house: House) -> None:
    await house.gone(house.alice)
    await house.gone(house.bob, "db")
    house.set_aside()
    house.set_aside("db", "default.db-1")
    house.set_aside("unknown", "default.unknown-1")
    assert [one.entry.entry for one in await house.alice.trash.erase_all()] == [ENTRY]
    assert await entries(house.whole.asked_by(HOUSE)) == ["default.db-1", "default.unknown-1"]


@pytest.mark.parametrize("first", ["restore", "erase"])
async def test_of_two_at_once_one_does_it_and_the_other_is_told(house: House, first: str) -> None:
    await house.gone(house.alice)
    place, room = house.set_aside(), house.alice.trash
    seen = await room.entry(ENTRY)  # by both
    await getattr(room, first)(seen)
    for second in ("restore", "erase"):
        with pytest.raises(NotInTrash):
            await getattr(room, second)(seen)
    assert place.exists() is (first == "restore")


async def test_others_do_not_know_of_it(house: House) -> None:
    await house.gone(house.alice)
    house.set_aside()
    granted = Grant(frozenset(Right), "default", "VirtualMachine", "web")
    for desk in (house.bob, house.whole.asked_by(account("carol", grants=(granted,)))):
        assert await entries(desk) == [] and await desk.trash.erase_all() == []
        with pytest.raises(NotInTrash):
            await desk.trash.entry(ENTRY)


async def test_a_token_that_may_see_changes_nothing(house: House) -> None:
    await house.gone(house.alice)
    house.set_aside()
    token = house.whole.asked_by(account("alice", Right.SEE)).trash
    with pytest.raises(NotYoursInTrash):
        await token.restore(await token.entry(ENTRY))
    assert await entries(house.whole.asked_by(account("alice", Right.CHANGE))) == []


@pytest.mark.parametrize("sees", [account("mona", role=Role.MODERATOR), account("root", Right.SEE, role=Role.ADMINISTRATOR)])
async def test_whoever_sees_it_does_not_therefore_change_it(house: House, sees: Actor) -> None:
    await house.gone(house.alice)
    house.set_aside()
    room = house.whole.asked_by(sees).trash
    seen = await room.entry(ENTRY)
    for work in (lambda: room.restore(seen), lambda: room.erase(seen), room.erase_all):
        with pytest.raises(NotYoursInTrash) as refused:
            await work()
        assert str(refused.value).startswith(f"{ENTRY} was not yours: ")
    assert await entries(house.alice) == [ENTRY]


async def test_an_administrator_changes_whatever_there_is(house: House) -> None:
    place = house.set_aside("unknown")
    await house.admin.trash.restore(await house.admin.trash.entry(ENTRY))
    assert place.read_bytes() == b"kept" and await entries(house.admin) == []


async def test_somebody_else_had_the_name_since(house: House) -> None:
    await house.gone(house.alice)
    house.set_aside()
    await house.gone(house.admin)
    assert await entries(house.alice) == [] and await entries(house.admin) == [ENTRY]
    await house.gone(house.admin, "db")
    house.set_aside("db", "default.db-1")
    assert await entries(house.alice) == []


async def test_it_is_older_than_what_he_made(house: House) -> None:
    await house.gone(house.alice)
    house.set_aside(later=-2)
    assert await entries(house.alice) == [] and await entries(house.admin) == [ENTRY]


async def test_nobody_knows_since_when_it_lies_there(house: House) -> None:
    await house.gone(house.alice)
    house.set_aside()
    label = house.room.state.root / "trash" / ENTRY / LABEL
    label.write_text(json.dumps({**json.loads(label.read_text()), "since": ""}))
    assert await entries(house.alice) == [] and await entries(house.admin) == [ENTRY]


async def test_what_was_set_aside_after_the_next_one_had_the_name(house: House) -> None:
    await house.gone(house.alice)
    house.set_aside(later=3600)
    assert await entries(house.alice) == [ENTRY]
    await house.gone(house.admin)
    assert await entries(house.alice) == []


async def test_disks_of_a_machine_that_is_still_there(house: House) -> None:
    await house.alice.machines.make("web", {})
    house.set_aside()
    assert await entries(house.alice) == [ENTRY] and await entries(house.bob) == []


async def test_replicas_were_of_who_made_the_deployment(house: House) -> None:
    made = (await house.alice.deployments.make("web", {"replicas": 0, "template": {"spec": {}}})).metadata
    owner = OwnerReference(api_version=API_VERSION, kind="VirtualMachineDeployment", name="web", uid=made.uid, controller=True)
    machine = VirtualMachine.model_validate({"metadata": {"name": "web-1", "namespace": "default"}, "spec": {}})
    owned = machine.metadata.model_copy(update={"owner_references": (owner,)})
    await house.room.store.apply_owned(machine.model_copy(update={"metadata": owned}))
    await house.room.store.delete_owned(Key("VirtualMachine", "default", "web-1"), {})
    house.set_aside("web-1")
    assert await entries(house.alice) == [ENTRY] and await entries(house.bob) == []


async def test_a_disk_is_not_a_machine_of_that_name(house: House) -> None:
    await house.gone(house.alice)
    await house.bob.disks.make("web", {"size": "1Mi"})
    house.set_aside(label=DiskLabel("default", "web", "uid", "qcow2", "blank"))
    assert await entries(house.alice) == [] and await entries(house.bob) == [ENTRY]


async def test_without_an_account_nothing_is_his_own(house: House) -> None:
    desk = house.whole.asked_by(Actor("token", rights=frozenset(Right), author="api"))
    await desk.machines.make("web", {})
    house.set_aside()
    assert await entries(desk) == []
