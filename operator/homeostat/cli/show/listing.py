"""Lists of events and of errors in the YAML folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from homeostat.models.base import Key
from homeostat.models.outside import redacted_all

from ..access import changing, opened
from ..references import short_name
from ..settings import CliSettings
from ..terminal import columns, emit, paint, say
from ..times import age
from .output import to_yaml
from .staleness import note_operator

if TYPE_CHECKING:
    from homeostat.runtime.engine.ports import Event

EVENT_COLUMNS = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")
RECENT = 200  # events that are shown where nothing says how many


async def list_events(
    settings: CliSettings,
    *,
    key: Key | None = None,
    all_namespaces: bool = False,
    form: str | None = None,
    watch: bool = False,
    headers: bool = True,
    limit: int = RECENT,
) -> None:
    """Lists the latest events, oldest first; with ``watch`` also those to come."""
    async with opened(settings) as store:

        async def read() -> Sequence[Event]:
            events = await store.events(key=key, limit=limit)
            return [e for e in events if all_namespaces or key or e.key.namespace == settings.namespace]

        if not watch:
            print_events(await read(), form, headers=headers, namespace="" if all_namespaces else settings.namespace)
            return
        seen: dict[int, int] = {}
        async for events in changing(read):
            fresh = [e for e in events if seen.get(e.id) != e.count]
            seen = {e.id: e.count for e in events}
            if fresh:
                print_events(fresh, form, headers=headers)
                headers = False


def print_events(events: Sequence[Event], form: str | None, *, headers: bool = True, namespace: str = "") -> None:
    if form in ("json", "yaml"):
        items = redacted_all([event_as_json(e) for e in events])
        emit(json.dumps(items, indent=2) if form == "json" else to_yaml(items))
    elif not events and headers:
        say(f"No events found{f' in {namespace} namespace' if namespace else ''}.", err=True)
    else:
        for line in columns(EVENT_COLUMNS, [event_row(e) for e in events], show_header=headers):
            say(line)


def event_row(event: Event) -> tuple[str, ...]:
    message = event.message + (f" (x{event.count})" if event.count > 1 else "")
    return (age(event.time), event.type, event.reason, short_name(event.key), message)


def event_as_json(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "time": event.time,
        "kind": event.key.kind,
        "namespace": event.key.namespace,
        "name": event.key.name,
        "type": event.type,
        "reason": event.reason,
        "message": event.message,
        "fields": dict(event.fields),
        "count": event.count,
    }


async def list_errors(settings: CliSettings, *, form: str | None = None, headers: bool = True) -> None:
    """Lists what is wrong in the folder now. The last good specs of those documents stay in force. Notes on stderr what fails in
    the operator, since that may keep it from seeing what is written."""
    async with opened(settings) as store:
        errors = await store.errors()
    noted = note_operator(settings)
    if form in ("json", "yaml"):
        items = redacted_all([asdict(error) for error in errors])
        emit(json.dumps(items, indent=2, default=str) if form == "json" else to_yaml(items))
    elif not errors:
        none = (
            "No errors are known of what the operator read" if noted else "No errors: every document is in force as it is written"
        )
        say(f"{none}.", err=True)
    else:
        for error in errors:
            say(paint(str(error), "bad"))
