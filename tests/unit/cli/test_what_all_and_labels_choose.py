"""`delete` and `wait` with --all or -l: every resource of the kinds that has the labels, and no one by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli_state import CliState

OLD = "  labels: {app: old}\n"
DISK = "apiVersion: homeostat.dev/v1alpha1\nkind: Disk\nmetadata: {name: data, labels: {app: old}}\nspec: {size: 1Gi}\n"


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    (cli.folder / "data.yaml").write_text(DISK)
    cli.write("web")
    cli.write("old", labels=OLD)
    return cli


def left(cli: CliState) -> list[str]:
    return sorted(path.stem for path in cli.folder.glob("*.yaml"))


@pytest.mark.parametrize(
    "words",
    [
        ("vm", "web", "-l", "app=old"),
        ("vm/web", "-l", "app=old"),
        ("vm", "web", "--all"),
        ("vm", "", "--all"),
        ("-f", "FOLDER", "-l", "app=old"),
        ("-f", "FOLDER", "--all"),
        ("all", "--all"),
        ("all", "-l", "app=old"),
        ("vm,disk",),
    ],
    ids=" ".join,
)
def test_what_could_be_meant_in_two_ways_deletes_nothing(cli: CliState, words: tuple[str, ...]) -> None:
    said = cli.homeostat("delete", "--no-wait", *(word.replace("FOLDER", str(cli.folder)) for word in words))
    assert said.code in (1, 2) and "rror: " in said.err
    assert left(cli) == ["data", "old", "web"]


def test_they_are_of_each_kind_that_is_named(cli: CliState) -> None:
    assert cli.homeostat("delete", "vm,disk", "-l", "app=old", "--no-wait").code == 0
    assert left(cli) == ["web"]


def test_all_is_all_of_each_kind(cli: CliState) -> None:
    assert cli.homeostat("delete", "disk,vm", "--all", "--no-wait").code == 0
    assert left(cli) == []


def test_they_are_waited_for(cli: CliState) -> None:
    cli.report("web")
    said = cli.homeostat("wait", "vm,disk", "--all", "--for=condition=Ready=False", "--timeout=0")
    assert "disks/data" in said.err and "virtualmachines/old" in said.err
    assert cli.homeostat("wait", "vm", "web", "--all", "--for=condition=Ready", "--timeout=0").code == 1
