"""``homeostat trash``: on the files of a state folder, while no operator runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from homeostat.cli.errors import CliError
from homeostat.cli.main import cli
from homeostat.driver.errors import Refused
from homeostat.driver.storage import Storage
from homeostat.planner.actions import SetAside
from tests.unit.images import qcow2


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    (tmp_path / "index.sqlite").touch()
    storage = Storage(tmp_path, None)
    for name, entry in (("web", "default.web-1"), ("web", "default.web-2"), ("db", "default.db-1")):
        folder = tmp_path / "machines" / "default" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "root.qcow2").write_bytes(qcow2())
        disks = (("root", str(folder / "root.qcow2")),)
        await storage.execute(SetAside(entry, "default", name, "uid", disks, 3600.0, name == "db", "the resource was deleted"))
    return tmp_path


def trash(state: Path, *words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["--state", str(state), "trash", *words], input=answer)


def test_what_is_there_is_listed(state: Path) -> None:
    table = trash(state, "list").output.splitlines()
    assert table[0].split() == ["ENTRY", "NAMESPACE", "OF", "DISKS", "SIZE", "AGE", "UNTIL", "RETURNS"]
    assert {line.split()[0] for line in table[1:]} == {"default.web-1", "default.web-2", "default.db-1"}
    assert "by itself" in next(line for line in table if "db-1" in line)
    assert "the resource was deleted" in trash(state, "list", "-o", "wide").output
    assert sorted(trash(state, "list", "-o", "name").output.split()) == ["default.db-1", "default.web-1", "default.web-2"]
    found = json.loads(trash(state, "list", "-o", "json").output)
    assert sorted((e["name"], e["disks"][0]["name"], e["size"] > 0) for e in found) == [
        ("db", "root", True), ("web", "root", True), ("web", "root", True),
    ]  # fmt: skip


def test_what_stands_in_its_place_is_in_the_way_of_its_return(state: Path) -> None:
    (state / "machines/default/db/root.qcow2").write_bytes(qcow2())
    assert all("by restore" in line for line in trash(state, "list").output.splitlines()[1:])


def test_a_machine_s_disks_are_put_back(state: Path) -> None:
    place = state / "machines/default/db/root.qcow2"
    assert f"put back {place}" in trash(state, "restore", "db").output
    assert place.exists()
    assert sorted(trash(state, "list", "-o", "name").output.split()) == ["default.web-1", "default.web-2"]


def test_what_is_not_plain_is_refused(state: Path) -> None:
    place = state / "machines/default/web/root.qcow2"
    several = trash(state, "restore", "web").exception
    assert isinstance(several, CliError) and "default.web-1, default.web-2" in str(several)
    assert trash(state, "restore", "default.web-2").exit_code == 0 and place.exists()
    taken = trash(state, "restore", "default.web-1").exception
    assert isinstance(taken, Refused) and str(place) in str(taken)
    for words in (("restore", "none"), ("empty",), ("empty", "--all", "x")):
        assert isinstance(trash(state, *words).exception, CliError)


def test_emptying_asks_first(state: Path) -> None:
    assert isinstance(trash(state, "empty", "web", answer="n\n").exception, CliError)
    assert "Erased 2 entries" in trash(state, "empty", "web", answer="y\n").output
    assert trash(state, "list", "-o", "name").output.split() == ["default.db-1"]
    assert "Erased 1 entry" in trash(state, "empty", "--all", "--yes").output
    assert trash(state, "list").output == trash(state, "empty", "--all").output == "The trash is empty.\n"
