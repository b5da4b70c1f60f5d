"""What `homeostat apply` set last, by resource. It is in the index, so that no YAML file has to carry it.

A lost index loses it too. The next apply then takes nothing away.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from homeostat.models.base import Key

from ...index.index import Index, compact, set_setting
from ...index.row import Row
from ...three_way import Form, intent

_SETTING = "applied:"


def recall(index: Index, row: Row) -> dict[str, Any] | None:
    """Returns what was applied last. None: nothing was applied to this resource. A new resource of the same name does not count
    as this one."""
    found = json.loads(index.setting(f"{_SETTING}{row.key}") or "null")
    return found["applied"] if isinstance(found, dict) and found.get("created") == row.created else None


def remember(index: Index, row: Row, applied: Form) -> None:
    if recall(index, row) == (wanted := intent(applied)):
        return
    with index.transaction() as database:
        set_setting(database, f"{_SETTING}{row.key}", compact({"created": row.created, "applied": wanted}))


def forget(database: sqlite3.Connection, key: Key) -> None:
    """Forgets what was applied to a resource that has gone."""
    set_setting(database, f"{_SETTING}{key}", None)
