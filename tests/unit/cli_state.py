"""A state as an operator leaves it: a YAML folder, its index, statuses and events. Real files, real SQLite."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from homeostat.cli.main import run
from homeostat.models.base import Key, Resource
from homeostat.models.condition import Condition
from homeostat.models.machine import GuestAddress, MachineState, VirtualMachineStatus
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore

FRAME = "apiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\nmetadata:\n  name: {name}\n"


@dataclass(frozen=True, slots=True)
class Said:
    """What one command line did."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class CliState:
    folder: Path
    state: Path
    captured: pytest.CaptureFixture[str]
    store: FilesStore = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.store = FilesStore.open(self.folder, StateFolder.open(self.state))

    def homeostat(self, *words: str) -> Said:
        self.captured.readouterr()
        code = run(["--state", str(self.state), *words])
        out, err = self.captured.readouterr()
        return Said(code, out, err)

    def write(self, name: str, spec: str = "spec: {}\n", labels: str = "") -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(FRAME.format(name=name) + labels + spec)
        self.store.sync()
        return path

    def report(self, name: str, *, ready: bool = True, message: str = "", **status: Any) -> None:
        """Writes a status as the operator does."""
        key = Key("VirtualMachine", "default", name)
        resource = asyncio.run(self.store.get(Resource, key))
        assert resource is not None
        generation = resource.metadata.generation
        condition = Condition(
            type="Ready",
            status="True" if ready else "False",
            reason="InSync" if ready else "Waiting",
            message=message,
            last_transition_time="2025-01-01T00:00:00Z",
            observed_generation=generation,
        )
        values = {"observed_generation": generation, "state": MachineState.RUNNING, "host": "local"} | status
        asyncio.run(self.store.write_status(key, resource.metadata.uid, VirtualMachineStatus(conditions=(condition,), **values)))

    def event(self, name: str, reason: str, message: str, type: Any = "Normal") -> None:
        asyncio.run(self.store.record_event(Key("VirtualMachine", "default", name), type, reason, message))


LEASE = (GuestAddress(nic="lan", ip="192.168.122.7", source="Lease"),)
FORWARD = (GuestAddress(nic="user", ip="127.0.0.1", source="Forward", port=8081, guest_port=80),)
