"""cordon and uncordon: what they edit, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.store.files.hosts import KnownHost, write_hosts
from homeostat.store.files.state import StateFolder
from tests.unit.cli_state import CliState

HOSTS = """\
# the cellar
apiVersion: homeostat.dev/v1alpha1
kind: Host
metadata: {name: cellar}
---
apiVersion: homeostat.dev/v1alpha1
kind: Host
metadata: {name: attic}
spec:
  maintenance: true  # its roof leaks
"""


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    write_hosts(StateFolder.open(tmp_path / "state"), {name: KnownHost("test:///default") for name in ("cellar", "attic")})
    made = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    (made.folder / "hosts.yaml").write_text(HOSTS)
    made.store.sync()
    return made


def test_maintenance_begins_and_ends(cli: CliState) -> None:
    said = cli.homeostat("cordon", "cellar", "attic")
    assert said.code == 0
    assert said.out == "host.homeostat.dev/cellar cordoned\nhost.homeostat.dev/attic unchanged (it is so already)\n"
    text = (cli.folder / "hosts.yaml").read_text()
    assert text.startswith("# the cellar") and text.count("maintenance: true") == 2
    assert cli.homeostat("uncordon", "host/attic", "host/cellar").out == (
        "host.homeostat.dev/attic uncordoned\nhost.homeostat.dev/cellar uncordoned\n"
    )
    assert "maintenance: true" not in (cli.folder / "hosts.yaml").read_text()


def test_nothing_is_changed_where_one_is_not_there(cli: CliState) -> None:
    said = cli.homeostat("cordon", "cellar", "garage")
    assert said.code == 1
    assert said.err == 'error (NotFound): hosts "garage" not found\n  `homeostat get hosts` lists what there is\n'
    assert (cli.folder / "hosts.yaml").read_text() == HOSTS


@pytest.mark.parametrize("names", [("cellar", "garage", "attic"), ("attic", "garage", "cellar"), ("garage", "cellar", "attic")])
@pytest.mark.parametrize("word", ["cordon", "uncordon"])
def test_one_that_is_not_there_counts_wherever_it_is_named(cli: CliState, word: str, names: tuple[str, ...]) -> None:
    said = cli.homeostat(word, *names)
    assert (said.code, said.out) == (1, "") and '"garage" not found' in said.err
    assert (cli.folder / "hosts.yaml").read_text() == HOSTS


def test_machines_are_no_hosts(cli: CliState) -> None:
    said = cli.homeostat("cordon", "vm/web")
    assert said.code == 1 and "vm/web is none" in said.err and "homeostat suspend" in said.err


def test_one_host_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    cli.store.sync()
    said = cli.homeostat("cordon", "cellar")
    assert said.code == 1 and "one alone is served here" in said.err
