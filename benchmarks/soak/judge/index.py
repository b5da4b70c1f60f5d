"""The operator's index, read by the soak itself: what it says of each resource."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

QUERY = "SELECT kind, name, generation, metadata, spec, status, source, deleted FROM resources"


@dataclass(frozen=True, slots=True)
class Row:
    """``owned``: by a deployment."""

    kind: str
    name: str
    generation: int
    spec: dict[str, Any]
    source: str | None
    deleted: bool
    owned: bool
    status: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return str(self.status.get("state", ""))

    def condition(self, type: str) -> dict[str, Any]:
        conditions: list[dict[str, Any]] = self.status.get("conditions", [])
        return next((one for one in conditions if one["type"] == type), {})

    @property
    def ready(self) -> bool:
        """Of the present spec."""
        ready = self.condition("Ready")
        return ready.get("status") == "True" and ready.get("observedGeneration", 0) >= self.generation


def rows(state: Path) -> dict[tuple[str, str], Row] | None:
    """By kind and name; None where there is no index that can be read now."""
    found = _read(state, QUERY)
    try:
        return None if found is None else {(row[0], row[1]): _row(row) for row in found}
    except ValueError:  # damaged, and the operator has not seen that yet
        return None


def errors(state: Path) -> list[str]:
    """What the operator says of broken documents."""
    found = _read(state, "SELECT path, message FROM errors WHERE severity = 'Error'")
    return [f"{path}: {message}" for path, message in found or ()]


def held(state: Path) -> list[str]:
    """Returns what the operator says of resources that it keeps in doubt."""
    return [str(message) for (message,) in _read(state, "SELECT message FROM errors WHERE severity = 'Held'") or ()]


def writes(state: Path) -> int | None:
    """Grows with every write of a resource, a status or an event."""
    found = _read(state, "SELECT sum(value) FROM counters")
    return None if not found else int(found[0][0])


def _row(row: tuple[Any, ...]) -> Row:
    kind, name, generation, metadata, spec, status, source, deleted = row
    owned = bool(json.loads(metadata).get("ownerReferences"))
    return Row(kind, name, generation, json.loads(spec), source, deleted is not None, owned, json.loads(status or "{}"))


def _read(state: Path, query: str) -> list[tuple[Any, ...]] | None:
    try:
        connection = sqlite3.connect(f"file:{state / 'index.sqlite'}?mode=ro", uri=True, timeout=5)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
    except (sqlite3.Error, OSError):
        return None
