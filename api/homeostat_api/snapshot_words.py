"""The words of the routes of snapshots."""

from __future__ import annotations

from pydantic import Field

from homeostat.models.snapshot import Snapshot, SnapshotSpec

from .http.kinds.whole import Named
from .http.words import Words


class NewSnapshot(Words):
    name: Named
    spec: SnapshotSpec


class SnapshotList(Words):
    snapshots: list[Snapshot]


class RestoreAsked(Words):
    token: str = Field(
        min_length=1, max_length=64, pattern=r"^[ -~]+$", description="Any text: the machine goes back once for each new one."
    )


class Restoring(Words):
    name: str
    machine: str
    token: str = Field(description="The machine's status.restored is this once it is done.")
