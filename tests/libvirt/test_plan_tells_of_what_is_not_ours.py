"""`homeostat plan` says what of the folder it leaves alone, and ends as it would without that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homeostat.cli.commands.plan import MOST_NOTICES
from homeostat.cli.main import run
from tests.libvirt.hosts import isolated_uri
from tests.unit.store_fixtures import document


@pytest.mark.parametrize("beyond", [0, 2])
def test_findings_plan_tells_of_what_is_not_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str], beyond: int) -> None:
    folder, uri = tmp_path / "vms", isolated_uri(tmp_path)
    folder.mkdir()
    (folder / "kubevirt.yaml").write_text("apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: a}\nspec: {}\n")
    for number in range(1, MOST_NOTICES + beyond):
        (folder / f"map-{number}.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    words = ["--state", str(tmp_path / "state"), "--connect", uri, "plan", str(folder)]
    assert run(words) == 0
    said = capsys.readouterr()
    assert "notice: kubevirt.yaml:1:1: kubevirt.io/v1 VirtualMachine is not ours: ignored\n" in said.err
    assert said.err.count("is not ours: ignored") == MOST_NOTICES and "notice" not in said.out
    assert ("and 2 more, which -o json lists" in said.err) is (beyond > 0)
    (folder / "a.yaml").write_text(document("a"))
    assert run([*words, "-o", "json"]) == 2
    listed = json.loads(capsys.readouterr().out)
    assert len(listed["notices"]) == MOST_NOTICES + beyond and listed["errors"] == listed["held"] == []
