"""What `homeostat apply` set last, by resource: kept beside the folder, so that nobody's YAML carries it.

An index that is lost loses it too; the next apply then takes nothing away.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from homeostat.models.base import Key

from ...index.index import Index, Row, compact, set_setting
from ...three_way import Form, intent

_SETTING = "applied:"


def recall(index: Index, row: Row) -> dict[str, Any] | None:
    """None where nothing was applied to this resource; one of its name that was made anew is another one."""
    found = json.loads(index.setting(f"{_SETTING}{row.key}") or "null")
    return found["applied"] if isinstance(found, dict) and found.get("created") == row.created else None


def remember(index: Index, row: Row, applied: Form) -> None:
    if recall(index, row) == (wanted := intent(applied)):
        return
    with index.transaction() as database:
        set_setting(database, f"{_SETTING}{row.key}", compact({"created": row.created, "applied": wanted}))


def forget(database: sqlite3.Connection, key: Key) -> None:
    """The resource has gone."""
    set_setting(database, f"{_SETTING}{key}", None)
