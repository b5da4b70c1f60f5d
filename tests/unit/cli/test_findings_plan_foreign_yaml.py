"""What other systems keep beside ours is a notice; it neither stops a plan nor holds a deletion."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.cli.errors import CliError
from homeostat.cli.given import read_given
from tests.unit.store_fixtures import Room, document

FOREIGN = {
    "kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n",
    "bare/kustomization.yaml": "resources:\n- a.yaml\n",
    "Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.10\n",
    "values.yaml": "image: {tag: 1.10}\nreplicas: 2\n",
    "docker-compose.yml": "version: '3'\nservices:\n  web: {image: nginx, ports: ['80:80']}\n",
    "deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {}\n",
    "kubevirt.yaml": "apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: a}\nspec: {}\n",
    "patch.yaml": "- op: replace\n  path: /spec\n  value: 1\n",
    "playbook.yaml": "- hosts: all\n  tasks: [{command: ls}]\n",
    "user-data.yaml": "#cloud-config\npackages: [nginx]\n",
    "chart-values.yaml": "extra:\n- apiVersion: homeostat.dev/v1alpha1\n  kind: VirtualMachine\n  metadata: {name: x}\n",
    "others.yaml": "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: x}\n",
    "openapi.yaml": "openapi: 3.0.0\ninfo: {title: x}\npaths: {}\n",
    "drone.yaml": "kind: workflow\nname: x\nsteps: []\n",
    "tags.yaml": "Resources: {A: !Ref b, 1: !vault |\n  x}\n".replace("!vault |\n  x", "!vault x"),
    "object.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}',
    "text.yaml": "only a text\n",
}
OURS_BUT_WRONG = {
    "kind": "kind: VirtualMachine\nmetadata: {name: x}\n",
    "plural": "kind: virtualmachines\nmetadata: {name: x}\n",
    "a slip": "apiVersion: homestat.dev/v1alpha1\nkind: VirtualMachine\nmetadata: {name: x}\n",
    "no kind": "apiVersion: homeostat.dev/v1alpha1\nmetadata: {name: x}\n",
    "spec alone": "metadata: {name: x}\nspec: {}\n",
    "a list": "- apiVersion: homeostat.dev/v1alpha1\n  kind: VirtualMachine\n  metadata: {name: x}\n",
    "items": "items:\n- apiVersion: homeostat.dev/v1alpha1\n  kind: VirtualMachine\n  metadata: {name: x}\n",
    "two": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\napiVersion: homeostat.dev/v1alpha1\nkind: VirtualMachine\n",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_findings_plan_it_is_a_notice(room: Room, name: str) -> None:
    room.write("a.yaml", document("a"))
    room.write(name, FOREIGN[name])
    room.write("b.yaml", document("b") + "---\n" + (FOREIGN[name] if name.endswith("l") else ""))
    report = room.sync()
    assert room.names() == ["a", "b"]
    assert {error.severity for error in report.errors} == {"Notice"}
    assert all("ignored" in error.message for error in report.errors)
    assert name in {error.path for error in report.errors}
    (room.folder / "a.yaml").unlink()
    room.sync()
    assert room.names() == ["b"]


@pytest.mark.parametrize("name", OURS_BUT_WRONG)
def test_findings_plan_what_may_be_ours_is_an_error(room: Room, name: str) -> None:
    room.write("x.yaml", OURS_BUT_WRONG[name])
    assert {error.severity for error in room.sync().errors} == {"Error"}


def test_findings_plan_of_a_list_the_way_out_is_named(room: Room) -> None:
    room.write("x.yaml", OURS_BUT_WRONG["a list"])
    (said,) = [error.message for error in room.sync().errors]
    assert said.startswith("is a list of resources: write each of them as a document of its own, without the '- '")


def test_findings_plan_where_ours_stood_nothing_goes(room: Room) -> None:
    for name, text in FOREIGN.items():
        if name == "kustomization.yaml":
            continue  # that is somebody's decision
        room.write("a.yaml", document("a"))
        room.sync()
        room.write("a.yaml", text)
        room.sync()
        assert room.names() == ["a"], name


def test_findings_plan_apply_of_a_folder_passes_over_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bare").mkdir()
    for name, text in {**FOREIGN, "a.yaml": document("a")}.items():
        (tmp_path / name).write_text(text)
    assert [one.resource.metadata.name for one in read_given([str(tmp_path)])] == ["a"]
    assert "apps/v1 Deployment is not ours: ignored" in capsys.readouterr().err
    with pytest.raises(CliError, match="write homeostat"):
        read_given([str(tmp_path / "deployment.yaml")])
