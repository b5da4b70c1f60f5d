"""An option that is empty, such as a shell makes it of a variable that is not set, is refused: it is not taken for one that is
left out, and no other server, state, namespace or cluster is worked on than was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli_state import CliState

COMMON = ("--server", "--state", "--dir", "--namespace", "--connect", "--config", "--token-file")


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    cli = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    cli.write("web")
    return cli


def refused(cli: CliState, *words: str) -> None:
    said = cli.homeostat(*words)
    assert said.code == 2 and "is empty, and names nothing" in said.err
    assert [path.name for path in cli.folder.iterdir()] == ["web.yaml"]


@pytest.mark.parametrize("option", COMMON)
def test_before_and_after_the_command(cli: CliState, option: str) -> None:
    refused(cli, option, "", "delete", "vm", "--all", "--no-wait")
    refused(cli, "delete", "vm", "--all", "--no-wait", option, "")


@pytest.mark.parametrize(
    "words",
    [
        ("migrate", "--to-cluster", "--context", ""),
        ("migrate", "--to-cluster", "--kubeconfig", ""),
        ("disk", "export", "vm/web", "root", "/dev/null", "--snapshot", ""),
        ("events", "--for", ""),
    ],
    ids=" ".join,
)
def test_of_one_command(cli: CliState, words: tuple[str, ...]) -> None:
    refused(cli, *words)


@pytest.mark.parametrize("given", ["", "sha256:"])
def test_a_checksum_that_is_empty_checks_nothing(cli: CliState, tmp_path: Path, given: str) -> None:
    file = tmp_path / "one.img"
    file.write_bytes(bytes(4096))
    said = cli.homeostat("image", "upload", str(file), "--sha256", given)
    assert said.code == 2 and "--sha256: must be a SHA-256" in said.err
    assert [path.name for path in cli.folder.iterdir()] == ["web.yaml"]


def test_a_variable_that_is_empty_is_not_set(cli: CliState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEOSTAT_SERVER", "")
    monkeypatch.setenv("HOMEOSTAT_DIR", "")
    assert "web" in cli.homeostat("get", "vms").out


def test_a_server_that_the_configuration_names_is_left_by_a_word(cli: CliState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEOSTAT_SERVER", "http://localhost:1")
    assert "does not answer" in cli.homeostat("get", "vms").err
    assert "web" in cli.homeostat("--server", "none", "get", "vms").out
