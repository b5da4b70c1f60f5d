"""Events: numbered, counted up when they repeat, bounded."""

from __future__ import annotations

from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.ports import Happening
from homeostat.store.index import records
from tests.unit.store_fixtures import Room, document, key


async def test_repeats_within_ten_minutes_are_counted_up(room: Room) -> None:
    for _ in range(3):
        await room.store.record_event(key("web"), "Warning", "Failed", "no space", {"free": 0})
        room.clock.forward(minutes=9)
    await room.store.record_event(key("web"), "Warning", "Failed", "no bridge")
    counted, other = room.store.events()
    assert (counted.count, counted.id, counted.time, counted.fields) == (3, 3, "2026-01-01T00:18:00.000Z", {"free": 0})
    assert other.count == 1
    room.clock.forward(minutes=11)
    await room.store.record_event(key("web"), "Warning", "Failed", "no bridge")
    assert [event.count for event in room.store.events()] == [3, 1, 1]


async def test_those_of_one_report_are_counted_as_if_each_were_reported_alone(room: Room) -> None:
    await room.store.report(key("web"), "", None, [Happening("Normal", "A", "a")])
    said = [Happening("Normal", reason, reason.lower()) for reason in "AABABB"]
    await room.store.report(key("web"), "", None, said)
    await room.store.report(key("web"), "", None, said[-1:])
    assert [(e.reason, e.count, e.id) for e in room.store.events()] == [("A", 3, 3), ("B", 1, 4), ("A", 1, 5), ("B", 3, 8)]


async def test_followers_resume_behind_an_id(room: Room) -> None:
    for number in range(5):
        await room.store.record_event(key(f"vm-{number % 2}"), "Normal", "Started", str(number))
    assert [event.message for event in room.store.events(after_id=2, limit=2)] == ["2", "3"]
    assert [event.message for event in room.store.events(limit=2)] == ["3", "4"]
    assert [event.message for event in room.store.events(key=key("vm-1"))] == ["1", "3"]
    await room.store.record_event(key("vm-0"), "Normal", "Started", "4")
    assert [(event.message, event.count) for event in room.store.events(after_id=5)] == [("4", 2)]


def test_only_the_newest_are_kept(room: Room, monkeypatch: object) -> None:
    import pytest

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(records, "EVENTS_MAX", 100)
        for number in range(512):
            records.report(room.store.index, room.clock(), key("web"), "", None, [Happening("Normal", "Started", str(number))])
    assert [e.message for e in room.store.events(limit=9999)] == [str(n) for n in range(412, 512)]


async def test_a_status_is_written_only_when_it_differs(room: Room) -> None:
    from homeostat.models.machine import VirtualMachineStatus

    room.write("web.yaml", document("web"))
    room.sync()
    row = room.row("web")
    await room.store.write_status(key("web"), row.uid, VirtualMachineStatus(pid=1))
    version = room.store.index.version()
    await room.store.write_status(key("web"), row.uid, VirtualMachineStatus(pid=1))
    await room.store.write_status(key("web"), "another uid", VirtualMachineStatus(pid=2))
    await room.store.write_status(key("gone"), row.uid, VirtualMachineStatus(pid=2))
    assert room.store.index.version() == version == row.version + 1
    found = await room.store.get(VirtualMachine, key("web"))
    assert found and found.dump()["status"]["pid"] == 1
