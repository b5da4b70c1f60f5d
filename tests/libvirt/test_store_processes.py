"""Several processes and threads on one store."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from homeostat.store.errors import AlreadyExists
from homeostat.store.files.store import FilesStore
from tests.unit.store_fixtures import Room, document, documents, key

CREATE = """
import sys
from pathlib import Path
from homeostat.store.errors import AlreadyExists
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
store = FilesStore.open(Path(sys.argv[1]), StateFolder.open(Path(sys.argv[2])))
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    try:
        spec = {"resources": {"vcpu": int(sys.argv[3])}}
        store.create("VirtualMachine", {"metadata": {"name": f"vm-{number}"}, "spec": spec}, "api")
        print("won", number)
    except AlreadyExists:
        print("lost", number)
"""


def test_of_two_processes_that_create_one_name_exactly_one_wins(room: Room) -> None:
    room.sync()
    both = [
        subprocess.Popen(
            [sys.executable, "-c", CREATE, str(room.folder), str(room.state.root), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2)
    ]
    for one in both:
        assert one.stdout and one.stdout.readline() == "ready\n"
    for one in both:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate(timeout=60)[0].splitlines() for one in both]
    for number in range(10):
        assert sorted(line.split()[0] for lines in said for line in lines if line.split()[1] == str(number)) == ["lost", "won"]
    assert len(list(room.folder.rglob("*.yaml"))) == 10
    room.sync()
    for number in range(10):
        winner = 1 if f"won {number}" in said[0] else 2
        assert room.resource(f"vm-{number}").dump()["spec"]["resources"]["vcpu"] == winner


def test_edits_of_many_threads_all_arrive(room: Room) -> None:
    names = [f"vm-{number}" for number in range(8)]
    room.write("all.yaml", documents(*names))
    room.sync()

    def edit(name: str) -> None:
        for count in range(1, 4):
            patch = {"metadata": {"labels": {f"l{count}": "x"}}, "spec": {"resources": {"vcpu": count}}}
            room.store.patch(key(name), patch, name)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(edit, names))
    for name in names:
        assert room.row(name).generation == 4
        assert {r.author for r in room.store.revisions(key(name))} == {name, "file"}
    assert not room.said()


def test_a_reader_in_another_process_sees_writes_at_once(room: Room) -> None:
    room.write("web.yaml", document("web"))
    room.sync()
    reader = FilesStore.open(room.folder, room.state)
    try:
        room.store.patch(key("web"), {"spec": {"runStrategy": "Halted"}}, "api")
        row = reader.index.row(key("web"))
        assert row and row.spec == '{"runStrategy":"Halted"}'
        try:
            reader.create("VirtualMachine", {"metadata": {"name": "web"}}, "cli")
        except AlreadyExists as error:
            assert "web.yaml:1" in str(error)
    finally:
        reader.close()
