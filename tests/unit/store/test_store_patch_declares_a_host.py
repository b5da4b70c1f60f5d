"""A change of a host that has no document: one is written that says it, so that it lasts, and takes the host over."""

from __future__ import annotations

import asyncio

import pytest
import yaml

from homeostat.models.base import Key
from homeostat.models.host import Host, HostMeta
from homeostat.store.errors import Conflict, Invalid
from homeostat.store.files.hosts import KnownHost, write_hosts
from tests.unit.store_fixtures import Room

ATTIC = Key(Host.KIND, "default", "attic")
BEGIN = {"spec": {"maintenance": True}}


@pytest.fixture
def made(room: Room) -> Host:
    """A host that the operator made."""
    write_hosts(room.state, {"attic": KnownHost("test:///default")})
    asyncio.run(room.store.apply_owned(Host(metadata=HostMeta(name="attic", labels={"disk": "ssd"}))))
    return host(room)


def host(room: Room) -> Host:
    found = asyncio.run(room.store.get(Host, ATTIC))
    assert found is not None
    return found


def test_its_document_is_written(room: Room, made: Host) -> None:
    changed = room.store.patch(ATTIC, BEGIN, "api", made.metadata.resource_version)
    assert (changed.spec.dump(), changed.metadata.labels) == ({"maintenance": True}, {"disk": "ssd"})
    assert (changed.metadata.uid, changed.metadata.generation) == (made.metadata.uid, 2)
    assert yaml.safe_load((room.folder / "hosts/attic.yaml").read_text()) == {
        "apiVersion": "homeostat.dev/v1alpha1",
        "kind": "Host",
        "metadata": {"name": "attic", "labels": {"disk": "ssd"}},
        "spec": {"maintenance": True},
    }
    assert room.store.revisions(ATTIC)[0].author == "api"
    room.store.patch(ATTIC, {"spec": {"maintenance": None}}, "api")
    assert not host(room).spec.maintenance and not room.store.errors()


def test_a_dry_change_writes_nothing(room: Room, made: Host) -> None:
    planned = room.store.patch(ATTIC, BEGIN, "api", dry=True)
    assert planned == made.model_copy(update={"spec": made.spec.model_copy(update={"maintenance": True})})
    assert host(room) == made and not list(room.folder.iterdir())


def test_what_is_wrong_is_refused(room: Room, made: Host) -> None:
    with pytest.raises(Invalid, match=r"spec\.maintenance"):
        room.store.patch(ATTIC, {"spec": {"maintenance": 7}}, "api")
    with pytest.raises(Conflict):
        room.store.patch(ATTIC, BEGIN, "api", "0")
    assert host(room) == made and not list(room.folder.iterdir())
