"""What its document says less of than before may be a copy that was cut off: until that has settled nothing is made of it."""

from __future__ import annotations

import pytest

from homeostat.assembly.standalone import unsettled
from homeostat.models.base import Key
from tests.unit.store_fixtures import Room

HEAD = "apiVersion: homeostat.dev/v1alpha1\nkind: {kind}\nmetadata:\n  name: one\nspec:\n"
WHOLE = {
    "Disk": "  size: 8Mi\n  format: qcow2\n  reclaimPolicy: Retain\n",
    "Network": "  addresses:\n    - cidr: 10.9.0.1/24\n  mtu: 1400\n",
    "VirtualMachine": "  runStrategy: Always\n  resources:\n    memory: 64Mi\n    vcpu: 2\n",
    "VirtualMachineDeployment": "  replicas: 2\n  template:\n    spec:\n      resources: {vcpu: 2}\n      driftPolicy: Report\n",
}


@pytest.mark.parametrize("kind", WHOLE)
def test_nothing_is_made_of_what_lost_lines_until_it_has_settled(room: Room, kind: str) -> None:
    one, text = Key(kind, "default", "one"), HEAD.format(kind=kind) + WHOLE[kind]
    room.write("one.yaml", text)
    room.sync()
    assert one not in room.store.settling and unsettled(room.store, one) is None
    room.write("one.yaml", text[: text.rstrip().rfind("\n") + 1])
    room.sync(60.0)
    assert one in room.store.settling and one in room.store.away
    blocker = unsettled(room.store, one)
    assert blocker is not None and blocker.reason == "DocumentShortened" and blocker.after
    room.sync()
    assert one not in room.store.settling and unsettled(room.store, one) is None


def test_what_has_gone_is_said_so(room: Room) -> None:
    one = Key("VirtualMachine", "default", "one")
    room.write("one.yaml", HEAD.format(kind=one.kind) + WHOLE[one.kind])
    room.write("two.yaml", HEAD.format(kind=one.kind).replace("one", "two") + WHOLE[one.kind])
    room.sync()
    (room.folder / "one.yaml").unlink()
    room.sync(60.0)
    blocker = unsettled(room.store, one)
    assert blocker is not None and blocker.reason == "DocumentGone"


def test_what_is_held_for_a_confirmation_is_looked_after_as_it_was(room: Room) -> None:
    text = HEAD.format(kind="VirtualMachine") + "  disks:\n    - {name: a, size: 8Mi}\n    - {name: b, size: 8Mi}\n"
    names = [f"m{number}" for number in range(12)]
    for name in names:
        room.write(f"{name}.yaml", text.replace("one", name))
    room.sync()
    for name in names:
        room.write(f"{name}.yaml", text.replace("one", name).replace("    - {name: b, size: 8Mi}\n", ""))
    assert len(room.sync(60.0).held) == 0 and len(room.store.settling) == 12
    assert len(room.sync().held) == 12 and not room.store.settling
