"""Documents that name no namespace are of the one that the command is about; where -n and a document disagree nothing is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli_state import FRAME, CliState

WEB = FRAME.format(name="web") + "spec:\n  resources: {vcpu: 1}\n"
HOST = "apiVersion: homeostat.dev/v1alpha1\nkind: Host\nmetadata: {name: node}\nspec: {}\n"


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


def given(cli: CliState, text: str = WEB) -> str:
    path = cli.folder.parent / "given.yaml"
    path.write_text(text)
    return str(path)


def of(text: str, namespace: str) -> str:
    return text.replace("metadata:\n", f"metadata:\n  namespace: {namespace}\n", 1)


def files(cli: CliState) -> list[str]:
    return sorted(str(path.relative_to(cli.folder)) for path in cli.folder.rglob("*.yaml"))


def test_one_that_names_none_is_written_into_it(cli: CliState) -> None:
    for options in (["-n", "lab"], []):
        assert cli.homeostat("apply", "-f", given(cli), *options).out == "virtualmachine.homeostat.dev/web created\n"
    assert files(cli) == ["virtualmachines/lab/web.yaml", "virtualmachines/web.yaml"]
    assert "namespace: lab" in (cli.folder / "virtualmachines/lab/web.yaml").read_text()
    assert "namespace" not in (cli.folder / "virtualmachines/web.yaml").read_text(), "one of default goes on naming none"


def test_one_of_another_is_neither_written_nor_deleted(cli: CliState) -> None:
    both = f"{WEB}---\n{of(WEB.replace('web', 'db'), 'other')}"
    said = cli.homeostat("apply", "-f", given(cli, both), "-n", "lab")
    assert said.code == 1 and "vm/db (namespace other): it is of namespace other, and -n names lab" in said.err
    assert "nothing was changed" in said.err and files(cli) == []
    assert cli.homeostat("apply", "-f", given(cli, of(WEB, "other"))).code == 0
    assert cli.homeostat("delete", "-f", given(cli, of(WEB, "other")), "-n", "lab").code == 1
    assert files(cli) == ["virtualmachines/other/web.yaml"]


def test_that_of_it_is_deleted_and_no_namesake(cli: CliState) -> None:
    for options in ([], ["-n", "lab"]):
        cli.homeostat("apply", "-f", given(cli), *options)
    assert cli.homeostat("delete", "-f", given(cli), "-n", "lab").code == 0
    assert files(cli) == ["virtualmachines/web.yaml"]
    again = cli.homeostat("delete", "-f", given(cli), "-n", "elsewhere")
    assert again.code == 1 and "not found" in again.err
    assert files(cli) == ["virtualmachines/web.yaml"]


def test_what_lies_in_the_folder_is_of_the_namespace_that_the_operator_reads(cli: CliState) -> None:
    cli.homeostat("apply", "-f", given(cli))
    own = str(cli.folder / "virtualmachines/web.yaml")
    for verb in ("apply", "delete"):
        said = cli.homeostat(verb, "-f", own, "-n", "lab")
        assert said.code == 1 and "vm/web: it is of namespace default, and -n names lab" in said.err
    assert files(cli) == ["virtualmachines/web.yaml"]


def test_a_kind_without_namespaces_goes_by_none(cli: CliState) -> None:
    said = cli.homeostat("apply", "-f", given(cli, HOST), "-n", "lab")
    assert said.code == 1 and "Host/default/node is invalid: kind: there is no kind 'Host' in this folder" in said.err


def test_what_cannot_be_one(cli: CliState) -> None:
    said = cli.homeostat("apply", "-f", given(cli), "-n", "A B")
    assert said.code == 1 and '"A B" is no namespace: it must consist of' in said.err
    assert files(cli) == []
