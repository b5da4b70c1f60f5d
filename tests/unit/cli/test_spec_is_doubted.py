"""What is taken though it will hardly do what was meant (user-data that cloud-init passes over, nothing to boot) is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.cli.show.plans.doubting import doubts_in
from homeostat.cli.show.plans.render_plan import PlanEntry
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.machine import VirtualMachine
from homeostat.models.plugin import Plugin
from homeostat.planner.machine.doubts import doubts_of
from homeostat.planner.machine.preview.foresee import foresee
from homeostat.planner.plan import Converged, Plan
from homeostat.runtime.machine.status import machine_status
from tests.unit.cli_state import FRAME, CliState
from tests.unit.driving import Operator
from tests.unit.machines import IMAGE, machine, running
from tests.unit.world import World

ROOT = {"disks": [{"name": "root", "image": IMAGE}]}
MIME = 'Content-Type: multipart/mixed; boundary="=="\nMIME-Version: 1.0\n\n--==\n'

# Ten thousand million fields, were they made.
MERGES = "#cloud-config\na0: &a0 {a: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 11)
)
READ = (
    "#cloud-config\nruncmd:\n" + "- [ls]\n" * 150,  # many, and not deep
    "", " \n", "#cloud-config", "#cloud-config\n", "#cloud-config\n{}\n", "#cloud-config\npackages: [nginx]\n",
    "#Cloud-Config\na: 1\n", "#cloud-config \r\na: 1\r\n", "#!/bin/sh\necho\n", "#!/usr/bin/env python3\n", "#include\nhttps://example.org/a\n",
    "#include-once\nhttps://example.org/a\n", "#include https://example.org/a", "#part-handler\n", "#cloud-boothook\n#!/bin/sh\n",
    "#upstart-job\n", "#cloud-config-archive\n- a\n", "#cloud-config-archive\n- {type: text/cloud-config, content: x}\n",
    '#cloud-config-jsonp\n[{"op": "add"}]\n', "## template: jinja\n#cloud-config\nhostname: {{ ds.meta_data.a }}\n",
    "## template: jinja\n#!/bin/sh\n", "## Template: Jinja\n{% if a %}\n#cloud-config\n{% endif %}\n", MIME,
    f"From nobody\n{MIME}", "#cloud-config\n# größe\na: ü\n", "#cloud-config\n" + "a: 1\n" * 60_000 + "\tx",
    "#cloud-config\na: &x [1]\nb: *x\nc: !!binary aGk=\nd: ! 7\n", "#cloud-config\n---\na: 1\n...\n", "#cloud-config\nnull\n",
    "\n#cloud-config\na: 1\n", "  #cloud-config\n", "\r\n#cloud-config-archive\n- a\n",
    "#cloud-config\na: &x {b: 1}\nc: {<<: [*x, {d: 2}]}\n=: 1\ne: !!set {a, b}\n",
)  # fmt: skip
PASSED_OVER = {
    "packages: [nginx]\n": "give it the header of its form",
    "hostname: web": "begins with 'hostname: web'",
    "# cloud-config\na: 1\n": "did you mean #cloud-config?",
    "#cloud_config\n": "did you mean #cloud-config?",
    "# Cloud Config": "did you mean #cloud-config?",
    "##cloud-config\n": "did you mean #cloud-config?",
    "cloud-config\n": "#!/bin/sh",
    "echo hello\n": "begins with 'echo hello'",
    "/bin/sh\n": "begins with '/bin/sh'",
    "# comment\n#cloud-config\n": "begins with '# comment'",
    "---\n#cloud-config\n": "begins with '---'",
    "\ufeff#cloud-config\n": "byte order mark",
    "\ufeff#!/bin/sh\n": "byte order mark",
    "\ufeff": "byte order mark",
    "\n#cloud-config\n- a\n": "is no YAML mapping",
    "  ## template: jinja\n#cloud-config\n": "white space",
    "\t#!/bin/sh\n": "white space",
    "\r\n#!/bin/sh\n": "white space",
    "\n## template: jinja\n#cloud-config\n": "white space",
    "H4sIAAAAAAAAA0vOyS9N0U3Oz0vLTOcCAKdT": "gzip in base64",
    'Content-Type: multipart/mixed; boundary="=="\n\n--==\n': "MIME-Version: 1.0",
    "#cloud-config\n- a\n": "is no YAML mapping",
    "#cloud-config\njust words\n": "is no YAML mapping",
    "#cloud-config\na: [\n": "is not YAML",
    "#cloud-config\n\ta: 1\n": "cannot start any token (line 2)",
    "#cloud-config\na: b: c\n": "is not YAML",
    "#cloud-config\nx: !!python/object:os.system {}\n": "is not YAML",
    "#cloud-config\n" + "[" * 600: "is not YAML",
    "#cloud-config\n" + "- " * 600: "nested too deeply",
    "#cloud-config\na: *b\n": "undefined alias 'b' (line 2)",
    "#cloud-config\na: 1\n---\nb: 2\n": "a single document",
    "#cloud-config\na: !ruby/object:X {}\n": "tag '!ruby/object:X'",
    "#cloud-config\n'null'x\n": "is not YAML",
    "#cloud-config\n<<: [1]\n": "expected a mapping for merging, but found scalar (line 2)",
    "#cloud-config\na: &x 5\nb:\n  <<: *x\n": "for merging, but found scalar (line 2)",
    "#cloud-config\nhostname: {{ v1.name }}\n": "found unhashable key (line 2); where {{ … }} is meant",
    "#cloud-config\n? [a]\n: b\n": "found unhashable key",
    "#cloud-config\nusers:\n  - expiredate: 2024-13-45\n": "month must be in 1..12",
    MERGES: "has more than 262,144 fields once its merges (<<) are written out",
    "#cloud-config\na: !!bool x\n": "a value is not what its tag says",
    "#cloud-config\na: !!int many\n": "invalid literal",
    "#cloud-config\na: 0x_\n": "invalid literal",
    "#cloud-config\na: !!binary é\n": "failed to convert base64 data into ascii",
    "#cloud-config-archive\na: 1\n": "is no YAML list",
    "## template: jinja\npackages: []\n": "in the template: begins with 'packages: []'",
    "## template: jinja\n": "in the template: begins with nothing",
    "\x00": "begins with '\\x00'",
    "a" * 500: "begins with '" + "a" * 40 + "…'",
}


def doubts(**init: Any) -> list[str]:
    return [str(doubt) for doubt in doubts_of(machine(**ROOT, cloudInit=init))]


@pytest.mark.parametrize("text", READ, ids=range(len(READ)))
def test_findings_cloudinit_user_data_that_is_read_is_not_doubted(text: str) -> None:
    assert doubts(userData=text) == []


@pytest.mark.parametrize("text", PASSED_OVER, ids=range(len(PASSED_OVER)))
def test_findings_cloudinit_user_data_that_is_passed_over_is_told(text: str) -> None:
    (said,) = doubts(userData=text)
    assert said.startswith("cloudInit.userData: ") and PASSED_OVER[text] in said and len(said) < 400


@pytest.mark.parametrize(
    "text", ["ethernets: {}\n", "version: 3\n", "version: '2'\n", "network: {}\n", "{}", "network: {version: x}"]
)
def test_br23_network_config_of_no_version_is_told(text: str) -> None:
    (said,) = doubts(networkConfig=text)
    assert said.startswith("cloudInit.networkConfig: ") and "cloud-init knows 1 and 2" in said


@pytest.mark.parametrize(
    "text", ["version: 2\n", "network: {version: 1, config: []}\n", "network: {config: disabled}\n", "# none\n", ""]
)
def test_br23_network_config_of_a_version_is_not_doubted(text: str) -> None:
    assert doubts(networkConfig=text) == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, True),
        ({"nics": [{"name": "lan", "network": "default"}]}, True),
        ({"disks": [{"name": "dvd", "type": "cdrom"}]}, True),
        ({"cloudInit": {"userData": "#cloud-config\n"}}, True),
        (ROOT, False),
        ({"disks": [{"name": "root", "size": "1Gi"}]}, False),  # may be there already, and hold what was installed
        ({"disks": [{"name": "dvd", "type": "cdrom", "image": IMAGE}]}, False),
        ({"boot": {"kernel": {"path": "/boot/vmlinuz"}}}, False),
        ({"nics": [{"name": "lan", "network": "default"}], "boot": {"order": ["lan"]}}, False),
        ({"pluginRef": {"name": "page"}}, False),
    ],
)
def test_findings_cloudinit_a_machine_that_boots_nothing_is_told(spec: dict[str, Any], said: bool) -> None:
    assert bool(doubts_of(machine(**spec))) is said
    assert all("nothing to boot from" in str(doubt) for doubt in doubts_of(machine(**spec)))


def test_findings_cloudinit_plan_tells_of_disks_that_are_made_blank() -> None:
    world, operator, vm = World(), Operator(World()), machine(disks=[{"name": "root", "size": "1Gi"}])
    plan = foresee(vm, world.observe(vm, operator.memory), 0.0, {})
    assert "vm/web: there is nothing to boot from: its disks are blank" in doubts_in(PlanEntry(vm, plan))[0]
    assert doubts_in(PlanEntry(vm, Plan((), Converged()))) == [], "there it is already"


@pytest.mark.parametrize("owned", [True, False])
def test_a_deployments_doubts_are_said_once(owned: bool) -> None:
    document = {"metadata": {"name": "web"}, "spec": {"template": {"spec": {"cloudInit": {"userData": "x"}}}}}
    assert [d.reason for d in doubts_of(VirtualMachineDeployment.model_validate(document))] == [
        "NothingToBoot",
        "UserDataNotRead",
    ]
    owner = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachineDeployment", "name": "web", "uid": "u"}
    metadata = {"name": "web-1", "ownerReferences": [owner] if owned else []}
    assert bool(doubts_in(PlanEntry(VirtualMachine.model_validate({"metadata": metadata}), Plan((), Converged())))) is not owned


def test_a_plugins_seed_is_doubted() -> None:
    spec = {"version": "1", "rootfs": IMAGE, "cloudInit": {"userData": "x"}}
    (doubt,) = doubts_of(Plugin.model_validate({"metadata": {"name": "page"}, "spec": spec}))
    assert doubt.reason == "UserDataNotRead"


def test_findings_cloudinit_a_condition_tells_it_and_says_nothing_against_ready() -> None:
    for spec, reason in (({**ROOT, "cloudInit": {"userData": "x"}}, "UserDataNotRead"), ({}, "NothingToBoot")):
        world, operator, vm = running(**spec)
        status = machine_status(vm, world.observe(vm, operator.memory), operator.plan(vm), {}, None, "2026-01-01T00:00:00Z")
        found = {c.type: (c.status, c.reason) for c in status.conditions}
        assert found["Doubtful"] == ("True", reason) and found["Ready"][0] == "True"
    world, operator, vm = running(**ROOT)
    status = machine_status(vm, world.observe(vm, operator.memory), operator.plan(vm), {}, None, "2026-01-01T00:00:00Z")
    assert "Doubtful" not in {c.type for c in status.conditions}


def test_findings_cloudinit_apply_warns_and_applies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli, path = CliState(tmp_path / "vms", tmp_path / "state", capsys), tmp_path / "given.yaml"
    path.write_text(FRAME.format(name="web") + "spec:\n  cloudInit:\n    userData: 'packages: []'\n")
    said = cli.homeostat("apply", "-f", str(path))
    assert said.code == 0 and "created" in said.out
    assert "warning: vm/web: there is nothing to boot from" in said.err
    assert "warning: vm/web: cloudInit.userData: begins with 'packages: []'" in said.err


@pytest.mark.parametrize(("levels", "told"), [(100, False), (101, True)])
def test_how_deep_a_document_may_be(levels: int, told: bool) -> None:
    deep = "[" * (levels - 1) + "]" * (levels - 1)
    vm = machine(cloudInit={"userData": f"#cloud-config\nx: {deep}\n"})
    assert any("nested too deeply" in doubt for doubt in map(str, doubts_of(vm))) is told
