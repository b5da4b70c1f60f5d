"""Copies the cluster's Events about our resources into the index, so that the REST API shows them as in standalone mode."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from homeostat.models.base import API_VERSION

from ..index import records
from ..index.index import Index
from .events import read_event

log = logging.getLogger(__name__)

OURS = f"involvedObject.apiVersion={API_VERSION}"
"""The field selector of Events about our resources."""
REMEMBERED = 20_000


class EventLog:
    """Records Events, for one thread. It drops what an earlier process left: the cluster stores the last hour, and is asked
    again."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._counts: OrderedDict[str, int] = OrderedDict()  # uid -> its count when it was recorded last
        with index.transaction() as database:
            database.execute("DELETE FROM events")

    def take(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Records the new ones among them, oldest first. One whose count went up is recorded again."""
        for event in sorted(events, key=_place):
            meta = event.get("metadata") or {}
            uid, count = str(meta.get("uid")), int(event.get("count") or 1)
            told = read_event(event)
            if told is None or self._counts.get(uid, 0) >= count:
                continue
            self._counts[uid] = count
            self._counts.move_to_end(uid)
            if len(self._counts) > REMEMBERED:
                self._counts.popitem(last=False)
            key, happening, time = told
            records.report(self._index, _moment(time), key, "", None, [happening])


def _place(event: Mapping[str, Any]) -> tuple[str, int]:
    """Returns the sort key of an event. Events of one second have the order in which the server took them."""
    meta = event.get("metadata") or {}
    version = str(meta.get("resourceVersion") or "")
    return str(event.get("lastTimestamp") or meta.get("creationTimestamp") or ""), int(version) if version.isdigit() else 0


def _moment(time: str) -> datetime:
    try:
        return datetime.fromisoformat(time)
    except ValueError:
        log.debug("an event's time is none: %r", time)
        return datetime.now(UTC)
