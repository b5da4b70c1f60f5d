"""Disks in the words of QEMU Manager, and the moments that it writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from homeostat.models.disk import Disk
from homeostat.service.naming.marks import GIVEN_NAME, ID
from homeostat_contracts.qemu_manager import disk_views as views
from homeostat_contracts.qemu_manager.moments import moment, now
from tests.unit.serving import condition

WHEN, SHOWN = "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"
GIB = 2**30


def disk(size: str | None = "1Gi", status: dict[str, Any] | None = None, name: str = "data", **more: Any) -> Disk:
    meta = {"name": name, "uid": f"u-{name}", "generation": 1, "creationTimestamp": WHEN, **more.pop("metadata", {})}
    said = {} if status is None else {"status": {"observedGeneration": 1, **status}}
    return Disk.model_validate({"metadata": meta, "spec": {**({"size": size} if size else {}), **more}, **said})


def test_one_that_was_just_made() -> None:
    marks = {"labels": {ID: "an-id"}, "annotations": {GIVEN_NAME: "My Data"}}
    shown = {
        "id": "an-id",
        "name": "My Data",
        "size": 1,
        "format": "qcow2",
        "path": None,
        "status": "creating",
        "createdAt": SHOWN,
        "createdAtCompleted": None,
    }
    assert views.shown(disk(metadata=marks)) == views.shown(disk(metadata=marks), whole=True) == shown


@pytest.mark.parametrize(
    ("size", "known", "told"), [("1Gi", None, 1), ("1Gi", GIB + 1, 2), ("1Gi", 3 * GIB, 3), ("1Mi", None, 1), ("1025Mi", None, 2)]
)
def test_its_size_in_whole_gibibytes(size: str, known: int | None, told: int) -> None:
    assert views.shown(disk(size, {} if known is None else {"virtualSize": known}))["size"] == told


def test_one_whose_size_is_that_of_its_source() -> None:
    copied = disk(size=None, source={"diskRef": {"name": "other"}})
    assert views.shown(copied)["size"] == 0, "nobody knows it yet"


@pytest.mark.parametrize(
    ("conditions", "word", "completed"),
    [
        ([], "creating", None),
        ([condition("Ready", "True")], "ready", SHOWN),
        ([condition("Ready", "False")], "creating", None),
        ([condition("Ready", "False"), condition("Stalled", "True")], "error", None),
        ([condition("Ready", "False"), condition("Stalled", "False")], "creating", None),
        ([condition("Stalled", "True")], "error", None),
        ([condition("Ready", "True"), condition("Stalled", "True")], "ready", SHOWN),
    ],
)
def test_how_far_it_is(conditions: list[Any], word: str, completed: str | None) -> None:
    shown = views.shown(disk(status={"conditions": conditions}))
    assert (shown["status"], shown["createdAtCompleted"]) == (word, completed)


@pytest.mark.parametrize(("format", "told"), [(None, "qcow2"), ("raw", "raw")])
def test_what_is_known_of_its_file(format: str | None, told: str) -> None:
    known = {"path": "/vm/data", "virtualSize": GIB, "allocated": 4096, **({"format": format} if format else {})}
    shown = views.shown(disk(status=known), whole=True)
    assert shown["path"] == "/vm/data"
    assert shown["info"] == {"virtual-size": GIB, "filename": "/vm/data", "format": told, "actual-size": 4096}
    assert "info" not in views.shown(disk(status=known))
    assert "info" not in views.shown(disk(status={"virtualSize": GIB}), whole=True), "there is no file yet"


@pytest.mark.parametrize(
    ("timestamp", "told"),
    [
        (WHEN, SHOWN),
        ("2026-01-01T02:30:00.123456+02:00", "2026-01-01T00:30:00.123Z"),
        (None, None),
        ("", None),
    ],
)
def test_moments(timestamp: str | None, told: str | None) -> None:
    assert moment(timestamp) == told


def test_now() -> None:
    before = datetime.now(UTC)
    told = now()
    assert told.endswith("Z") and abs((datetime.fromisoformat(told) - before).total_seconds()) < 5
