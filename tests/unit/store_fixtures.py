"""A YAML folder with its store, for the tests of the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homeostat.models.base import Key, Resource
from homeostat.store.files.passes.intake import PassReport
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from homeostat.store.index.index import Index
from homeostat.store.index.row import Row


@dataclass
class Clock:
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> None:
        self.now += timedelta(**amount)


def document(name: str, *spec: str, namespace: str = "", annotation: str = "") -> str:
    lines = ["apiVersion: homeostat.dev/v1alpha1", "kind: VirtualMachine", "metadata:", f"  name: {name}"]
    if namespace:
        lines.append(f"  namespace: {namespace}")
    if annotation:
        lines.append(f"  annotations: {{{annotation}}}")
    return "\n".join([*lines, "spec:", *(f"  {line}" for line in spec or ("runStrategy: Always",)), ""])


def documents(*names: str) -> str:
    return "---\n".join(document(name) for name in names)


def key(name: str, namespace: str = "default") -> Key:
    return Key("VirtualMachine", namespace, name)


@dataclass
class Room:
    """One folder and its state, as the operator sees them; ``reopened`` is the operator after a restart."""

    base: Path
    clock: Clock = field(default_factory=Clock)
    commit: bool = False
    settle: float = 0.2  # of passes that the watch makes; ``sync`` has none
    _store: FilesStore | None = None

    @property
    def folder(self) -> Path:
        return self.base / "folder"

    @property
    def state(self) -> StateFolder:
        return StateFolder.open(self.base / "state")

    @property
    def store(self) -> FilesStore:
        if self._store is None:
            self._store = FilesStore.open(
                self.folder, self.state, owner=True, commit=self.commit, settle=self.settle, clock=self.clock
            )
        return self._store

    def reopened(self) -> FilesStore:
        self.close()
        return self.store

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def sync(self, settle: float = 0.0) -> PassReport:
        return self.store.sync(settle)

    def row(self, name: str, namespace: str = "default") -> Row:
        row = self.store.index.row(key(name, namespace))
        assert row is not None, f"{name} is not in the index; errors: {[str(e) for e in self.store.errors()]}"
        return row

    def resource(self, name: str) -> Resource:
        return self.store.resource(self.row(name))

    def names(self) -> list[str]:
        """In force, that is without those being deleted."""
        return [row.name for row in self.store.rows() if row.deleted is None]

    def said(self) -> list[str]:
        return [str(error) for error in self.store.errors()]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    room.folder.mkdir()
    yield room
    room.close()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """Yields an index without resources."""
    opened = Index.open(tmp_path / "index.sqlite")
    yield opened
    opened.close()
