"""The REST API as one more committer: edits of YAML in place."""

from __future__ import annotations

import os

import pytest

from homeostat.store.errors import AlreadyExists, Conflict, Invalid, NotEditable, NotFound
from tests.unit.store_fixtures import Room, document, documents, key

COMMENTED = """\
# our web servers

---
apiVersion: homeostat.dev/v1alpha1   # the only one yet
kind: VirtualMachine
metadata:
    name: 'web'
spec:
    # how large
    resources:
        memory: "512Mi"     # enough
        vcpu:   1

    runStrategy: Always # for ever
    disks:
    -   name: root
        # grown in May
        size: 1Gi
    -   {name: data, size: 2Gi}
# the end of web
---
# and the database
apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {name: db}
spec: {resources: {vcpu: 1}}
"""


def test_only_the_changed_line_changes(room: Room) -> None:
    file = room.write("web.yaml", COMMENTED)
    file.chmod(0o640)
    changed = room.store.patch(key("web"), {"spec": {"resources": {"memory": "1Gi"}}}, "api")
    assert file.read_text() == COMMENTED.replace('"512Mi"', '"1Gi"')
    assert file.stat().st_mode & 0o777 == 0o640
    assert (changed.metadata.generation, changed.dump()["spec"]["resources"]) == (2, {"memory": "1Gi", "vcpu": 1})
    assert room.store.revisions(key("web"))[0].author == "api"
    assert os.listdir(room.folder) == ["web.yaml"]


@pytest.mark.parametrize(
    ("name", "patch", "old", "new"),
    [
        ("web", {"runStrategy": "Halted"}, "Always #", "Halted #"),
        ("web", {"restartedAt": "2026-01-01T00:00:00Z"}, "size: 2Gi}\n", "size: 2Gi}\n    restartedAt: '2026-01-01T00:00:00Z'\n"),
        ("web", {"resources": {"vcpu": None}}, "        vcpu:   1\n", ""),
        ("web", {"runStrategy": None}, "    runStrategy: Always # for ever\n", ""),
        ("web", {"cloudInit": {"userData": "#!/bin/sh\nid\n"}}, "size: 2Gi}\n",
         "size: 2Gi}\n    cloudInit:\n      userData: |\n        #!/bin/sh\n        id\n"),
        ("web", {"disks": [{"name": "root", "size": "3Gi"}, {"name": "data", "size": "2Gi"}]}, "size: 1Gi", "size: 3Gi"),
        ("web", {"disks": [{"name": "root", "size": "1Gi"}]}, "    -   {name: data, size: 2Gi}\n", ""),
        ("web", {"disks": [{"name": "root", "size": "1Gi"}, {"name": "data", "size": "2Gi"}, {"name": "x", "size": "1Gi"}]},
         "size: 2Gi}\n", "size: 2Gi}\n    - name: x\n      size: 1Gi\n"),
        ("db", {"resources": {"vcpu": 2}}, "{vcpu: 1}", "{vcpu: 2}"),
        ("db", {"runStrategy": "Halted"}, "{vcpu: 1}}", "{vcpu: 1}, runStrategy: Halted}"),
        ("db", {"resources": None}, "{resources: {vcpu: 1}}", "{}"),
    ],
)  # fmt: skip
def test_patches(room: Room, name: str, patch: dict[str, object], old: str, new: str) -> None:
    file = room.write("web.yaml", COMMENTED)
    room.store.patch(key(name), {"spec": patch}, "api")
    assert file.read_text() == COMMENTED.replace(old, new)


def test_shared_anchors_are_not_changed_behind_others(room: Room) -> None:
    item = "apiVersion: homeostat.dev/v1alpha1\n  kind: VirtualMachine\n"
    room.write(
        "all.yaml",
        f"kind: List\napiVersion: v1\nitems:\n- {item}  metadata: {{name: a}}\n  spec: &s {{resources: {{vcpu: 1}}}}\n"
        f"- {item}  metadata: {{name: b}}\n  spec: *s\n",
    )
    room.store.patch(key("b"), {"spec": {"resources": {"vcpu": 2}}}, "api")
    assert room.resource("a").dump()["spec"] == {"resources": {"vcpu": 1}}
    assert room.resource("b").dump()["spec"] == {"resources": {"vcpu": 2}}
    room.write("all.yaml", (room.folder / "all.yaml").read_text().replace("spec: {", "spec: *s #{"))
    with pytest.raises(NotEditable, match="anchors"):
        room.store.patch(key("a"), {"spec": {"resources": {"vcpu": 3}}}, "api")


def test_create_writes_a_file_of_its_own(room: Room) -> None:
    made = room.store.create("VirtualMachine", {"metadata": {"name": "web"}, "spec": {"resources": {"vcpu": 2}}}, "api")
    assert made.metadata.generation == 1
    assert (room.folder / "virtualmachines" / "web.yaml").read_text() == (
        "kind: VirtualMachine\nmetadata:\n  name: web\nspec:\n  resources:\n    vcpu: 2\n"
    ).join(["apiVersion: homeostat.dev/v1alpha1\n", ""])
    room.store.create("VirtualMachine", {"metadata": {"name": "web", "namespace": "prod"}}, "api")
    assert (room.folder / "virtualmachines" / "prod" / "web.yaml").exists()
    with pytest.raises(AlreadyExists, match=r"virtualmachines/web\.yaml"):
        room.store.create("VirtualMachine", {"metadata": {"name": "web"}}, "api")


def test_create_never_overwrites(room: Room) -> None:
    other = room.write("virtualmachines/web.yaml", document("other"))
    room.store.create("VirtualMachine", {"metadata": {"name": "web"}}, "api")
    assert other.read_text() == document("other")
    assert room.row("web").file == "virtualmachines/web-2.yaml"


def test_an_invalid_edit_touches_nothing(room: Room) -> None:
    file = room.write("web.yaml", COMMENTED)
    with pytest.raises(Invalid, match=r"spec\.resources\.memory: has an unknown unit") as raised:
        room.store.patch(key("web"), {"spec": {"resources": {"memory": "1gb"}, "x": 1}}, "api")
    assert [p.field for p in raised.value.problems] == ["spec.resources.memory", "spec.x"]
    with pytest.raises(Invalid, match="cannot be changed"):
        room.store.patch(key("web"), {"metadata": {"name": "other"}}, "api")
    with pytest.raises(Invalid):
        room.store.create("VirtualMachine", {"metadata": {"name": "../x"}}, "api")
    with pytest.raises(NotFound):
        room.store.patch(key("nobody"), {}, "api")
    assert file.read_text() == COMMENTED
    assert os.listdir(room.folder) == ["web.yaml"]


async def test_a_stale_version_conflicts_but_a_status_does_not(room: Room) -> None:
    from homeostat.models.machine import VirtualMachineStatus

    room.write("web.yaml", document("web"))
    room.sync()
    read = room.resource("web").metadata.resource_version
    await room.store.write_status(key("web"), room.row("web").uid, VirtualMachineStatus(pid=7))
    changed = room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api", expected_version=read)
    assert changed.metadata.resource_version != read
    with pytest.raises(Conflict, match="read it again"):
        room.store.patch(key("web"), {"spec": {"runStrategy": "Always"}}, "api", expected_version=read)


def test_an_edit_on_disk_that_is_not_indexed_yet_is_taken_in_first(room: Room) -> None:
    file = room.write("web.yaml", document("web", "resources:", "  vcpu: 1"))
    room.sync()
    read = room.resource("web").metadata.resource_version
    room.write("web.yaml", document("web", "resources:", "  vcpu: 5"))
    with pytest.raises(Conflict):
        room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api", expected_version=read)
    room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    assert file.read_text() == document("web", "resources:", "  vcpu: 5", "runStrategy: Halted")


def test_delete_takes_out_the_document_then_the_file(room: Room) -> None:
    file = room.write("web.yaml", COMMENTED)
    assert room.store.delete(key("db"), "api").deleting
    assert file.read_text() == COMMENTED[: COMMENTED.index("---\n# and the database")]
    forced = room.store.delete(key("web"), "api", force=True)
    assert forced.metadata.deletion_grace_period_seconds == 0
    assert not file.exists()
    assert room.names() == []
    assert not room.store.held()


def test_delete_again_can_only_shorten_the_grace(room: Room) -> None:
    room.write("web.yaml", documents("web", "db"))
    assert room.store.delete(key("web"), "api").metadata.deletion_grace_period_seconds is None
    assert room.store.delete(key("web"), "api", force=True).metadata.deletion_grace_period_seconds == 0
    assert room.store.delete(key("web"), "api").metadata.deletion_grace_period_seconds == 0


def test_delete_takes_the_doubles_too(room: Room) -> None:
    room.write("a.yaml", document("web"))
    room.write("b.yaml", document("web") + "---\n" + document("db"))
    room.store.delete(key("web"), "api")
    assert not (room.folder / "a.yaml").exists()
    assert (room.folder / "b.yaml").read_text() == "---\n" + document("db")


def test_a_broken_file_is_not_edited(room: Room) -> None:
    room.write("web.yaml", document("web"))
    room.sync()
    broken = room.write("web.yaml", document("web") + "---\nx: [\n")
    with pytest.raises(NotEditable, match="syntax"):
        room.store.patch(key("web"), {"spec": {"suspend": True}}, "api")
    with pytest.raises(NotEditable, match="syntax"):
        room.store.delete(key("web"), "api")
    assert broken.read_text() == document("web") + "---\nx: [\n"
    assert room.names() == ["web"]


def test_line_ends_of_dos_stay(room: Room) -> None:
    file = room.write("web.yaml", document("web", "resources:", "  vcpu: 1").replace("\n", "\r\n"))
    room.store.patch(key("web"), {"spec": {"resources": {"vcpu": 2, "memory": "1Gi"}}}, "api")
    assert file.read_bytes().decode() == document("web", "resources:", "  vcpu: 2", "  memory: 1Gi").replace("\n", "\r\n")


def test_a_linked_file_stays_a_link(room: Room) -> None:
    real = room.base / "real.yaml"
    real.write_text(document("web"))
    (room.folder / "web.yaml").symlink_to(real)
    room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
    assert (room.folder / "web.yaml").is_symlink()
    assert real.read_text() == document("web", "runStrategy: Halted")


def test_an_edit_does_not_prune_what_others_are_just_writing(room: Room) -> None:
    room.write("web.yaml", documents("web", "db"))
    room.sync()
    room.write("web.yaml", document("web"))
    room.store.patch(key("web"), {"spec": {"suspend": True}}, "api")
    assert room.names() == ["db", "web"]
    room.sync()
    assert room.names() == ["web"]
