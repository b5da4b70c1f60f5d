"""Of hosts only the maintenance changes over REST, by administrators: whatever else there is of one is declared elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Grant, Right, Role
from homeostat.models.host import Host
from homeostat.service.kinds.collection import Collection
from homeostat.service.refusals import NoSuchResource, NotAllowed, NotYours
from tests.unit.serving import Written, resource

HOST = resource(Host, "a", {"uri": "test:///default"})
DOCUMENT = {"kind": "Host", "metadata": {"name": "b"}, "spec": {"uri": "test:///default"}}
BEGIN = {"spec": {"maintenance": True}}
NOWHERE = Path("/nowhere")
WINDOW = {"schedule": "0 3 * * *", "duration": "1h"}


def person(role: Role, *grants: Grant) -> Actor:
    return Actor("session", role, "eve", frozenset(Right), grants)


@pytest.mark.parametrize(
    "write",
    [
        lambda hosts: hosts.create(DOCUMENT),
        lambda hosts: hosts.apply(DOCUMENT),
        lambda hosts: hosts.patch(HOST, {"spec": {"uri": "qemu:///system"}}),
        lambda hosts: hosts.patch(HOST, {"spec": {"maintenance": True, "uri": "qemu:///system"}}),
        lambda hosts: hosts.patch(HOST, {**BEGIN, "metadata": {"labels": {"disk": "ssd"}}}),
        lambda hosts: hosts.delete(HOST),
    ],
    ids=["create", "apply", "address", "maintenance and address", "labels", "delete"],
)
async def test_a_host_is_not_written(write: Callable[[Collection[Host]], Awaitable[object]]) -> None:
    store = Written(HOST)
    before = dict(store.resources)
    with pytest.raises(NotAllowed, match="hosts are declared in the folder of the server, or by kubectl"):
        await write(store.desk(NOWHERE).of(Host))
    assert store.resources == before


@pytest.mark.parametrize("patch", [BEGIN, {**BEGIN, "metadata": {}}, {"spec": {"maintenanceWindows": [WINDOW]}}])
async def test_an_administrator_changes_its_maintenance(patch: dict[str, Any]) -> None:
    store = Written(HOST)
    hosts = store.desk(NOWHERE, person(Role.ADMINISTRATOR)).of(Host)
    _, planned = await hosts.edit("a", None, asked(patch), dry=True)
    assert store.resources[HOST.key] == HOST
    _, changed = await hosts.edit("a", None, asked(patch))
    assert planned == changed == store.resources[HOST.key]
    assert changed.spec.dump() == {"uri": "test:///default", **patch["spec"]}


@pytest.mark.parametrize(
    ("actor", "refusal"),
    [
        (person(Role.MODERATOR), NotYours),
        (person(Role.USER, Grant(frozenset(Right), "default")), NotYours),
        (person(Role.USER), NoSuchResource),
        (Actor("api-token", Role.ADMINISTRATOR, "eve", frozenset({Right.SEE, Right.CHANGE})), NotYours),
    ],
    ids=["moderator", "granted", "user", "token without that scope"],
)
async def test_nobody_else_does(actor: Actor, refusal: type[Exception]) -> None:
    store = Written(HOST)
    with pytest.raises(refusal) as refused:
        await store.desk(NOWHERE, actor).of(Host).edit("a", None, asked(BEGIN))
    assert refusal is NoSuchResource or str(refused.value) == "Host a is changed by administrators only"
    assert store.resources[HOST.key] == HOST


def asked(patch: dict[str, Any]) -> Callable[[Host], Awaitable[dict[str, Any]]]:
    async def change(_: Host) -> dict[str, Any]:
        return patch

    return change
