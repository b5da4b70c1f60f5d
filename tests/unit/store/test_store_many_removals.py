"""The brake on removals: counted over a window, by every process, across restarts."""

from __future__ import annotations

from homeostat.models.base import Key
from tests.unit.store_fixtures import Room, document, key


def filled(room: Room, count: int) -> list[str]:
    names = [f"m{number}" for number in range(count)]
    for name in names:
        room.write(f"{name}.yaml", document(name))
    room.sync()
    return names


def test_chaos_4_removals_one_after_the_other_stop_at_the_budget(room: Room) -> None:
    """Without any settling time each would be a pass of its own."""
    for number, name in enumerate(filled(room, 24)[:23]):
        (room.folder / f"{name}.yaml").unlink()
        (room.reopened() if number == 11 else room.store).sync()
        room.clock.forward(seconds=0.03)
    assert len(room.names()) == 12  # half of what was there when the window began
    assert "11 more of 24 resources would be deleted, after 12 within the last 60 s" in room.said()[0]


def test_chaos_4_what_has_not_settled_counts_too(room: Room) -> None:
    names = filled(room, 24)
    for name in names[:14]:
        (room.folder / f"{name}.yaml").unlink()
        assert room.sync(5.0).deleted == ()
    assert len(room.sync(0.0).held) == 14


def test_the_window_passes(room: Room) -> None:
    names = filled(room, 24)
    for name in names[:12]:
        (room.folder / f"{name}.yaml").unlink()
    assert len(room.sync().deleted) == 12
    for name in names[12:14]:
        (room.folder / f"{name}.yaml").unlink()
    assert len(room.sync().held) == 2
    room.clock.forward(seconds=61)
    assert len(room.sync().deleted) == 2


def test_what_was_asked_for_by_name_or_confirmed_does_not_count(room: Room) -> None:
    names = filled(room, 24)
    for name in names[:12]:
        room.store.delete(key(name), "cli")
    (room.folder / f"{names[12]}.yaml").unlink()
    assert len(room.sync().deleted) == 1


def test_a_deployment_counts_with_the_machines_that_it_would_take_along(room: Room) -> None:
    import asyncio

    from homeostat.models.base import ObjectMeta, OwnerReference
    from homeostat.models.machine import VirtualMachine, VirtualMachineSpec

    deployment = document("web", "replicas: 12", "template: {spec: {}}").replace("VirtualMachine", "VirtualMachineDeployment")
    room.write("web.yaml", deployment)
    room.write("other.yaml", document("other"))
    room.sync()
    owner_key = Key("VirtualMachineDeployment", "default", "web")
    row = room.store.index.row(owner_key)
    assert row is not None
    owner = OwnerReference(api_version="homeostat.dev/v1alpha1", kind=row.kind, name="web", uid=row.uid)
    for number in range(12):
        metadata = ObjectMeta(name=f"web-{number}", owner_references=(owner,))
        machine = VirtualMachine(
            api_version="homeostat.dev/v1alpha1", kind="VirtualMachine", metadata=metadata, spec=VirtualMachineSpec()
        )
        asyncio.run(room.store.apply_owned(machine))
    (room.folder / "web.yaml").unlink()
    assert "13 of 14 resources would be deleted" in room.sync().held[owner_key]
