"""Machines in the words of QEMU Manager, field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.service.naming.marks import GIVEN_NAME, ID
from homeostat_contracts.qemu_manager import machine_views as views

WHEN, THEN = "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+01:00"
SHOWN, THEN_SHOWN = "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00.000Z"


def machine(spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **metadata: Any) -> VirtualMachine:
    meta = {"name": "web", "uid": "u1", "generation": 1, "creationTimestamp": WHEN, **metadata}
    document = {
        "metadata": meta,
        "spec": spec or {},
        **({} if status is None else {"status": {"observedGeneration": 1, **status}}),
    }
    return VirtualMachine.model_validate(document)


def test_one_that_was_just_made() -> None:
    asked = {"runStrategy": "Halted", "resources": {"vcpu": 2, "memory": "3Gi"}}
    marks = {"labels": {ID: "an-id"}, "annotations": {GIVEN_NAME: "My Web"}}
    assert views.shown(machine(asked, **marks), 5901) == {
        "id": "an-id",
        "name": "My Web",
        "cpus": 2,
        "memory": 3072,
        "status": "stopped",
        "vnc_port": 5901,
        "disks": [],
        "iso": None,
        "createdAt": SHOWN,
        "startedAt": None,
    }
    bare = views.shown(machine(), 5900)
    assert (bare["id"], bare["name"], bare["status"]) == ("u1", "web", "starting")


@pytest.mark.parametrize(
    ("state", "word", "started"),
    [
        ("Pending", "starting", None),
        ("Stopped", "stopped", None),
        ("Starting", "starting", None),
        ("Running", "running", THEN_SHOWN),
        ("Paused", "running", None),
        ("Saved", "stopped", None),
        ("Stopping", "stopping", None),
        ("CrashLoopBackOff", "starting", None),
        ("Succeeded", "stopped", None),
        ("Failed", "stopped", None),
        ("Unknown", "unknown", None),
    ],
)
def test_its_state(state: str, word: str, started: str | None) -> None:
    shown = views.shown(machine({}, {"state": state, "startedAt": THEN}), 5900)
    assert (shown["status"], shown["startedAt"]) == (word, started)


def test_one_that_goes() -> None:
    assert views.shown(machine({}, {"state": "Running"}, deletionTimestamp=WHEN), 5900)["status"] == "stopping"


DISKS: list[dict[str, Any]] = [
    {"name": "a", "diskRef": {"name": "data"}},
    {"name": "b", "size": "1Gi", "image": {"path": "/srv/b.img"}},
    {"name": "c", "size": "1Gi", "image": {"imageRef": {"name": "debian"}}},
    {"name": "d", "size": "1Gi", "image": {"url": "https://images.example/d.img"}},
    {"name": "e", "size": "1Gi"},
]


def test_its_disks() -> None:
    paths = ["/disks/data", "/srv/b.img", "/isos/debian.iso", "https://images.example/d.img", "/disks/e"]
    assert views.disks(machine({"disks": DISKS})) == [{"path": path, "attachedAt": SHOWN} for path in paths]


def test_what_was_noted_of_its_disks() -> None:
    notes = {
        "a": {"path": "/vm/disks/a.qcow2", "at": THEN_SHOWN},
        "b": {"path": "/vm/b"},
        "c": {"at": THEN_SHOWN},
        "d": 7,
        "e": {"path": 7},
        "f": {"path": "/vm/f", "at": "soon"},
    }
    of = machine({"disks": DISKS}, annotations={views.ATTACHED: json.dumps(notes)})
    assert views.noted(of) == {name: notes[name] for name in "ab"}
    shown = [(disk["path"], disk["attachedAt"]) for disk in views.disks(of)]
    assert shown[:3] == [("/vm/disks/a.qcow2", THEN_SHOWN), ("/vm/b", SHOWN), ("/isos/debian.iso", SHOWN)]


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "7", "null"])
def test_notes_that_are_none(text: str) -> None:
    assert views.noted(machine(annotations={views.ATTACHED: text})) == {}


def test_what_is_noted_is_read_back() -> None:
    notes = {"a": {"path": "/a", "at": SHOWN}}
    patch = views.noting(notes)
    assert views.noted(machine(annotations=patch["metadata"]["annotations"])) == notes
    assert views.noting({}) == {"metadata": {"annotations": {views.ATTACHED: None}}}


@pytest.mark.parametrize(
    ("drive", "iso"),
    [
        ({"name": "cd", "type": "cdrom", "image": {"path": "/srv/a.iso"}}, "/srv/a.iso"),
        ({"name": "cd", "type": "cdrom", "image": {"url": "file:///srv/a.iso"}}, "/srv/a.iso"),
        ({"name": "cd", "type": "cdrom", "image": {"imageRef": {"name": "debian"}}}, "/isos/debian.iso"),
        ({"name": "cd", "type": "cdrom"}, None),
        ({"name": "b", "size": "1Gi", "image": {"path": "/srv/b.img"}}, None),
    ],
    ids=["path", "address", "image", "empty", "a disk"],
)
def test_its_iso(drive: dict[str, Any], iso: str | None) -> None:
    of = machine({"disks": [drive]})
    assert views.shown(of, 5900)["iso"] == iso
    assert views.command(of, [], 5900).endswith(f" -name web -cdrom {iso} -vnc :0" if iso else " -name web -vnc :0")
    assert len(views.disks(of)) == (drive.get("type") != "cdrom")


def test_how_it_would_be_started_by_hand() -> None:
    of = machine({"resources": {"vcpu": 2, "memory": "1Gi"}, "disks": DISKS[:1]})
    disks = [{"path": "/vm/a.qcow2"}, {"path": "/vm/b.qcow2"}]
    drives = "-drive file=/vm/a.qcow2 -drive file=/vm/b.qcow2"
    assert views.command(of, disks, 5903) == f"qemu-system-x86_64 -m 1024 -smp 2 -name web {drives} -vnc :3"


def test_the_secrets_of_an_address_are_not_shown() -> None:
    image = {"url": "https://ann:hush@images.example/debian.iso?token=hush"}
    disks = [{"name": "cd", "type": "cdrom", "image": image}, {"name": "root", "image": {**image, "format": "raw"}}]
    one = machine({"disks": disks})
    shown = views.shown(one, 5900)
    address = "https://***@images.example/debian.iso?token=***"
    assert (shown["iso"], [disk["path"] for disk in shown["disks"]]) == (address, [address])
    assert "hush" not in views.command(one, shown["disks"], 5900)
