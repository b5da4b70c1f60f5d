"""`homeostat plan` goes by the folder's state as it stands: what the last `up` let machines have, and who wrote the index."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from homeostat.cli.main import run
from homeostat.planner.allowed import Allowed
from homeostat.store.files.allowing import say_allowed
from homeostat.store.files.state import StateFolder
from tests.libvirt.hosts import isolated_uri
from tests.unit.store_fixtures import document


def words(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "vms").mkdir()
    (tmp_path / "vms" / "a.yaml").write_text(text)
    return ["--state", str(tmp_path / "state"), "--connect", isolated_uri(tmp_path), "plan", str(tmp_path / "vms")]


def test_machines_may_have_what_the_last_up_let_them_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = words(tmp_path, document("a") + "  filesystems: [{name: f, path: /srv/f}]\n")
    run(plan)
    assert "FolderNotShared" in capsys.readouterr().out
    say_allowed(StateFolder.open(tmp_path / "state"), Allowed(folders=("/srv/f",)))
    run(plan)
    assert "FolderNotShared" not in capsys.readouterr().out
    run([*plan, "--share-folder", "/srv/g"])
    assert "FolderNotShared" in capsys.readouterr().out


def test_an_index_of_another_version_is_named_where_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = words(tmp_path, document("a"))
    index = StateFolder.open(tmp_path / "state").index
    with closing(sqlite3.connect(index)) as database:
        database.execute("PRAGMA user_version = 99")
    assert run(plan) == 1
    assert f"the index {index} has format 99" in capsys.readouterr().err
