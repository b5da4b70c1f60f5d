"""What a pass makes of new, changed and unchanged documents."""

from __future__ import annotations

from tests.unit.store_fixtures import Room, document, documents, key


def test_new_resource_gets_its_metadata(room: Room) -> None:
    room.write("web.yaml", document("web", namespace="prod"))
    room.sync()
    meta = room.row("web", "prod").meta()
    assert meta["generation"] == 1
    assert meta["creationTimestamp"] == "2026-01-01T00:00:00.000Z"
    assert meta["finalizers"] == ["homeostat.dev/teardown"]


def test_uid_survives_the_loss_of_the_index(room: Room) -> None:
    room.write("web.yaml", document("web"))
    room.sync()
    uid = room.row("web").uid
    room.close()
    for file in room.state.root.glob("index.sqlite*"):
        file.unlink()
    room.sync()
    assert room.row("web").uid == uid


def test_only_a_change_of_spec_makes_a_generation(room: Room) -> None:
    room.write("web.yaml", document("web", "resources:", "  vcpu: 1"))
    room.sync()
    before = room.row("web")
    room.write("web.yaml", "# said\n" + document("web", "resources: {vcpu: 1}"))
    assert room.sync().changed == ()
    assert (room.row("web").version, room.row("web").line) == (before.version, 2)
    room.write("web.yaml", document("web", "resources: {vcpu: 1}", annotation="note: x"))
    assert room.sync().changed == (key("web"),)
    assert room.row("web").generation == 1
    room.write("web.yaml", document("web", "resources: {vcpu: 2}", annotation="note: x"))
    assert room.sync().changed == (key("web"),)
    assert room.row("web").generation == 2


def test_revisions_tell_the_fields(room: Room) -> None:
    room.write("web.yaml", document("web", "resources: {vcpu: 1}", "disks: [{name: a, size: 1Gi}, {name: b, size: 1Gi}]"))
    room.sync()
    room.write("web.yaml", document("web", "resources: {vcpu: 2}", "disks: [{name: b, size: 2Gi}]"))
    room.sync()
    newest, oldest = room.store.revisions(key("web"))
    assert (oldest.generation, oldest.changes, oldest.author) == (1, None, "file")
    assert newest.generation == 2
    assert newest.changes == {
        "resources.vcpu": (1, 2),
        "disks[a]": ({"name": "a", "size": "1Gi"}, None),
        "disks[b].size": ("1Gi", "2Gi"),
    }


def test_nothing_is_written_when_nothing_changed(room: Room) -> None:
    import time

    room.write("web.yaml", documents("a", "b") + "---\nbroken: [\n")
    room.sync()
    time.sleep(0.15)  # until the file system's clock tells two writes apart
    room.sync()
    before = room.store.index.connect()
    seen = before.execute("PRAGMA data_version").fetchone()
    room.sync()
    assert before.execute("PRAGMA data_version").fetchone() == seen


def test_a_restart_finds_what_happened_meanwhile(room: Room) -> None:
    room.write("a.yaml", documents("one", "two"))
    room.write("b.yaml", document("three"))
    room.sync()
    room.close()
    room.write("a.yaml", document("one", "runStrategy: Halted"))
    report = room.sync()
    assert (report.changed, report.deleted) == ((key("one"),), (key("two"),))


def test_two_writes_within_one_tick_are_both_seen(room: Room) -> None:
    for count in range(1, 10):
        room.write("web.yaml", document("web", f"resources: {{vcpu: {count}}}"))
        room.sync()
        assert room.row("web").generation == count
