"""An edit reads the folder once, its file once before and once after, and builds the model once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.store.files.editing import in_place
from homeostat.store.files.hosts import KnownHost, write_hosts
from homeostat.store.files.passes import intake
from homeostat.store.files.reading import files, folder
from tests.unit.store_fixtures import Room, document, key

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def counted(room: Room, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What is done from now on, with three machines in the folder that have been at rest for a while."""
    for name in ("a", "b", "c"):
        room.write(f"{name}.yaml", document(name))
    monkeypatch.setattr(files, "RACY", 0)
    room.sync()
    counts = Counter[str]()

    def count(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*given: Any, **named: Any) -> Any:
            counts[name] += 1
            return original(*given, **named)

        return counting

    monkeypatch.setattr(intake, "list_folder", count("folder", folder.list_folder))
    monkeypatch.setattr(in_place, "read_file", count("before", folder.read_file))
    monkeypatch.setattr(files, "read_file", count("after", folder.read_file))
    monkeypatch.setattr(VirtualMachine, "model_validate", count("model", VirtualMachine.model_validate))
    return counts


def test_a_patch(room: Room, counted: Counter[str]) -> None:
    patched = room.store.patch(key("b"), {"spec": {"runStrategy": "Halted"}}, "cli")
    assert counted == {"folder": 1, "before": 1, "after": 1, "model": 1}
    assert patched.spec.dump() == {"runStrategy": "Halted"}


def test_a_patch_of_what_somebody_else_has_just_changed(room: Room, counted: Counter[str]) -> None:
    room.write("a.yaml", document("a", "suspend: true"))
    room.store.patch(key("b"), {"spec": {"runStrategy": "Halted"}}, "cli")
    assert (room.resource("a").spec.dump(), counted["folder"]) == ({"suspend": True}, 1)


@pytest.mark.usefixtures("counted")
def test_what_is_written_between_is_found_by_the_next_pass(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    write = in_place.patched_text

    def meanwhile(*given: Any) -> str:
        room.write("a.yaml", document("a", "suspend: true"))
        room.write("new.yaml", document("new"))
        (room.folder / "c.yaml").unlink()
        return write(*given)

    monkeypatch.setattr(in_place, "patched_text", meanwhile)
    room.store.patch(key("b"), {"spec": {"runStrategy": "Halted"}}, "cli")
    assert (room.names(), room.said()) == (["a", "b", "c"], [])
    assert room.resource("a").spec.dump() == {"runStrategy": "Always"}
    report = room.sync()
    assert (report.created, report.changed, report.deleted) == ((key("new"),), (key("a"),), (key("c"),))


def test_what_cannot_be_read_is_told_after_it_too(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        room.write(f"{name}.yaml", document(name))
    monkeypatch.setattr(files, "RACY", 10**12)  # so they are opened by every pass
    room.sync()

    def refuse(path: str) -> bytes:
        if path.endswith("b.yaml"):
            raise PermissionError(13, "Permission denied")
        return folder.read_file(path)

    monkeypatch.setattr(files, "read_file", refuse)  # the tests run as root, whom no mode stops
    room.store.patch(key("a"), {"spec": {"suspend": True}}, "cli")
    assert (len(room.said()), "b.yaml: cannot be read" in room.said()[0]) == (1, True)


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_model_that_is_kept_is_the_one_that_the_index_gives(room: Room, path: Path) -> None:
    write_hosts(room.store.state, {"a": KnownHost("test:///a")})  # so that hosts are taken, too
    room.write(path.name, path.read_bytes())
    room.sync()
    assert room.store.rows()
    for row in room.store.rows():
        patched = room.store.patch(row.key, {"metadata": {"annotations": {"note": "x"}}}, "cli")
        now = room.store.index.row(row.key)
        assert now is not None and patched == now.resource()
        assert repr(patched) == repr(now.resource())


def test_so_it_is_with_paths_from_the_folder_sizes_in_words_and_nothing(room: Room) -> None:
    disk = "disks: [{name: root, size: 2048Mi, image: {path: images/base.qcow2}, serial: null}]"
    room.write("within/web.yaml", document("web", "resources: {vcpu: 2, memory: 1.5Gi}", "nics: null", disk))
    room.sync()
    assert room.said() == []
    patched = room.store.patch(key("web"), {"spec": {"resources": {"memory": "2048Mi"}, "suspend": None}}, "cli")
    now = room.row("web").resource()
    assert (patched, repr(patched)) == (now, repr(now))
    assert f"{room.folder}/within/images/base.qcow2" in repr(now)
