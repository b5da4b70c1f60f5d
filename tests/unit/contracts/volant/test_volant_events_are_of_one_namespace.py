"""The stream of events tells of machines of one namespace, and of what the contract has a word for."""

from __future__ import annotations

import pytest

from homeostat.models.base import Key
from homeostat.runtime.engine.ports import Event
from homeostat_contracts.volant.event_frames import frame


@pytest.mark.parametrize(
    ("kind", "namespace", "reason", "sent"),
    [
        ("VirtualMachine", "shop", "Started", True),
        ("VirtualMachine", "bank", "Started", False),
        ("VirtualMachineDeployment", "shop", "Created", False),
        ("VirtualMachine", "shop", "Probed", False),
    ],
)
def test_what_is_sent(kind: str, namespace: str, reason: str, sent: bool) -> None:
    event = Event(7, "2026-01-01T00:00:00Z", Key(kind, namespace, "web"), "Normal", reason, "running", {}, 1)
    told = frame(event, "shop")
    assert told.startswith(b"id: 7\nevent: vm.started\n") if sent else told == b""
