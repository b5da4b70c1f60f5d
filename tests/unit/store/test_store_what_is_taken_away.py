"""A changed document that takes machines or disks away: its last spec stays until the new one has stood, and while in doubt."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from homeostat.models.base import Key, ObjectMeta, OwnerReference
from homeostat.models.machine import VirtualMachine, VirtualMachineSpec
from homeostat.store.errors import NotEditable
from tests.unit.store_fixtures import Room, document, key

WEB = Key("VirtualMachineDeployment", "default", "web")
LOGS = "disks: [{name: root, size: 1Gi}, {name: logs, size: 1Gi}]"
ROOT = "disks: [{name: root, size: 1Gi}]"


def web(replicas: int, *more: str) -> str:
    written = document("web", f"replicas: {replicas}", "template: {spec: {}}", *more)
    return written.replace("kind: VirtualMachine", "kind: VirtualMachineDeployment")


def replicas(room: Room) -> int:
    row = room.store.index.row(WEB)
    assert row is not None
    return int(json.loads(row.spec)["replicas"])


def disks(room: Room, name: str = "a") -> list[str]:
    return [disk["name"] for disk in json.loads(room.row(name).spec)["disks"]]


def begun(room: Room, count: int = 3) -> None:
    """A deployment with so many machines, and a machine with two disks."""
    room.write("web.yaml", web(count))
    room.write("a.yaml", document("a", LOGS))
    room.sync()
    row = room.store.index.row(WEB)
    assert row is not None
    owner = OwnerReference(api_version="homeostat.dev/v1alpha1", kind=row.kind, name="web", uid=row.uid)
    for number in range(1, count + 1):
        metadata = ObjectMeta(name=f"web-{number}", owner_references=(owner,))
        machine = VirtualMachine(
            api_version="homeostat.dev/v1alpha1", kind="VirtualMachine", metadata=metadata, spec=VirtualMachineSpec()
        )
        asyncio.run(room.store.apply_owned(machine))


def under_way(room: Room) -> Path:
    """Git is in the middle of something; the file says so."""
    subprocess.run(["git", "init", "--quiet", str(room.folder)], check=True)
    (room.folder / ".git" / "BISECT_LOG").touch()
    return room.folder / ".git" / "BISECT_LOG"


def lessen(room: Room) -> None:
    room.write("web.yaml", web(1))
    room.write("a.yaml", document("a", ROOT))


def test_put_back_within_the_settling_time_leaves_no_trace(room: Room) -> None:
    begun(room)
    version = room.store.index.version()
    lessen(room)
    assert room.sync(5.0).changed == ()
    assert room.store.restless
    assert (replicas(room), disks(room)) == (3, ["root", "logs"])
    room.write("web.yaml", web(3))
    room.write("a.yaml", document("a", LOGS))
    assert room.sync(5.0).changed == ()
    assert not room.store.restless
    assert (room.store.index.version(), room.said()) == (version, [])


def test_it_comes_into_force_once_it_has_stood(room: Room) -> None:
    begun(room)
    lessen(room)
    assert room.sync(5.0).changed == ()
    assert set(room.sync(0.0).changed) == {WEB, key("a")}
    assert (replicas(room), disks(room)) == (1, ["root"])
    assert not room.store.restless and room.said() == []


def test_every_other_change_is_taken_in_at_once_also_by_those_who_let_nothing_go(room: Room) -> None:
    begun(room)
    room.write("web.yaml", web(5, "paused: true"))
    room.write("a.yaml", document("a", "disks: [{name: logs, size: 2Gi}, {name: root, size: 1Gi}, {name: new, size: 1Gi}]"))
    assert set(room.store.compare().changed) == {WEB, key("a")}
    assert (replicas(room), disks(room)) == (5, ["logs", "root", "new"])


def test_it_is_held_while_git_is_in_the_middle_of_something(room: Room) -> None:
    begun(room)
    mark = under_way(room)
    lessen(room)
    for store in (room.store, room.reopened()):
        assert set(store.sync(0.0).held) == {WEB, key("a")}
    assert (replicas(room), disks(room)) == (3, ["root", "logs"])
    said = dict(zip("aw", room.said(), strict=True))
    assert "disks[logs] would go: a bisect is under way" in said["a"] and "`homeostat apply -f a.yaml`" in said["a"]
    assert "replicas: 3 -> 1: a bisect is under way" in said["w"] and "`homeostat scale vmd web --replicas 1`" in said["w"]
    assert all("homeostat apply --prune" in text for text in said.values())
    mark.unlink()
    assert set(room.sync(0.0).changed) == {WEB, key("a")}
    assert room.said() == []


def test_a_confirmation_brings_what_is_held_into_force(room: Room) -> None:
    begun(room)
    under_way(room)
    lessen(room)
    room.sync(0.0)
    assert set(room.store.confirm_prune().changed) == {WEB, key("a")}
    assert (replicas(room), room.store.held(), room.said()) == (1, {}, [])


def test_replicas_count_for_the_brake_with_their_number(room: Room) -> None:
    begun(room, 30)
    room.write("web.yaml", web(1))
    assert "29 of 32 resources would be deleted at once" in room.sync(0.0).held[WEB]
    assert replicas(room) == 30
    room.write("web.yaml", web(21))
    assert room.sync(0.0).changed == (WEB,)
    room.write("web.yaml", web(5))
    assert "after 9 within the last 60 s" in room.sync(0.0).held[WEB]
    room.clock.forward(seconds=61)
    assert room.sync(0.0).changed == (WEB,)


def test_asked_for_by_name_it_comes_into_force_at_once(room: Room) -> None:
    begun(room, 30)
    under_way(room)
    room.store.patch(WEB, {"spec": {"replicas": 1}}, "cli")
    room.store.patch(key("a"), {"spec": {"disks": [{"name": "root", "size": "1Gi"}]}}, "api")
    assert (replicas(room), disks(room), room.said()) == (1, ["root"], [])


def test_what_the_document_says_already_can_be_asked_for_by_name(room: Room) -> None:
    begun(room)
    under_way(room)
    lessen(room)
    room.sync(0.0)
    room.store.patch(WEB, {"spec": {"replicas": 1}}, "cli")
    assert (replicas(room), disks(room)) == (1, ["root", "logs"])
    assert set(room.store.held()) == {key("a")}
    with pytest.raises(NotEditable, match=r"put it back, or repeat .* `homeostat get errors` says what holds it"):
        room.store.patch(key("a"), {"metadata": {"labels": {"x": "y"}}}, "api")
    assert room.store.held()[key("a")] in str(room.said())


def test_another_edit_by_name_does_not_confirm_it_unasked(room: Room) -> None:
    begun(room)
    lessen(room)
    with pytest.raises(NotEditable, match=r"a\.yaml changes .* \(disks\[logs\] would go\), and that is not in force yet"):
        room.store.patch(key("a"), {"spec": {"runStrategy": "Halted"}}, "cli")
    with pytest.raises(NotEditable, match=r"replicas: 3 -> 1.* not in force yet, but soon: repeat the request in some seconds"):
        room.store.patch(WEB, {"metadata": {"labels": {"x": "y"}}}, "api")
    assert (replicas(room), disks(room)) == (3, ["root", "logs"])
    assert room.store.patch(WEB, {"spec": {"replicas": 4}}, "cli")
    assert replicas(room) == 4
