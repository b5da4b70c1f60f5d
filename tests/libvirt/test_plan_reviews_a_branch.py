"""`homeostat plan` of another folder than the state serves, and with an empty state, as where a branch is reviewed."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

from homeostat.assembly.standalone import standalone
from homeostat.cli.show.plans.preview import Preview, preview
from homeostat.cli.show.plans.render_deployment import DeploymentEntry
from homeostat.cli.show.plans.render_plan import PlanEntry, exit_code, render_plan
from homeostat.store.errors import StateError
from homeostat.store.files.state import StateFolder
from tests.libvirt.hosts import until

URI = "test:///default"  # one host for the whole program, so that plan sees what up made
MACHINE = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata: {name: reviewed}
spec:
  resources: {memory: 64Mi}
  disks: [{name: data, size: 8Mi}, {name: logs, size: 8Mi, reclaimPolicy: Retain}]
  cloudInit: {userData: "#cloud-config\\nhostname: one\\n"}
"""
FLEET = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachineDeployment
metadata: {name: fleet}
spec: {replicas: 2, template: {spec: {resources: {memory: 64Mi}}}}
"""


async def _up(folder: Path, state: Path) -> None:
    stop = asyncio.Event()
    async with standalone(folder, state, URI, settle=0.05) as parts:
        running = asyncio.create_task(parts.operator.run(stop))
        names = {"reviewed", "fleet-1", "fleet-2"}
        try:
            await until(lambda: {d.name for d in parts.host.domains() if d.live} >= names, "all run", 30)
            await until(lambda: parts.operator.queue.idle(within=0.3), "it rests", 30)
        finally:
            stop.set()
            await running


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("review")
    (root / "vms").mkdir()
    (root / "vms" / "a.yaml").write_text(MACHINE)
    (root / "vms" / "d.yaml").write_text(FLEET)
    asyncio.run(_up(root / "vms", root / "state"))
    yield root / "state"
    connection = libvirt.open(URI)
    for name in ("reviewed", "fleet-1", "fleet-2"):
        domain = connection.lookupByName(name)
        domain.destroy()
        domain.undefine()
    connection.close()


@pytest.fixture
def checkout(tmp_path: Path, state: Path) -> Path:
    return Path(shutil.copytree(state.parent / "vms", tmp_path / "checkout"))


def plan(folder: Path, state: Path) -> Preview:
    return asyncio.run(preview(folder, state, URI, {}))


def text(found: Preview) -> str:
    return "\n".join([*(line.text for line in render_plan(found.entries)), *found.notes])


def test_findings_plan_of_another_checkout_is_a_review_of_it(state: Path, checkout: Path) -> None:
    same = plan(checkout, state)
    assert exit_code(same.entries) == 0, text(same)
    (checkout / "a.yaml").write_text(MACHINE.replace("64Mi", "96Mi"))
    found = plan(checkout, state)
    assert exit_code(found.entries) == 2
    assert "resources.memory   64Mi -> 96Mi   NeedsRestart" in text(found)
    assert found.notes == [
        f"the state {state} serves {state.parent / 'vms'}: shown is what would change if {checkout} stood in its place, which "
        "`up` refuses"
    ]
    assert (state / "source").read_text().strip() == str(state.parent / "vms")


def test_findings_plan_with_an_empty_state_knows_the_machines_on_the_host(state: Path, checkout: Path, tmp_path: Path) -> None:
    same = plan(checkout, tmp_path / "none")
    assert exit_code(same.entries) == 0, text(same)
    machine = next(entry for entry in same.entries if isinstance(entry, PlanEntry))
    assert machine.plan.actions == () and machine.plan.changes == (), text(same)
    fleet = next(entry for entry in same.entries if isinstance(entry, DeploymentEntry))
    assert fleet.steps() == ["take up 2 machines that are on the host already"]
    (checkout / "a.yaml").write_text(
        MACHINE.replace("64Mi", "96Mi").replace("8Mi}, {name: logs", "16Mi}, {name: more, size: 8Mi}, {name: logs")
    )
    (checkout / "d.yaml").write_text(FLEET.replace("64Mi", "96Mi"))
    reviewed = plan(checkout, tmp_path / "none")
    found = text(reviewed)
    assert exit_code(reviewed.entries) == 2
    assert found.count("64Mi -> 96Mi") == 2 and "disks[more]" in found
    assert "NameInUse" not in found and f"the state {tmp_path / 'none'} is empty" in found
    assert not (tmp_path / "none").exists()


def test_findings_plan_names_no_internal_paths(state: Path, checkout: Path, tmp_path: Path) -> None:
    assert "homeostat-scratch" not in text(plan(checkout, state)) + text(plan(checkout, tmp_path / "none"))
    clustered = tmp_path / "clustered"
    StateFolder.open(clustered).claim_cluster("one")
    with pytest.raises(StateError) as refused:
        plan(checkout, clustered)
    assert str(clustered) in str(refused.value) and "homeostat-scratch" not in str(refused.value)


def test_findings_plan_shows_a_text_as_a_diff_of_its_lines(state: Path, checkout: Path) -> None:
    (checkout / "a.yaml").write_text(MACHINE.replace("hostname: one", "hostname: two"))
    found = text(plan(checkout, state))
    assert "    ~ cloudInit.userData   NeedsRestart\n" in found
    assert "        - hostname: one\n        + hostname: two\n" in found
    assert "seed-" not in found


def test_attack_a12_a_disk_that_leaves_the_spec_goes_to_the_trash_and_plan_says_so(state: Path, checkout: Path) -> None:
    (checkout / "a.yaml").write_text(MACHINE.replace("{name: data, size: 8Mi}, ", ""))
    found = text(plan(checkout, state))
    assert "disks[data]   once no guest uses it, its file goes to the trash (reclaimPolicy: Delete)" in found
    (checkout / "a.yaml").write_text(MACHINE.replace(", {name: logs, size: 8Mi, reclaimPolicy: Retain}", ""))
    assert "goes to the trash" not in text(plan(checkout, state))


def test_snapshots_of_a_branch_are_shown_and_what_is_wrong_with_them(tmp_path: Path, checkout: Path) -> None:
    for name, machine in (("then", "reviewed"), ("never", "nobody")):
        (checkout / f"{name}.yaml").write_text(
            f"apiVersion: homeostat.dev/v1alpha1\nkind: Snapshot\nmetadata: {{name: {name}}}\n"
            f"spec: {{machineRef: {{name: {machine}}}}}\n"
        )
    said = text(plan(checkout, tmp_path / "empty"))
    assert "+ snapshot/then" in said and "there is no machine 'nobody'" in said
    assert "keeps no files" not in said and said.count("cannot be carried out as it is") == 1, said
