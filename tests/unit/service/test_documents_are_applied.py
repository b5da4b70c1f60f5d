"""A document that is applied makes what is not there yet, changes what it says, and leaves alone what no document ever said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from homeostat.accounts.actor import HOUSE, Actor
from homeostat.accounts.rights import Right, Role
from homeostat.models.base import API_VERSION, OWNER
from homeostat.service.desk import Desk
from homeostat.service.refusals import NotAllowed
from tests.unit.serving import Served
from tests.unit.store_fixtures import Room


@pytest.fixture
def served(room: Room) -> Served:
    return Served(room)


@pytest.fixture
def alice(served: Served) -> Desk:
    return served.service(actor=Actor("session", Role.USER, "alice", frozenset(Right), author="alice"))


def document(spec: Mapping[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": "VirtualMachine", "metadata": {"name": "web", **metadata}, "spec": dict(spec)}


async def test_what_is_not_there_is_made_and_is_his_who_applies(alice: Desk) -> None:
    before, applied = await alice.machines.apply(document({"suspend": True}, labels={"a": "b"}), dry=True)
    assert (before, applied.outcome) == (None, "created") and await alice.machines.find("web") is None
    before, applied = await alice.machines.apply(document({"suspend": True}, labels={"a": "b"}))
    assert (before, applied.outcome) == (None, "created")
    made = await alice.machines.get("web")
    assert made == applied.resource and made.spec.suspend and made.metadata.labels == {"a": "b", OWNER: "alice"}


async def test_what_is_there_becomes_what_is_said(alice: Desk) -> None:
    _, made = await alice.machines.apply(document({"suspend": True, "resources": {"vcpu": 2}}))
    for dry in (True, False):
        before, applied = await alice.machines.apply(document({"resources": {"vcpu": 3}}), dry)
        assert (before, applied.outcome, applied.left) == (made.resource, "configured", ())
        assert applied.resource is not None
        assert (applied.resource.spec.resources.vcpu, applied.resource.spec.suspend) == (3, False)
        assert (await alice.machines.get("web") == made.resource) is dry
    assert (await alice.machines.apply(document({"resources": {"vcpu": 3}})))[1].outcome == "unchanged"


async def test_what_no_document_said_is_left_alone(alice: Desk) -> None:
    """Also where it is judged what the machine becomes, and what that costs."""
    await alice.machines.make("web", {"suspend": True, "resources": {"vcpu": 2}})
    for dry in (True, False):
        _, applied = await alice.machines.apply(document({"resources": {"vcpu": 3}}), dry)
        assert applied.outcome == "configured" and set(applied.left) == {"spec.suspend"}
        assert applied.resource is not None and applied.resource.spec.suspend
    assert (await alice.machines.get("web")).spec.suspend


async def test_whose_it_is_stays_whoever_applies(served: Served, alice: Desk) -> None:
    admin = served.service(actor=HOUSE)
    await alice.machines.make("web", {})
    _, applied = await admin.machines.apply(document({"suspend": True}, labels={"a": "b"}))
    assert applied.resource is not None and applied.resource.metadata.labels == {"a": "b", OWNER: "alice"}


async def test_what_is_nobodys_stays_nobodys(served: Served) -> None:
    admin = served.service(actor=HOUSE)
    for vcpu in (1, 2):
        _, applied = await admin.machines.apply(document({"resources": {"vcpu": vcpu}}))
        assert applied.resource is not None and OWNER not in applied.resource.metadata.labels


async def test_what_may_not_be_made_may_not_be_applied(alice: Desk) -> None:
    refused = document({}, labels={OWNER: "bob"})
    for there in (False, True):
        with pytest.raises(NotAllowed, match="written by the server"):
            await alice.machines.apply(refused)
        if not there:
            await alice.machines.apply(document({}))


async def test_each_namespace_has_its_own(served: Served, alice: Desk) -> None:
    lab = served.service("lab")
    await lab.machines.apply(document({}))
    _, applied = await lab.machines.apply(document({"suspend": True}))
    assert applied.outcome == "configured" and (await lab.machines.get("web")).spec.suspend
    assert await served.service().machines.find("web") is None
