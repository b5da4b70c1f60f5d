"""Snapshots of the machines of a Homeostat, for tests."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import yaml

from homeostat.models.base import Key
from homeostat.models.condition import find_condition
from homeostat.models.snapshot import Snapshot, SnapshotStatus
from tests.e2e.homeostat import SOON, Homeostat


def write_snapshot(home: Homeostat, name: str, machine: str, **spec: Any) -> None:
    """One snapshot in a file of its own."""
    document = {
        "apiVersion": "homeostat.dev/v1alpha1",
        "kind": "Snapshot",
        "metadata": {"name": name},
        "spec": {"machineRef": {"name": machine}, **spec},
    }
    aside = home.folder / f".{name}.tmp"
    aside.write_text(yaml.safe_dump(document, sort_keys=False))
    aside.replace(home.folder / f"{name}.yaml")


def snapshot_of(home: Homeostat, name: str) -> Snapshot | None:
    row = home.store.index.row(Key("Snapshot", "default", name))
    found = home.store.resource(row) if row else None
    assert found is None or isinstance(found, Snapshot)
    return found


def status_of(home: Homeostat, name: str) -> SnapshotStatus:
    found = snapshot_of(home, name)
    return found.status if found and found.status else SnapshotStatus()


def wait_taken(home: Homeostat, name: str, timeout: float = SOON) -> SnapshotStatus:
    def taken() -> SnapshotStatus | None:
        status = status_of(home, name)
        ready = find_condition(status.conditions, "Ready")
        return status if ready is not None and ready.status == "True" else None

    said = lambda: [f"{c.type} {c.reason} {c.message}" for c in status_of(home, name).conditions]  # noqa: E731
    try:
        status: SnapshotStatus = home.wait_for(taken, f"snapshot {name} is taken", timeout)
    except AssertionError as error:
        raise AssertionError(f"{error}\nsnapshot {name}: {said()}") from None
    return status


def wait_stalled(home: Homeostat, name: str, reason: str) -> str:
    """What it says to do."""

    def stalled() -> str:
        condition = find_condition(status_of(home, name).conditions, "Stalled")
        return condition.message if condition and condition.reason == reason else ""

    return str(home.wait_for(stalled, f"snapshot {name} is stalled: {reason}"))


def tags(home: Homeostat, machine: str, disk: str) -> list[str]:
    """What qemu-img finds in the file."""
    return [one["name"] for one in entries(home, machine, disk)]


def entries(home: Homeostat, machine: str, disk: str) -> list[dict[str, Any]]:
    """The same with their ids and times, which tell one that was taken again."""
    return list(_read(home, machine, disk).get("snapshots", []))


def virtual_size(home: Homeostat, machine: str, disk: str) -> int:
    return int(_read(home, machine, disk)["virtual-size"])


def _read(home: Homeostat, machine: str, disk: str) -> dict[str, Any]:
    command = ["qemu-img", "info", "-U", "--output=json", str(home.disk(machine, disk))]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found
