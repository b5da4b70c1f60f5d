"""Of a snapshot that no host has, the controller says why it waits, and lets it go. One that a host has is that host's."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.snapshot import Snapshot
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


@pytest.mark.parametrize("deleting", [True, False])
async def test_what_a_host_has_is_neither_let_go_nor_spoken_of(deleting: bool) -> None:
    one = snapshot(host="a", deleting=deleting)
    shelf = Shelf(one)
    step = await SnapshotKeeper(shelf).reconcile(one)  # type: ignore[arg-type]
    assert (step.after, shelf.released) == (None, []) and getattr(shelf.resources[one.key], "status", None) is None


async def test_what_no_host_has_is_let_go() -> None:
    one = snapshot(deleting=True)
    shelf = Shelf(one)
    assert await SnapshotKeeper(shelf).reconcile(one) is GONE  # type: ignore[arg-type]
    assert shelf.released == [one.key]


@pytest.mark.parametrize("there", [True, False])
async def test_what_waits_says_so(there: bool) -> None:
    one = snapshot()
    shelf = Shelf(one, *([machine()] if there else []))
    step = await SnapshotKeeper(shelf).reconcile(one)  # type: ignore[arg-type]
    status = getattr(shelf.resources[one.key], "status", None)
    assert step.after is not None and status is not None and shelf.released == []
    ready = next(condition for condition in status.conditions if condition.type == "Ready")
    assert ready.status != "True" and ready.message
