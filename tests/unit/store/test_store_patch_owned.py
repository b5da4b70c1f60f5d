"""A change of a resource that the operator made: it has no document, and its owner's next word replaces it."""

from __future__ import annotations

import asyncio

import pytest

from homeostat.models.base import IDENTITY, ObjectMeta, OwnerReference
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.store.errors import Conflict, Invalid
from tests.unit.store_fixtures import Room, key

OWNER = OwnerReference(api_version="homeostat.dev/v1alpha1", kind="VirtualMachineDeployment", name="web", uid="u")


def replica(**spec: object) -> VirtualMachine:
    metadata = ObjectMeta(name="web-1", labels={"a": "b"}, annotations={"c": "d"}, owner_references=(OWNER,))
    return VirtualMachine(metadata=metadata, spec=VirtualMachineSpec.model_validate(spec))


@pytest.fixture
def owned(room: Room) -> Room:
    asyncio.run(room.store.apply_owned(replica(resources={"vcpu": 2})))
    return room


def test_the_index_takes_the_change(owned: Room) -> None:
    changed = owned.store.patch(key("web-1"), {"spec": {"runStrategy": "Halted"}}, "api")
    assert changed.dump()["spec"] == {"resources": {"vcpu": 2}, "runStrategy": "Halted"}
    assert (changed.metadata.generation, changed.metadata.labels, changed.metadata.annotations) == (2, {"a": "b"}, {"c": "d"})
    assert changed.metadata.owner_references == (OWNER,)
    newest = owned.store.revisions(key("web-1"))[0]
    assert (newest.author, newest.changes) == ("api", {"runStrategy": (None, "Halted")})
    assert list(owned.folder.iterdir()) == []


def test_a_change_of_nothing_is_no_change(owned: Room) -> None:
    before = owned.store.patch(key("web-1"), {"spec": {"resources": {"vcpu": 2}}}, "api")
    assert (before.metadata.generation, len(owned.store.revisions(key("web-1")))) == (1, 1)


def test_what_is_wrong_is_refused(owned: Room) -> None:
    with pytest.raises(Invalid, match=r"spec\.resources\.vcpu"):
        owned.store.patch(key("web-1"), {"spec": {"resources": {"vcpu": 0}}}, "api")
    with pytest.raises(Invalid, match="cannot be changed"):
        owned.store.patch(key("web-1"), {"metadata": {"name": "other"}}, "api")
    with pytest.raises(Conflict):
        owned.store.patch(key("web-1"), {"spec": {"runStrategy": "Halted"}}, "api", expected_version="0")


def test_its_owner_has_the_last_word(owned: Room) -> None:
    owned.store.patch(key("web-1"), {"spec": {"runStrategy": "Halted"}}, "api")
    asyncio.run(owned.store.apply_owned(replica(resources={"vcpu": 2})))
    found = asyncio.run(owned.store.get(VirtualMachine, key("web-1")))
    assert found is not None
    assert found.dump()["spec"] == {"resources": {"vcpu": 2}}


def test_its_owner_leaves_a_migrated_one_its_identity(owned: Room) -> None:
    owned.store.patch(key("web-1"), {"metadata": {"annotations": {IDENTITY: "default/web-1/u1"}}}, "migrate")
    asyncio.run(owned.store.apply_owned(replica(resources={"vcpu": 4})))
    found = asyncio.run(owned.store.get(VirtualMachine, key("web-1")))
    assert isinstance(found, VirtualMachine)
    assert (found.identity, found.spec.resources.vcpu, found.metadata.annotations["c"]) == ("u1", 4, "d")
