"""From events of machines to the contract's, as server-sent events."""

from __future__ import annotations

from typing import Any

from homeostat.runtime.engine.ports import Event
from homeostat_api.http.media import dumps

EVENT_NAMES = {
    "Created": "vm.created",
    "Started": "vm.started",
    "Stopped": "vm.stopped",
    "Deleted": "vm.deleted",
    "HealthChanged": "vm.health_changed",
    "Failed": "vm.error",
}
# As Volant's command line reads them: the type of an event, and the status that it leads to.
TYPES = {
    "vm.created": ("VM_CREATED", "starting"),
    "vm.started": ("VM_RUNNING", "running"),
    "vm.stopped": ("VM_STOPPED", "stopped"),
    "vm.deleted": ("VM_DELETED", "stopped"),
}
CRASHED = ("VM_CRASHED", "crashed")


def frame(event: Event, namespace: str) -> bytes:
    """Renders an event as it is sent. One that the contract does not have, or of another namespace, gives nothing."""
    name = EVENT_NAMES.get(event.reason)
    if name is None or event.key.kind != "VirtualMachine" or event.key.namespace != namespace:
        return b""
    content: dict[str, Any] = {"name": event.key.name, **event.fields}
    if name in ("vm.error", "vm.health_changed") and event.message:
        content.setdefault("message", event.message)
    if name == "vm.created":
        content.setdefault("plugin", None)
    if name == "vm.started":
        content.setdefault("ip", None)
        content["ip_address"] = content["ip"]
    if name in TYPES:
        crashed = name == "vm.stopped" and event.message.endswith(("(crashed)", "(failed)"))
        content["type"], content["status"] = CRASHED if crashed else TYPES[name]
    content["timestamp"] = event.time
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event.id, name.encode(), dumps(content))
