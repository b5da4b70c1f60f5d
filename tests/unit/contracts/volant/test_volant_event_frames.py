"""Each event of a machine as it is sent: with the contract's name, and the type and status that its command line reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.runtime.engine.ports import Event
from homeostat_contracts.volant.event_frames import frame

WEB = Key("VirtualMachine", "default", "web")
TIME = "2026-01-01T00:00:00Z"


def sent(reason: str, said: str = "", key: Key = WEB, **fields: Any) -> dict[str, Any]:
    whole = frame(Event(7, TIME, key, "Normal", reason, said, fields), "default").decode()
    if not whole:
        return {}
    number, name, content, *_ = whole.split("\n")
    assert number == "id: 7" and whole.endswith("\n\n")
    return {"event": name.removeprefix("event: "), **json.loads(content.removeprefix("data: "))}


@pytest.mark.parametrize(
    ("reason", "message", "fields", "said"),
    [
        ("Created", "", {}, {"event": "vm.created", "plugin": None, "type": "VM_CREATED", "status": "starting"}),
        ("Created", "", {"plugin": "a"}, {"event": "vm.created", "plugin": "a", "type": "VM_CREATED", "status": "starting"}),
        ("Started", "", {}, {"event": "vm.started", "ip": None, "ip_address": None, "type": "VM_RUNNING", "status": "running"}),
        (
            "Started", "", {"ip": "10.0.0.7"},
            {"event": "vm.started", "ip": "10.0.0.7", "ip_address": "10.0.0.7", "type": "VM_RUNNING", "status": "running"},
        ),
        ("Stopped", "it is off (shutdown)", {}, {"event": "vm.stopped", "type": "VM_STOPPED", "status": "stopped"}),
        ("Stopped", "it is off (crashed)", {}, {"event": "vm.stopped", "type": "VM_CRASHED", "status": "crashed"}),
        ("Stopped", "it is off (failed)", {}, {"event": "vm.stopped", "type": "VM_CRASHED", "status": "crashed"}),
        ("Deleted", "it is gone (failed)", {}, {"event": "vm.deleted", "type": "VM_DELETED", "status": "stopped"}),
        ("HealthChanged", "HTTP 503", {"health": "x"}, {"event": "vm.health_changed", "message": "HTTP 503", "health": "x"}),
        ("HealthChanged", "", {}, {"event": "vm.health_changed"}),
        ("Failed", "no space", {}, {"event": "vm.error", "message": "no space"}),
        ("Failed", "no space", {"message": "its own"}, {"event": "vm.error", "message": "its own"}),
    ],
)  # fmt: skip
def test_as_it_is_sent(reason: str, message: str, fields: dict[str, Any], said: dict[str, Any]) -> None:
    assert sent(reason, message, **fields) == {"name": "web", "timestamp": TIME, **said}


def test_what_the_contract_does_not_have_is_not_sent() -> None:
    assert sent("Orphaned") == sent("Created", key=Key("VirtualMachine", "prod", "web")) == {}
    assert sent("Created", key=Key("Image", "default", "web")) == {}
