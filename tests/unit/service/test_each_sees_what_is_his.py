"""To an account there is nothing but what it owns, or was granted: neither by name, nor in lists, counts, errors, nor by use."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.accounts.actor import HOUSE, Actor
from homeostat.accounts.rights import OWN, Grant, Right, Role
from homeostat.models.base import API_VERSION, OWNER, Key, OwnerReference
from homeostat.models.machine import VirtualMachine
from homeostat.planner.network.identity import bridge_device
from homeostat.service.desk import Desk
from homeostat.service.refusals import InUse, NoSuchResource, NotAllowed, NotYours
from homeostat.store.errors import AlreadyExists
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room

ALL = frozenset(Right)
DOCUMENT = {"apiVersion": API_VERSION, "kind": "VirtualMachine", "metadata": {"name": "web"}}


def account(name: str, *grants: Grant, role: Role = Role.USER) -> Actor:
    return Actor("session", role, name, ALL, grants, author=name)


class House:
    """A service before which alice, bob and a moderator stand. The disk ``common`` is nobody's."""

    def __init__(self, room: Room) -> None:
        self.served = Served(room)
        self.whole = self.served.whole()
        self.alice, self.bob = self.desk("alice"), self.desk("bob")
        self.admin, self.moderator = self.whole.asked_by(HOUSE), self.desk("mona", role=Role.MODERATOR)

    def desk(self, name: str, *grants: Grant, role: Role = Role.USER) -> Desk:
        return self.whole.asked_by(account(name, *grants, role=role))


@pytest.fixture
def house(room: Room) -> House:
    return House(room)


async def test_what_one_makes_is_his(house: House) -> None:
    made = await house.alice.machines.make("web", {})
    assert made.metadata.labels[OWNER] == "alice"
    assert OWNER not in (await house.admin.machines.make("db", {})).metadata.labels
    assert await house.alice.machines.count() == 1 and await house.bob.machines.count() == 0
    assert await house.admin.machines.count() == await house.moderator.machines.count() == 2
    assert (await house.alice.machines.revisions(made))[0].author == "alice"


async def test_what_is_anothers_is_not_there(house: House) -> None:
    await house.alice.machines.make("web", {})
    for name in ("web", "none"):
        with pytest.raises(NoSuchResource) as refused:
            await house.bob.machines.start(name)
        assert str(refused.value) == f"there is no VirtualMachine named {name!r}"
    assert await house.bob.machines.find("web") is None and await house.bob.sees(key("web")) is False
    assert await house.alice.sees(key("web")) is True and await house.bob.sees(key("none")) is None


def test_a_name_is_repeated_only_so_far() -> None:
    for length, told in ((256, 256), (257, 256), (1000, 256)):
        assert NoSuchResource(VirtualMachine, "x" * length).details == {"name": "x" * told}


async def test_what_is_anothers_is_not_applied(house: House) -> None:
    """That it is there is said first: what it would become is not even looked at."""
    made = await house.alice.machines.make("web", {})
    for spec in ({}, {"disks": [{"name": "root", "diskRef": {"name": "none"}}]}):
        with pytest.raises(AlreadyExists):
            await house.bob.machines.apply({**DOCUMENT, "spec": spec})
    assert await house.alice.machines.get("web") == made


async def test_what_one_may_only_see_is_not_changed(house: House) -> None:
    made = await house.alice.machines.make("web", {})
    guest = house.desk("bob", Grant(frozenset({Right.SEE}), "default", "VirtualMachine", "web"))
    for desk in (house.moderator, guest):
        seen = await desk.machines.get("web")
        with pytest.raises(NotYours, match="not yours to change"):
            await desk.machines.stop("web", force=False)
        with pytest.raises(NotYours):
            await desk.machines.delete(seen)
        for dry in (False, True):
            with pytest.raises(NotYours, match="not yours to change"):
                await desk.machines.apply({**DOCUMENT, "spec": {"suspend": True}}, dry)
        with pytest.raises(NotYours, match="not yours to copy"):
            await desk.exports.of_machine("web", "root", lambda: False)
    assert await house.alice.machines.get("web") == made


async def test_what_one_may_is_told(house: House) -> None:
    """Of what he does not see he may nothing, whatever a grant of rights alone says."""
    await house.alice.machines.make("web", {})
    guest = house.desk("bob", Grant(frozenset({Right.SEE}), "default", "VirtualMachine", "web"))
    blind = house.desk("bob", Grant(frozenset({Right.CHANGE}), "default", "VirtualMachine", "web"))
    for desk, may in ((house.alice, [True, True]), (guest, [True, False]), (house.bob, [False] * 2), (blind, [False] * 2)):
        assert [await desk.may(right, key("web")) for right in (Right.SEE, Right.CHANGE)] == may
    assert not await house.admin.may(Right.SEE, key("none")), "there is none"


async def test_a_grant_lets_in(house: House) -> None:
    await house.alice.machines.make("web", {})
    friend = house.desk("bob", Grant(OWN, "default"))
    assert (await friend.machines.patch(await friend.machines.get("web"), {"spec": {"suspend": True}})).spec.suspend


@pytest.mark.parametrize("document", [
    {"metadata": {"name": "web", "labels": {OWNER: "bob"}}},
    {"metadata": {"name": "web", "labels": {OWNER: "alice"}}},
])  # fmt: skip
async def test_nobody_says_whose_it_is(house: House, document: dict[str, Any]) -> None:
    whole = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "spec": {}, **document}
    for desk in (house.alice, house.admin):
        with pytest.raises(NotAllowed, match="written by the server"):
            await desk.machines.create(whole)
    made = await house.alice.machines.make("web", {})
    with pytest.raises(NotAllowed, match="written by the server"):
        await house.alice.machines.patch(made, {"metadata": {"labels": {OWNER: "bob"}}})
    with pytest.raises(NotAllowed, match="written by the server"):
        await house.alice.machines.patch(made, {"metadata": {"labels": {OWNER: None}}})


def names_disk(name: str) -> dict[str, Any]:
    return {"disks": [{"name": "root", "diskRef": {"name": name}}]}


async def test_what_one_may_not_use_is_as_what_is_not_there_unless_he_sees_it(house: House) -> None:
    await house.alice.disks.make("hers", {"size": "1Gi"})
    await house.bob.disks.make("his", {"size": "1Gi"})
    made = await house.bob.machines.make("box", names_disk("his"))
    reader = house.desk("bob", Grant(frozenset({Right.SEE}), "default", "Disk", "hers"))  # a machine writes to its disks
    for desk, name in ((house.bob, "hers"), (house.bob, "none"), (reader, "hers")):
        seen = desk is reader
        refused = NotYours if seen else NoSuchResource
        to_change, to_copy = (
            f"hers is not yours to {right}" if seen else f"no Disk named '{name}'" for right in ("change", "copy")
        )
        with pytest.raises(refused, match=to_change):
            await desk.machines.make("other", names_disk(name))
        with pytest.raises(refused, match=to_change):
            await desk.machines.patch(made, {"spec": names_disk(name)})
        with pytest.raises(refused, match=to_change):
            await desk.deployments.make("fleet", {"replicas": 1, "template": {"spec": names_disk(name)}})
        with pytest.raises(refused, match=to_copy):
            await desk.disks.make("copy", {"source": {"diskRef": {"name": name}}})
    assert await house.admin.machines.count() == 1
    await house.admin.machines.make("early", names_disk("not-yet"))  # who sees everything may name what comes later


async def test_a_network_that_one_may_not_use_is_not_reached_by_its_name_on_the_host(house: House) -> None:
    subnet = {"addresses": [{"cidr": "192.168.9.1/24"}]}
    lan = await house.alice.networks.make("lan", subnet)
    await house.served.service("lab", account("alice")).networks.make("far", {**subnet, "bridge": "br-far"})
    await house.alice.networks.make("site", {"mode": "Bridge", "bridge": "br0"})
    guest = house.desk("bob", Grant(frozenset({Right.SEE}), "default", "Network", "lan"))
    free = {"nics": [{"name": "n", "network": "default"}, {"name": "b", "bridge": "br0"}]}  # the host's own
    made = await house.bob.machines.make("box", free)
    networks, bridges = ("lan", "lab--far", "site"), (bridge_device(lan.identity), "br-far")
    for nic in [*({"network": name} for name in networks), *({"bridge": name} for name in bridges)]:
        spec = {"nics": [{"name": "n", **nic}]}
        with pytest.raises(NoSuchResource, match=f"no Network named '{next(iter(nic.values()))}'"):
            await house.bob.machines.make("other", spec)
        with pytest.raises(NoSuchResource):
            await house.bob.machines.patch(made, {"spec": spec})
        with pytest.raises(NoSuchResource):
            await house.bob.deployments.make("fleet", {"replicas": 1, "template": {"spec": spec}})
        await house.admin.machines.make("theirs", spec, dry=True)
        if nic == {"network": "lan"}:
            lent = await guest.machines.make("lent", spec)
            await house.bob.machines.patch(lent, {"spec": {"suspend": True}})  # it was so before


async def test_what_is_named_already_stays(house: House) -> None:
    await house.admin.disks.make("common", {"size": "1Gi"})
    lent = house.desk("bob", Grant(OWN, "default", "Disk", "common"))
    made = await lent.machines.make("box", names_disk("common"))
    assert (await house.bob.machines.patch(made, {"spec": {"suspend": True}})).spec.suspend  # the grant is gone since


async def test_a_snapshot_is_of_a_machine_that_one_may_change(house: House) -> None:
    await house.alice.machines.make("web", {})
    guest = house.desk("bob", Grant(frozenset({Right.SEE}), "default", "VirtualMachine", "web"))
    spec: dict[str, Any] = {"machineRef": {"name": "web"}}
    schedule = {"schedule": "@daily", "template": {"spec": spec}, "keep": {"count": 1}}
    for desk, refused in ((house.bob, NoSuchResource), (guest, NotYours)):
        with pytest.raises(refused):
            await desk.snapshots.make("taken", spec)
        with pytest.raises(refused):
            await desk.schedules.make("daily", schedule)
    await house.alice.snapshots.make("taken", spec)
    await house.alice.schedules.make("daily", schedule)
    assert await house.bob.snapshots.count() == await house.bob.schedules.count() == 0


async def test_who_may_change_a_machine_gets_no_copy_of_its_disks_by_a_snapshot(house: House) -> None:
    await house.alice.machines.make("web", {})
    await house.alice.snapshots.make("hers", {"machineRef": {"name": "web"}})
    changes, copies = (Grant(frozenset(rights), "default", "VirtualMachine", "web") for rights in ((Right.CHANGE,), OWN))
    guest, friend = house.desk("bob", changes), house.desk("bob", copies)
    await guest.snapshots.make("taken", {"machineRef": {"name": "web"}})
    loot = {"source": {"snapshotRef": {"name": "taken", "disk": "root"}}}
    for desk in (guest, house.bob):
        with pytest.raises(NoSuchResource, match="no Snapshot named 'taken'"):
            await desk.disks.make("loot", loot)
    await friend.disks.make("copy", loot)
    await house.admin.disks.make("whole", loot)
    await house.alice.disks.make("own", {"source": {"snapshotRef": {"name": "hers", "disk": "root"}}})


async def test_users_that_one_does_not_see_are_counted_only(house: House) -> None:
    await house.alice.disks.make("hers", {"size": "1Gi"})
    await house.admin.machines.make("box", names_disk("hers"))
    with pytest.raises(InUse) as refused:
        await house.alice.disks.delete(await house.alice.disks.get("hers"))
    assert len(refused.value.users) == 1 and list(refused.value.known) == []
    with pytest.raises(InUse) as refused:
        await house.admin.disks.delete(await house.admin.disks.get("hers"))
    assert list(refused.value.known) == list(refused.value.users)


async def test_a_replica_is_whose_deployment_it_is_of(house: House) -> None:
    deployment = await house.alice.deployments.make("fleet", {"replicas": 1, "template": {"spec": {}}})
    other = await house.bob.deployments.make("other", {"replicas": 1, "template": {"spec": {}}})
    above = OwnerReference(api_version=deployment.api_version, kind=deployment.KIND, name="fleet", uid=deployment.metadata.uid)
    meta = {"name": "fleet-1", "labels": {OWNER: "bob"}}  # its own label says nothing
    replica = VirtualMachine.model_validate({"metadata": meta, "spec": {}})

    async def seen(by: Desk, reference: OwnerReference) -> bool:
        of = replica.model_copy(update={"metadata": replica.metadata.model_copy(update={"owner_references": (reference,)})})
        return await by.asking.may_to(Right.SEE, of)

    assert (await seen(house.alice, above), await seen(house.bob, above)) == (True, False)
    again = above.model_copy(update={"uid": other.metadata.uid})  # of that name there is another one now
    assert (await seen(house.alice, again), await seen(house.bob, again)) == (False, False)


async def test_what_belongs_to_nobody_is_shown_to_who_sees_all(house: House) -> None:
    (house.served.room.folder / "broken.yaml").write_text("kind: [")
    house.served.room.sync()
    assert house.admin.desired_errors() and house.moderator.desired_errors() and not house.alice.desired_errors()
    assert await house.alice.trash.entries() == [] and await house.alice.capacity() is None


def key(name: str) -> Key:
    return Key(VirtualMachine.KIND, "default", name)
