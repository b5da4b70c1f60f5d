"""Hosts are listed over REST, and written by nobody who asks there, whatever his rights."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from homeostat.models.host import Host
from homeostat.service.collection import Collection
from homeostat.service.refusals import NotAllowed
from tests.unit.serving import Written, resource

HOST = resource(Host, "a", {"uri": "test:///default"})
DOCUMENT = {"kind": "Host", "metadata": {"name": "b"}, "spec": {"uri": "test:///default"}}


@pytest.mark.parametrize(
    "write",
    [
        lambda hosts: hosts.create(DOCUMENT),
        lambda hosts: hosts.apply(DOCUMENT),
        lambda hosts: hosts.patch(HOST, {"spec": {"uri": "qemu:///system"}}),
        lambda hosts: hosts.delete(HOST),
    ],
    ids=["create", "apply", "patch", "delete"],
)
async def test_a_host_is_not_written(write: Callable[[Collection[Host]], Awaitable[object]]) -> None:
    store = Written(HOST)
    before = dict(store.resources)
    with pytest.raises(NotAllowed, match="hosts are declared in the folder of the server, or by kubectl"):
        await write(store.desk(Path("/nowhere")).of(Host))
    assert store.resources == before
