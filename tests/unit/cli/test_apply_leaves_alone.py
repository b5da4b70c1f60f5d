"""`homeostat apply` over a folder: fields that no apply set stay, whoever set them; YAML of the user carries no note of ours."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from homeostat.models.machine import VirtualMachine
from tests.unit.cli_state import FRAME, CliState

DEPLOYMENT = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachineDeployment
metadata: {name: web}
spec:
  template: {metadata: {labels: {app: web}}, spec: {resources: {memory: MEMORY}}}
"""
PLUGIN = """apiVersion: homeostat.dev/v1alpha1
kind: Plugin
metadata: {name: page}
spec: {version: "VERSION", kernel: {path: /boot/vmlinuz}}
"""


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    return CliState(tmp_path / "vms", tmp_path / "state", capsys)


def apply(cli: CliState, text: str, *options: str) -> str:
    """The last word of what was said."""
    path = cli.folder.parent / "given.yaml"
    path.write_text(text)
    said = cli.homeostat("apply", "-f", str(path), *options)
    assert said.code == 0, said.err
    notes = [line for line in said.err.splitlines() if "left alone" in line]
    return " ".join((said.out.split(maxsplit=1)[1].strip(), *notes))


def vm(spec: str = "", labels: str = "") -> str:
    return FRAME.format(name="web") + labels + f"spec:\n  resources: {{vcpu: 1}}\n{spec}"


def written(cli: CliState, kind: str = "virtualmachines", name: str = "web") -> str:
    return (cli.folder / kind / f"{name}.yaml").read_text()


def test_a_scaled_deployment_stays_scaled(cli: CliState) -> None:
    apply(cli, DEPLOYMENT.replace("MEMORY", "64Mi"))
    cli.homeostat("scale", "vmd/web", "--replicas", "5")
    assert apply(cli, DEPLOYMENT.replace("MEMORY", "64Mi")) == "unchanged"
    assert apply(cli, DEPLOYMENT.replace("MEMORY", "96Mi")) == "configured"
    assert "replicas: 5" in written(cli, "virtualmachinedeployments")
    assert apply(cli, DEPLOYMENT.replace("MEMORY", "96Mi") + "  replicas: 2\n") == "configured"
    assert "replicas: 2" in written(cli, "virtualmachinedeployments")


def test_a_stopped_machine_stays_stopped_and_can_be_started(cli: CliState) -> None:
    apply(cli, vm())
    cli.homeostat("stop", "web")
    assert apply(cli, vm("  nics: []\n")) == "configured"
    assert "runStrategy: Halted" in written(cli) and "homeostat.dev/run-strategy" in written(cli)
    cli.homeostat("start", "web")
    assert "Halted" not in written(cli)


def test_a_disabled_plugin_stays_disabled(cli: CliState) -> None:
    apply(cli, PLUGIN.replace("VERSION", "1"))
    path = cli.folder / "plugins" / "page.yaml"
    path.write_text(path.read_text() + "  enabled: false\n")
    assert apply(cli, PLUGIN.replace("VERSION", "2")) == "configured"
    assert "enabled: false" in path.read_text() and "version: '2'" in path.read_text().replace('"', "'")


def test_an_edit_by_hand_stays_with_its_comment_also_where_nothing_has_indexed_it(cli: CliState) -> None:
    apply(cli, vm())
    path = cli.folder / "virtualmachines" / "web.yaml"
    path.write_text(path.read_text() + "  # by hand\n  driftPolicy: Report\n")
    assert apply(cli, vm("  updatePolicy: Never\n")) == "configured"
    assert "# by hand\n  driftPolicy: Report" in written(cli) and "updatePolicy: Never" in written(cli)
    path.write_text(path.read_text().replace("vcpu: 1", "vcpu: 7"))
    assert apply(cli, vm("  updatePolicy: Never\n")) == "configured", "what it says stands, whatever the index knew"
    assert "vcpu: 1" in written(cli)


def test_a_field_goes_with_the_document_that_brought_it(cli: CliState) -> None:
    apply(cli, vm("  driftPolicy: Report\n  disks:\n  - {name: a, size: 1Gi}\n  - {name: b, size: 1Gi}\n", "  labels: {x: y}\n"))
    path = cli.folder / "virtualmachines" / "web.yaml"
    path.write_text(path.read_text().replace("    - name: b\n", "    # mine\n    - name: c\n      size: 1Gi\n    - name: b\n"))
    assert apply(cli, vm("  disks: [{name: a, size: 1Gi}]\n")) == "configured"
    text = written(cli)
    assert "driftPolicy" not in text and "x: y" not in text
    assert "name: a" in text and "name: b" not in text and "# mine\n    - name: c" in text


def test_nothing_of_it_stands_in_the_folder(cli: CliState) -> None:
    apply(cli, vm())
    assert "homeostat.dev/" not in written(cli).replace("homeostat.dev/v1alpha1", "")


def test_a_dry_run_remembers_nothing(cli: CliState) -> None:
    apply(cli, vm("  driftPolicy: Report\n"))
    assert apply(cli, vm(), "--dry-run") == "configured (dry run)"
    assert apply(cli, vm(), "--dry-run") == "configured (dry run)"
    assert "driftPolicy" in written(cli)
    assert apply(cli, vm()) == "configured"
    assert "driftPolicy" not in written(cli)


def test_what_was_not_made_by_apply_is_left_alone_and_named_once(cli: CliState) -> None:
    path = cli.write("web", "spec:\n  driftPolicy: Report\n  resources: {vcpu: 2, memory: 1Gi}\n")
    said = apply(cli, vm())
    assert "configured" in said and "left alone: spec.driftPolicy, spec.resources.memory" in said
    assert "driftPolicy: Report" in path.read_text() and "vcpu: 1" in path.read_text()
    assert apply(cli, vm()) == "unchanged"


def test_a_lost_index_takes_nothing_away(cli: CliState) -> None:
    apply(cli, vm("  driftPolicy: Report\n"))
    cli.store.close()
    for file in cli.state.glob("index*"):
        file.unlink()
    assert "left alone: spec.driftPolicy" in apply(cli, vm())
    assert "driftPolicy: Report" in written(cli)


def test_a_machine_made_anew_under_the_name_is_another_one(cli: CliState) -> None:
    apply(cli, vm("  driftPolicy: Report\n"))
    with cli.store.index.transaction() as database:
        database.execute("UPDATE resources SET created='2001-01-01T00:00:00Z'")
    apply(cli, vm())
    assert "driftPolicy: Report" in written(cli)


def test_a_file_of_the_folder_is_all_that_its_resource_is(cli: CliState) -> None:
    """So that `apply -f` of it confirms what it takes away."""
    path = cli.write("web", "spec:\n  disks:\n  - {name: a, size: 1Gi}\n  - {name: b, size: 1Gi}\n")
    path.write_text(FRAME.format(name="web") + "spec:\n  disks:\n  - {name: a, size: 1Gi}\n")
    assert "configured" in cli.homeostat("apply", "-f", str(path)).out
    assert "unchanged" in cli.homeostat("apply", "-f", str(path)).out
    assert "name: b" not in cli.homeostat("get", "vm", "web", "-o", "yaml").out


def test_what_a_file_of_the_folder_says_was_not_applied_by_another(cli: CliState) -> None:
    path = cli.write("web", "spec:\n  driftPolicy: Report\n")
    cli.homeostat("apply", "-f", str(path))
    assert "left alone: spec.driftPolicy" in apply(cli, vm())
    assert "driftPolicy: Report" in path.read_text()


def test_what_is_being_deleted_is_not_applied_to(cli: CliState) -> None:
    apply(cli, vm())
    cli.homeostat("delete", "vm", "web")
    path = cli.folder.parent / "given.yaml"
    said = cli.homeostat("apply", "-f", str(path))
    assert said.code == 1 and "still being deleted" in said.err


@pytest.mark.parametrize("text", ["spec: {}\n", "", "spec:\n  runStrategy: Halted\n"])
def test_at_rest_nothing_is_written(cli: CliState, text: str) -> None:
    apply(cli, FRAME.format(name="web") + text)
    before = cli.store.index.version(), written(cli)
    assert apply(cli, FRAME.format(name="web") + text) == "unchanged"
    assert (cli.store.index.version(), written(cli)) == before


def test_what_has_gone_is_remembered_no_more(cli: CliState) -> None:
    apply(cli, vm())
    setting = "applied:VirtualMachine/default/web"
    assert cli.store.index.setting(setting)
    cli.homeostat("delete", "vm", "web")
    (web,) = asyncio.run(cli.store.list(VirtualMachine))
    asyncio.run(cli.store.release(web.key, web.metadata.uid))
    assert cli.store.index.setting(setting) is None
