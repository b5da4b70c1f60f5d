"""Whoever may change a machine may write into its annotation what he likes: the list, which is everybody's, stays whole."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.contracts.qemu_manager.manager import Manager

NOTES = {
    "no-json": "{",
    "deep": "[" * 20_000,
    "list": "[]",
    "null": "null",
    "no-note": '{"root": 1}',
    "no-path": '{"root": {"path": 5, "at": "2026-11-28T14:00:00.000Z"}}',
    "no-moment": '{"root": {"path": "/x", "at": "soon"}}',
    "nan": '{"root": {"path": "/x", "at": NaN}}',
    "before-time": '{"root": {"path": "/x", "at": "0001-01-01T00:00:00+23:59"}}',
}


@pytest.mark.parametrize("note", NOTES.values(), ids=NOTES)
def test_what_is_no_note_counts_for_nothing(manager: Manager, name: str, note: str) -> None:
    document = {
        "apiVersion": "homeostat.dev/v1alpha1",
        "kind": "VirtualMachine",
        "metadata": {"name": name, "annotations": {"qemu-manager.homeostat.dev/attached": note}},
        "spec": {"runStrategy": "Halted", "resources": {"memory": "64Mi"}, "disks": [{"name": "root", "size": "1Mi"}]},
    }
    answer = manager.served.real.http.post("/api/v1/apply", json=document)
    assert answer.status_code in (200, 201), answer.text

    def listed() -> dict[str, Any] | None:
        text = manager.http.get("/api/vms").text
        found = json.loads(text, parse_constant=pytest.fail)["vms"]
        return next((vm for vm in found if vm["name"] == name), None)

    (disk,) = manager.served.until(listed, "the machine is listed")["disks"]
    assert disk["path"] == "/disks/root"
    assert datetime.fromisoformat(disk["attachedAt"])
