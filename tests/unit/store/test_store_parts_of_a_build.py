"""What kustomize or Helm builds something of is a notice: it makes no machine, and changes none."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from homeostat.cli.errors import CliError
from homeostat.cli.given import read_given
from tests.unit.store_fixtures import Room, document

PATCH = document("web", "resources: {vcpu: 8}")
NAMED = {
    "patches": "patches:\n- path: p.yaml\n",
    "patches with a target": "patches:\n- {path: ./p.yaml, target: {kind: VirtualMachine}}\n",
    "a strategic merge": "patchesStrategicMerge: [p.yaml]\n",
    "json6902": "patchesJson6902:\n- target: {kind: VirtualMachine, name: web}\n  path: p.yaml\n",
    "a component": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: p.yaml}]\n",
    "beside what is in it": "patches:\n- patch: |-\n    a: b\n- path: p.yaml\n",
    "odd ones": "patches: [3, null, {path: 4}, {path: p.yaml}]\nresources: {}\npatchesStrategicMerge: x\n",
}
NO_PATCHES = {
    "resources": "resources: [p.yaml]\n",
    "both": "resources: [p.yaml]\npatches: [{path: p.yaml}]\n",
    "another file": "patches: [{path: other.yaml}]\n",
    "another folder": "patches: [{path: p.yaml/p.yaml}, {path: /p.yaml}, {path: ../../p.yaml}]\n",
    "nothing": "namePrefix: a-\n",
}


def vcpu(room: Room, name: str = "web") -> object:
    return room.resource(name).dump()["spec"].get("resources", {}).get("vcpu")


@pytest.mark.parametrize("build", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED)
def test_a_patch_makes_no_machine(room: Room, text: str, build: str) -> None:
    room.write(f"over/{build}", text)
    room.write("over/p.yaml", PATCH)
    report = room.sync()
    assert room.names() == []
    assert {error.severity for error in report.errors} == {"Notice"}
    assert (
        f"over/p.yaml:1:1: is a patch that over/{build} names, and no resource; put here what kustomize build" in room.said()[-1]
    )


@pytest.mark.parametrize("text", NAMED.values(), ids=NAMED)
def test_a_patch_changes_no_machine(room: Room, text: str) -> None:
    """Wherever it stands in the order of paths, before the machine is there and after."""
    room.write("a/kustomization.yaml", text)
    room.write("a/p.yaml", PATCH)
    room.write("base/web.yaml", document("web", "resources: {vcpu: 1}"))
    assert {error.severity for error in room.sync().errors} == {"Notice"}
    assert vcpu(room) == 1
    room.write("a/p.yaml", PATCH.replace("8", "9"))
    assert {error.severity for error in room.sync().errors} == {"Notice"}
    room.write("base/web.yaml", document("web", "resources: {vcpu: 2}"))
    room.sync()
    assert vcpu(room) == 2
    assert {error.severity for error in room.reopened().sync().errors} == {"Notice"} and vcpu(room) == 2


@pytest.mark.parametrize("text", NO_PATCHES.values(), ids=NO_PATCHES)
def test_what_it_does_not_name_as_a_patch_is_a_machine(room: Room, text: str) -> None:
    room.write("over/kustomization.yaml", text)
    room.write("over/p.yaml", PATCH)
    room.sync()
    assert room.names() == ["web"] and vcpu(room) == 8


def test_an_overlay_names_files_of_other_folders(room: Room) -> None:
    room.write("over/prod/kustomization.yaml", "resources: [../../base]\npatches: [{path: ../patches/p.yaml}]\n")
    room.write("over/patches/p.yaml", PATCH)
    room.write("base/kustomization.yaml", "resources: [web.yaml]\n")
    room.write("base/web.yaml", document("web"))
    room.sync()
    assert room.names() == ["web"] and vcpu(room) is None


def test_a_folder_behind_a_link(room: Room, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kustomization.yaml").write_text(NAMED["patches"])
    (elsewhere / "p.yaml").write_text(PATCH)
    (room.folder / "linked").symlink_to(elsewhere)
    room.sync()
    assert room.names() == []


def test_it_is_judged_again_as_the_kustomization_changes(room: Room) -> None:
    room.write("kustomization.yaml", NAMED["patches"])
    room.write("p.yaml", PATCH)
    room.sync()
    room.write("kustomization.yaml", NO_PATCHES["resources"])
    room.sync()
    assert room.names() == ["web"]


def test_a_machine_whose_file_becomes_a_patch_stays_as_it_is(room: Room) -> None:
    """It is held until somebody says what is meant."""
    room.write("p.yaml", PATCH + "---\n" + document("other"))
    room.sync()
    room.write("kustomization.yaml", NAMED["patches"])
    room.write("p.yaml", PATCH.replace("8", "9") + "---\n" + document("other"))
    report = room.sync()
    assert set(report.held.values()) and all("is a patch that kustomization.yaml names" in why for why in report.held.values())
    assert room.names() == ["other", "web"] and vcpu(room) == 8
    room.reopened().sync()
    assert room.names() == ["other", "web"]
    (room.folder / "kustomization.yaml").unlink()
    room.sync()
    assert vcpu(room) == 9 and not room.store.errors()


@pytest.mark.parametrize("order", list(permutations(["base/web.yaml", "over/kustomization.yaml", "over/p.yaml"])), ids="-".join)
def test_in_whatever_order_they_come_the_machine_is_that_of_its_base(room: Room, order: tuple[str, ...]) -> None:
    """Also where the patch was a machine for a while, or stood beside it: nothing goes meanwhile, and nothing is made anew."""
    texts = {
        "base/web.yaml": document("web", "resources: {vcpu: 1}"),
        "over/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
        "over/p.yaml": PATCH,
    }
    uids = set()
    for path in order:
        room.write(path, texts[path])
        room.sync()
        room.clock.forward(hours=1)
        report = room.sync()
        assert not report.deleted and not any(room.resource(name).deleting for name in room.names())
        uids |= {room.resource(name).metadata.uid for name in room.names()}
    assert room.names() == ["web"] and vcpu(room) == 1 and len(uids) == 1
    assert {error.severity for error in report.errors} == {"Notice"}


def test_a_machine_moves_from_a_file_that_becomes_a_patch(room: Room) -> None:
    room.write("p.yaml", document("web", "resources: {vcpu: 1}"))
    room.sync()
    uid = room.row("web").uid
    room.write("kustomization.yaml", NAMED["patches"])
    room.write("p.yaml", PATCH)
    room.write("web.yaml", document("web", "resources: {vcpu: 2}"))
    room.sync()
    assert vcpu(room) == 2 and room.row("web").uid == uid and room.row("web").file == "web.yaml"


@pytest.mark.parametrize("text", ["patches: [\n", "a: {{ x }}\n", "\xff", "a: 1\na: 2\n"])
def test_beside_one_that_cannot_be_read_nothing_new_comes_into_force(room: Room, text: str) -> None:
    room.write("over/web.yaml", document("web"))
    room.sync()
    room.write("over/kustomization.yaml", text.encode("latin-1"))
    room.write("over/web.yaml", document("web", "resources: {vcpu: 2}"))
    room.write("over/p.yaml", document("new"))
    room.write("over/deeper/own.yaml", document("own"))
    room.sync()
    assert room.names() == ["own", "web"] and vcpu(room) == 2
    assert any("may be a patch of over/kustomization.yaml, which cannot be read; mend that" in said for said in room.said())
    room.write("over/kustomization.yaml", "resources: [p.yaml]\n")
    room.sync()
    assert room.names() == ["new", "own", "web"]


def test_beside_one_that_is_still_being_written_nothing_new_comes_into_force(room: Room) -> None:
    path = room.write("kustomization.yaml", "resources: []\n")
    with path.open("a") as writer:
        room.write("p.yaml", PATCH)
        room.write("deeper/q.yaml", document("q"))
        room.sync()
        assert room.names() == []
        writer.write(NAMED["patches"])
    room.sync()
    assert room.names() == ["q"]


def test_a_list_of_json_patches_is_a_notice_with_and_without_a_kustomization(room: Room) -> None:
    patch = (
        "- op: add\n  path: /metadata/annotations/homeostat.dev~1prune\n  value: disabled\n- {op: remove, path: /spec/disks/0}\n"
    )
    room.write("json.yaml", patch)
    room.write("ops.json", '[{"op": "replace", "path": "/spec", "value": {"apiVersion": "homeostat.dev/v1alpha1"}}]')
    room.write("a.yaml", document("a"))
    room.write("b.yaml", document("b"))
    assert {error.severity for error in room.sync().errors} == {"Notice"}
    (room.folder / "a.yaml").unlink()
    room.sync()
    assert room.names() == ["b"]


VALUES = [
    "kind: Deployment\nreplicas: 2\n",
    "kind: VirtualMachine\nspec: {}\n",
    "metadata: {name: a}\nspec: {resources: {vcpu: 1}}\n",
    "a: {{ x }}\n",
    "image: [\n",
]


@pytest.mark.parametrize("name", ["values.yaml", "values-prod.yaml", "values.schema.json", "values_x.yml"])
@pytest.mark.parametrize("text", VALUES)
def test_values_of_a_chart_are_a_notice(room: Room, text: str, name: str) -> None:
    room.write("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.10\n")
    room.write(f"chart/{name}", text)
    room.write("a.yaml", document("a"))
    room.write("b.yaml", document("b"))
    assert {error.severity for error in room.sync().errors} == {"Notice"}
    assert any("holds values of the chart chart/Chart.yaml; put here what helm template" in said for said in room.said())
    (room.folder / "a.yaml").unlink()
    room.sync()
    assert room.names() == ["b"]


@pytest.mark.parametrize("text", ["{{- if .Values.on }}\n{0}{{- end }}\n", "{0}  disks: {{ toYaml .Values.disks }}\n"])
def test_templates_of_a_chart_are_a_notice(room: Room, text: str) -> None:
    room.write("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.10\n")
    room.write("chart/templates/deep/vm.yaml", text.replace("{0}", document("web")))
    room.write("chart/templates/plain.yaml", document("plain"))
    room.write("a.yaml", document("a"))
    assert {error.severity for error in room.sync().errors} == {"Notice"}
    assert room.names() == ["a", "plain"]
    assert any("is a template of the chart chart/Chart.yaml" in said for said in room.said())
    (room.folder / "a.yaml").unlink()
    room.sync()
    assert room.names() == ["plain"]


def test_a_machine_whose_file_becomes_a_template_stays(room: Room) -> None:
    room.write("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.10\n")
    room.write("chart/templates/vm.yaml", document("web"))
    room.sync()
    room.write("chart/templates/vm.yaml", "{{- if .Values.on }}\n" + document("web") + "{{- end }}\n")
    room.sync()
    assert room.names() == ["web"]


def test_apply_of_a_folder_passes_over_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {
        "kustomization.yaml": "patches: [{path: p.yaml}]\n", "p.yaml": PATCH, "a.yaml": document("a"),
        "chart/Chart.yaml": "apiVersion: v2\nname: chart\n", "chart/values.yaml": VALUES[1],
        "chart/templates/t.yaml": "{{- if .Values.on }}\n" + document("t") + "{{- end }}\n",
    }  # fmt: skip
    for name, text in given.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [one.resource.metadata.name for one in read_given([str(tmp_path)])] == ["a"]
    said = capsys.readouterr().err
    assert all(f"{name}:1: " in said for name in ("p.yaml", "chart/values.yaml", "chart/templates/t.yaml"))
    assert read_given([str(tmp_path / "p.yaml")])[0].resource.metadata.name == "web"  # somebody names it
    (tmp_path / "kustomization.yaml").write_text("patches: [\n")
    with pytest.raises(CliError, match="cannot be read"):
        read_given([str(tmp_path)])
