"""The trash over REST: what the disk refuses is answered as such, and only the served namespace is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat.accounts.actor import HOUSE
from homeostat.driver.errors import DriverError, Refused
from homeostat.driver.storage.trash import TrashFolder
from homeostat.planner.files.trash import TrashEntry
from homeostat.service.files.trash import TrashRoom
from homeostat.service.files.trash_elsewhere import Trashed
from homeostat.service.refusals import Refusal
from homeostat_api.errors import from_refusal


def entry(namespace: str, name: str) -> TrashEntry:
    return TrashEntry(f"{namespace}.{name}-1", namespace, name, "uid", "deleted", "2026-01-01T00:00:00Z", "")


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*given: object) -> Any:
        raise error

    return fail


def room_of(state: Path, namespace: str) -> TrashRoom:
    workspace, limits = SimpleNamespace(namespace=namespace), SimpleNamespace(state=state, clustered=False)
    given: Any = SimpleNamespace(actor=HOUSE, workspace=workspace, limits=limits, noting=lambda *_: nullcontext())
    return TrashRoom(given)


@pytest.mark.parametrize(
    ("work", "error", "status", "details"),
    [
        ("entries", DriverError("no such disk"), 503, {}),
        ("erase", DriverError("no such disk"), 503, {}),
        ("restore", DriverError("no such disk"), 503, {}),
        ("restore", Refused("there is a disk in that place"), 409, {"entry": "default.web-1"}),
    ],
)
def test_what_the_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str, error: DriverError, status: int, details: dict[str, str]
) -> None:
    monkeypatch.setattr(TrashFolder, work, raising(error))
    room = room_of(tmp_path, "default")
    given = () if work == "entries" else (Trashed(entry("default", "web"), "VirtualMachine"),)
    with pytest.raises(Refusal) as refused:
        asyncio.run(getattr(room, work)(*given))
    answer = from_refusal(refused.value)
    assert (answer.status_code, answer.details, answer.title) == (status, details, str(error))


def test_only_the_served_namespace_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlabelled, ours, theirs = entry("", "unknown"), entry("lab", "web"), entry("default", "web")
    monkeypatch.setattr(TrashFolder, "entries", lambda trash: [unlabelled, ours, theirs])
    room = room_of(tmp_path, "lab")
    assert [one.entry for one in asyncio.run(room.entries())] == [unlabelled, ours]
    assert asyncio.run(room.entry(ours.entry)).entry is ours
    with pytest.raises(Refusal) as refused:
        asyncio.run(room.entry(theirs.entry))
    assert from_refusal(refused.value).status_code == 404
