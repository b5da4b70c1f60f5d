"""A writer that is killed at any moment leaves whole files and a whole index."""

from __future__ import annotations

import signal
import subprocess
import sys

from homeostat.store.files.text.documents import read_documents
from tests.unit.store_fixtures import Room, documents, key

WRITE = """
import signal
import sys
from pathlib import Path
from homeostat.models.base import Key
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
store = FilesStore.open(Path(sys.argv[1]), StateFolder.open(Path(sys.argv[2])))
number = 0
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[3]))  # its signal ends the process there and then
while True:
    number += 1
    store.patch(Key("VirtualMachine", "default", "web"), {"spec": {"resources": {"vcpu": 1 + number % 9}}}, "api")
    store.create("VirtualMachine", {"metadata": {"name": f"new-{number}-{sys.argv[4]}"}}, "api")
    store.delete(Key("VirtualMachine", "default", f"new-{number}-{sys.argv[4]}"), "api")
"""


def test_kill_at_any_moment(room: Room) -> None:
    file = room.write("web.yaml", "# keep me\n" + documents("web", "db"))
    room.sync()
    for round_ in range(6):
        room.close()
        arguments = [str(room.folder), str(room.state.root), str(0.003 + 0.0223 * round_), str(round_)]
        writer = subprocess.run([sys.executable, "-c", WRITE, *arguments], capture_output=True, timeout=60, check=False)
        assert writer.returncode == -signal.SIGALRM, writer.stderr.decode()
        content = read_documents(file.read_text())
        assert not content.broken
        assert file.read_text().startswith("# keep me\n")
        report = room.sync()
        assert not report.errors
        assert {"web", "db"} <= set(room.names())
        assert room.resource("web").dump()["spec"] == content.documents[0].value["spec"]
        room.store.patch(key("db"), {"spec": {"resources": {"vcpu": 10 + round_}}}, "cli")  # no lock was left behind
