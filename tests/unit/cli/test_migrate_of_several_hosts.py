"""A folder whose machines are on several hosts is not migrated: it is said why and what to do, and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.store.files.hosts import KnownHost, write_hosts
from homeostat.store.files.state import StateFolder
from tests.unit.cli_state import CliState

SPREAD = {"cellar": KnownHost("qemu:///system"), "attic": KnownHost("qemu+ssh://attic/system")}


@pytest.mark.parametrize("way", ["--to-cluster", "--to-folder"])
def test_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], way: str) -> None:
    town = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    town.write("db")
    room = StateFolder.open(town.state)
    room.claim(town.folder)
    write_hosts(room, SPREAD)
    before = {path: path.read_bytes() for path in (room.hosts_file, town.folder / "db.yaml")}

    said = town.homeostat("migrate", str(town.folder), way, "--yes", "--kubeconfig", str(tmp_path / "nowhere"))

    words = " ".join(said.err.split())
    assert said.code == 1 and "the machines of this state are on hosts cellar, attic" in words
    assert "`homeostat down`" in words and f"remove {room.root}/hosts.json" in words
    assert {path: path.read_bytes() for path in before} == before
    room.claim(town.folder)  # it is the folder's still
