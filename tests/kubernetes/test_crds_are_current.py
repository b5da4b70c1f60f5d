"""crds/ is what the models say, and `homeostat crds` prints, writes and checks it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from homeostat.cli.commands.crds import files
from homeostat.cli.main import run
from homeostat.models.crd import crds

FOLDER = Path(__file__).parents[2] / "crds"


def test_the_folder_is_current() -> None:
    assert {path.name: path.read_text() for path in FOLDER.iterdir()} == files(), "run `homeostat crds --write`"


def test_it_prints_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["crds"]) == 0
    printed = list(yaml.safe_load_all(capsys.readouterr().out))
    assert {one["metadata"]["name"]: one for one in printed} == crds()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert run(["crds", "--write", str(tmp_path)]) == 0
    return tmp_path


def check(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    return run(["crds", "--check", str(folder)]), capsys.readouterr().err


def test_what_it_wrote_it_finds_right(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(folder, capsys) == (0, "")


def test_it_says_which_file_differs_and_how_to_mend_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hosts = folder / "hosts.homeostat.dev.yaml"
    hosts.write_text(hosts.read_text().replace("vmhosts", "boxes"))
    line = hosts.read_text().splitlines().index("    - boxes") + 1
    (folder / "plugins.homeostat.dev.yaml").unlink()
    (folder / "gadgets.homeostat.dev.yaml").write_text("")
    code, said = check(folder, capsys)
    assert code == 1
    assert f"hosts.homeostat.dev.yaml: differs from line {line} on" in said
    assert "plugins.homeostat.dev.yaml: is missing" in said
    assert "gadgets.homeostat.dev.yaml: there is no such kind" in said
    assert f"run `homeostat crds --write {folder}`" in said


def test_writing_mends_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "gadgets.homeostat.dev.yaml").write_text("")
    (folder / "hosts.homeostat.dev.yaml").write_text("")
    (folder / "NOTES").write_text("mine")
    capsys.readouterr()
    assert run(["crds", "--write", str(folder)]) == 0
    assert sorted(Path(line).name for line in capsys.readouterr().out.splitlines()) == [
        "gadgets.homeostat.dev.yaml",
        "hosts.homeostat.dev.yaml",
    ]
    assert check(folder, capsys)[0] == 0
    assert (folder / "NOTES").read_text() == "mine"
