"""Of a snapshot that no host has, the controller says why it waits, and lets it go. One that a host has is that host's."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.models.host import Host, HostMeta, HostSpec
from homeostat.models.snapshot import Snapshot
from homeostat.planner.machine.removal.teardown import ABANDON
from homeostat.planner.placement import host_finalizer
from homeostat.runtime.engine.reconciler import GONE
from homeostat.runtime.snapshot.homeless import SnapshotKeeper
from tests.unit.machines import machine
from tests.unit.operating import Shelf


def snapshot(*, host: str = "", deleting: bool = False) -> Snapshot:
    metadata: dict[str, Any] = {"name": "before", "uid": "uid-before", "finalizers": [host_finalizer(host)] if host else []}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return Snapshot.model_validate({"metadata": metadata, "spec": {"machineRef": {"name": "web"}}})


def keeper(shelf: Shelf, *gone: str) -> SnapshotKeeper:
    """``gone``: hosts that nobody serves."""
    return SnapshotKeeper(shelf, lambda host: host in gone)  # type: ignore[arg-type]


@pytest.mark.parametrize("deleting", [True, False])
async def test_what_a_host_has_is_neither_let_go_nor_spoken_of(deleting: bool) -> None:
    one = snapshot(host="a", deleting=deleting)
    shelf = Shelf(one)
    step = await keeper(shelf).reconcile(one)
    assert (step.after, shelf.released) == (None, []) and getattr(shelf.resources[one.key], "status", None) is None


async def test_what_no_host_has_is_let_go() -> None:
    one = snapshot(deleting=True)
    shelf = Shelf(one)
    assert await keeper(shelf).reconcile(one) is GONE
    assert shelf.released == [one.key]


@pytest.mark.parametrize("there", [True, False])
async def test_what_waits_says_so(there: bool) -> None:
    one = snapshot()
    shelf = Shelf(one, *([machine()] if there else []))
    step = await keeper(shelf).reconcile(one)
    status = getattr(shelf.resources[one.key], "status", None)
    assert step.after is not None and status is not None and shelf.released == []
    ready = next(condition for condition in status.conditions if condition.type == "Ready")
    assert ready.status != "True" and ready.message


def said(shelf: Shelf, one: Snapshot) -> str:
    status = getattr(shelf.resources[one.key], "status", None)
    ready = next((condition for condition in status.conditions if condition.type == "Ready"), None) if status else None
    return f"{ready.status} {ready.reason}: {ready.message}" if ready else ""


async def test_one_whose_host_nobody_serves_says_so_and_is_let_go_where_that_is_asked_for() -> None:
    one = snapshot(host="a")
    shelf = Shelf(one, Host(metadata=HostMeta(name="a"), spec=HostSpec()))
    kept = keeper(shelf, "a")
    await kept.reconcile(one)
    host = Key(Host.KIND, "default", "a")
    assert kept.placed_on("a") == list(kept.woken_by(host)) == [one.key] and said(shelf, one) == ""
    await kept.doubt(one.key, "no operator serves host a")
    assert said(shelf, one) == "Unknown OperatorGone: no operator serves host a: what was taken stays there"

    shelf.put(snapshot(host="a", deleting=True))
    await kept.reconcile(shelf.resources[one.key])  # type: ignore[arg-type]
    assert f"annotate it with {ABANDON}=true" in said(shelf, one) and not shelf.released
    going = snapshot(host="a", deleting=True)
    shelf.put(going.model_copy(update={"metadata": going.metadata.model_copy(update={"annotations": {ABANDON: "true"}})}))
    await kept.reconcile(shelf.resources[one.key])  # type: ignore[arg-type]
    assert shelf.released == [one.key]
    kept.forget(one.key)
    assert not kept.placed_on("a") and not keeper(shelf).woken_by(host)
