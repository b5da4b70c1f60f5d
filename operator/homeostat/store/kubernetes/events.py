"""Happenings as Kubernetes Events, and back. Repeated ones are counted, as client-go's recorder does.

https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from homeostat.models.base import API_GROUP, API_VERSION, Key
from homeostat.runtime.engine.ports import Happening
from homeostat.store.errors import NotFound

from .cluster import Cluster
from .paths import EVENTS

COMPONENT = "homeostat"
FIELDS = f"{API_GROUP}/fields"
"""An annotation with what an event says to programs, as JSON."""
MESSAGE_MAX = 1024
"""Bytes that the API server accepts: ``validateV1EventSeries`` and others in its pkg/apis/core/validation/events.go."""
REPEAT_WINDOW = 600.0
"""Seconds in which an equal event is counted instead of recorded again."""
REMEMBERED = 4096

Object = dict[str, Any]


@dataclass(slots=True)
class _Told:
    name: str
    count: int
    at: float


class EventRecorder:
    """Records Events in the cluster, for one event loop."""

    def __init__(self, cluster: Cluster, instance: str) -> None:
        self._cluster = cluster
        self._instance = instance
        self._told: OrderedDict[tuple[str, ...], _Told] = OrderedDict()

    async def record(self, key: Key, uid: str, happening: Happening) -> None:
        """Records one happening.

        Raises:
            ClusterError, Invalid: it was not recorded.
        """
        same = (str(key), uid, happening.type, happening.reason, happening.message)
        told = self._told.get(same)
        if told is not None and time.monotonic() - told.at < REPEAT_WINDOW and await self._count_up(key, told):
            return
        name = f"{key.name[:230]}.{hashlib.sha256(f'{same}{time.time_ns()}'.encode()).hexdigest()[:16]}"
        await self._cluster.create(EVENTS, Key("Event", key.namespace, name), self._event(name, key, uid, happening), COMPONENT)
        self._told[same] = _Told(name, 1, time.monotonic())
        self._told.move_to_end(same)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    async def _count_up(self, key: Key, told: _Told) -> bool:
        patch = {"count": told.count + 1, "lastTimestamp": _now()}
        try:
            await self._cluster.patch(EVENTS, Key("Event", key.namespace, told.name), patch, COMPONENT)
        except NotFound:  # the server deletes events after an hour
            return False
        told.count, told.at = told.count + 1, time.monotonic()
        return True

    def _event(self, name: str, key: Key, uid: str, happening: Happening) -> Object:
        now = _now()
        meta: Object = {"name": name, "namespace": key.namespace, "labels": {"app.kubernetes.io/managed-by": COMPONENT}}
        if happening.fields:
            meta["annotations"] = {FIELDS: json.dumps(happening.fields)}
        about = {"apiVersion": API_VERSION, "kind": key.kind, "namespace": key.namespace, "name": key.name, "uid": uid}
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": meta,
            "involvedObject": about,
            "type": happening.type,
            "reason": happening.reason,
            "message": happening.message.encode()[:MESSAGE_MAX].decode(errors="ignore"),
            "source": {"component": COMPONENT, "host": self._instance},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }


def read_event(event: Mapping[str, Any]) -> tuple[Key, Happening, str] | None:
    """Returns what an Event says about one of our resources, and when (RFC 3339). None: it is about something else."""
    about = event.get("involvedObject") or {}
    if about.get("apiVersion") != API_VERSION or not about.get("kind") or not about.get("name"):
        return None
    meta = event.get("metadata") or {}
    try:
        fields = json.loads((meta.get("annotations") or {}).get(FIELDS) or "{}")
    except (ValueError, RecursionError):  # anybody with the right to write events may write anything
        fields = {}
    key = Key(about["kind"], about.get("namespace") or "default", about["name"])
    happening = Happening(
        "Warning" if event.get("type") == "Warning" else "Normal",
        str(event.get("reason") or ""),
        str(event.get("message") or ""),
        fields if isinstance(fields, dict) else {},
    )
    return key, happening, str(event.get("lastTimestamp") or event.get("eventTime") or meta.get("creationTimestamp") or _now())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
