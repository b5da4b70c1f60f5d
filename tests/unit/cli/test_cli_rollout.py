"""scale and rollout: what they edit, what they refuse, and when following one ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from homeostat.models.base import API_VERSION, Key, ObjectMeta, OwnerReference
from homeostat.models.condition import Condition
from homeostat.models.deployment import (
    MachineRevision,
    MachineRevisionSpec,
    MachineTemplate,
    VirtualMachineDeployment,
    VirtualMachineDeploymentStatus,
)
from homeostat.planner.deployment.revision import fingerprint
from tests.unit.cli_state import CliState

KEY = Key("VirtualMachineDeployment", "default", "web")
WEB = """# kept
apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachineDeployment
metadata:
  name: web
spec:
  replicas: 3   # kept too
  template:
    spec: {resources: {memory: 1Gi}}
"""


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliState:
    made = CliState(tmp_path / "vms", tmp_path / "state", capsys)
    (made.folder / "web.yaml").write_text(WEB)
    made.store.sync()
    return made


def web(cli: CliState) -> VirtualMachineDeployment:
    found = asyncio.run(cli.store.get(VirtualMachineDeployment, KEY))
    assert found is not None
    return found


def report(cli: CliState, *, updated: int = 3, revision: int = 2, **conditions: tuple[str, str, str]) -> None:
    """A status as the operator writes it; ``conditions``: type -> (status, reason, message)."""
    deployment = web(cli)
    generation = deployment.metadata.generation
    known = {"Ready": ("True" if updated == 3 else "False", "Available", "")} | conditions
    status = VirtualMachineDeploymentStatus(
        observed_generation=generation,
        replicas=3,
        updated_replicas=updated,
        ready_replicas=3,
        available_replicas=3,
        revision=revision,
        conditions=tuple(
            Condition.model_validate({"type": type, "status": s, "reason": r, "message": m, "observedGeneration": generation})
            for type, (s, r, m) in known.items()
        ),
    )
    asyncio.run(cli.store.write_status(KEY, deployment.metadata.uid, status))


def record(cli: CliState, number: int, memory: str, *, failed: str = "") -> None:
    deployment = web(cli)
    template = MachineTemplate.model_validate({"spec": {"resources": {"memory": memory}}})
    owner = OwnerReference(api_version=API_VERSION, kind=KEY.kind, name="web", uid=deployment.metadata.uid)
    spec = MachineRevisionSpec(
        deployment="web", revision=number, template=template, fingerprint=fingerprint(template, "", None), failed=failed
    )
    metadata = ObjectMeta(name=f"web-{number}", owner_references=(owner,))
    asyncio.run(cli.store.apply_owned(MachineRevision(metadata=metadata, spec=spec)))


def test_scale_edits_replicas_and_nothing_else(cli: CliState) -> None:
    said = cli.homeostat("scale", "vmd/web", "--replicas=5")
    assert (said.code, said.out) == (0, "virtualmachinedeployment.homeostat.dev/web scaled to 5\n")
    assert (cli.folder / "web.yaml").read_text() == WEB.replace("replicas: 3", "replicas: 5")
    assert "unchanged" in cli.homeostat("scale", "web", "--replicas=5").out


def test_scale_to_what_is_in_force_mends_a_document_that_says_less_and_is_not_yet(cli: CliState) -> None:
    (cli.folder / "web.yaml").write_text(WEB.replace("replicas: 3", "replicas: 1"))
    assert cli.homeostat("scale", "vmd/web", "--replicas=3").code == 0
    assert (cli.folder / "web.yaml").read_text() == WEB


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--replicas=-1",), "spec.replicas: must be at least 0"),
        (("--replicas=100000",), "spec.replicas: must be at most 10000"),
        (("--replicas=1.5",), "not a valid integer"),
        (("--replicas=5", "--current-replicas=2"), "has replicas: 3, not 2"),
    ],
)
def test_scale_refuses(cli: CliState, words: tuple[str, ...], reason: str) -> None:
    said = cli.homeostat("scale", "vmd/web", *words)
    assert said.code != 0
    assert reason in said.err
    assert (cli.folder / "web.yaml").read_text() == WEB


ONCE = WEB.replace("{resources: {memory: 1Gi}}", "{nics: [{name: lan, network: default, mac: '52:54:00:11:22:33'}]}")


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [(0, 1, False), (0, 2, False), (1, 2, False), (3, 4, False), (3, 3, True), (3, 2, True), (3, 0, True)],
)
def test_scale_refuses_more_of_a_template_for_one_machine_and_lets_it_go_down(
    cli: CliState, before: int, after: int, taken: bool
) -> None:
    (cli.folder / "web.yaml").write_text(ONCE.replace("replicas: 3", f"replicas: {before}"))
    cli.store.sync()
    said = cli.homeostat("scale", "vmd/web", f"--replicas={after}")
    assert (said.code == 0) is taken
    assert taken or "mac 52:54:00:11:22:33 is for one machine only, but there may be" in said.err
    assert web(cli).spec.replicas == (after if taken else before)


def test_a_machine_is_no_deployment_and_the_other_way_round(cli: CliState) -> None:
    assert "homeostat start|stop|restart" in cli.homeostat("scale", "vm/web", "--replicas=1").err
    assert "homeostat rollout" in cli.homeostat("restart", "vmd/web").err


def test_get_prints_kubectls_columns_for_deployments(cli: CliState) -> None:
    report(cli, updated=1)
    header, row = cli.homeostat("get", "deployments").out.splitlines()
    assert header.split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row.split()[:4] == ["web", "3/3", "1", "3"]


def test_get_all_names_each_kind(cli: CliState) -> None:
    cli.write("db")
    lines = cli.homeostat("get", "all").out.splitlines()
    assert [line.split()[0] for line in lines if line] == ["NAME", "vm/db", "NAME", "vmd/web"]
    assert cli.homeostat("get", "vmd,vms").out.splitlines() == lines


def test_wait_for_a_deployments_condition(cli: CliState) -> None:
    report(cli, Available=("True", "X", ""))
    assert cli.homeostat("wait", "--for=condition=Available", "vmd/web", "--timeout=0").code == 0
    assert cli.homeostat("wait", "--for=condition=Stalled", "vmd/web", "--timeout=0").code == 1


def test_status_of_a_complete_rollout_ends_at_once(cli: CliState) -> None:
    report(cli)
    said = cli.homeostat("rollout", "status", "vmd/web")
    assert (said.code, said.out) == (0, "vmd/web is rolled out: 3 of 3 follow revision 2, 3 available\n")


def test_status_says_how_far_it_is(cli: CliState) -> None:
    report(cli, updated=1)
    said = cli.homeostat("rollout", "status", "vmd/web", "--no-watch")
    assert said.out == "1 of 3 follow revision 2, 3 available, 2 on an older one\n"
    assert "no operator is running" in said.err
    late = cli.homeostat("rollout", "status", "vmd/web", "--timeout", "50ms")
    assert (late.code, "timed out: 1 of 3" in late.err) == (1, True)


def test_status_waits_for_the_operator_to_see_the_spec(cli: CliState) -> None:
    report(cli)
    cli.homeostat("scale", "vmd/web", "--replicas=4")
    assert "waiting for the operator" in cli.homeostat("rollout", "status", "vmd/web", "--no-watch").out


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (
            {"Progressing": ("False", "ProgressDeadlineExceeded", "no progress for 600 s")},
            "missed its progress deadline",
        ),
        ({"Ready": ("True", "RolledBack", "revision 2 was given up: why")}, "was rolled back: revision 2 was given up: why"),
        ({"Stalled": ("True", "NoSuchRevision", "there is no revision 9")}, "is stalled: there is no revision 9"),
    ],
)
def test_status_of_a_failed_rollout_is_an_error(cli: CliState, conditions: dict[str, tuple[str, str, str]], reason: str) -> None:
    report(cli, **conditions)
    said = cli.homeostat("rollout", "status", "vmd/web")
    assert said.code == 1
    assert reason in said.err


def test_pause_and_resume(cli: CliState) -> None:
    assert cli.homeostat("rollout", "pause", "vmd/web").code == 0
    assert web(cli).spec.paused
    refused = cli.homeostat("rollout", "restart", "vmd/web")
    assert (refused.code, "rollout resume" in refused.err) == (1, True)
    assert cli.homeostat("rollout", "resume", "vmd/web").code == 0
    assert (cli.folder / "web.yaml").read_text() == WEB


def test_restart_writes_a_new_token(cli: CliState) -> None:
    before = datetime.now(UTC)
    assert cli.homeostat("rollout", "restart", "vmd/web").code == 0
    token = web(cli).spec.restarted_at
    assert token and datetime.fromisoformat(token.replace("Z", "+00:00")) >= before


def test_history_says_what_changed(cli: CliState) -> None:
    record(cli, 1, "512Mi")
    record(cli, 2, "1Gi")
    report(cli)
    rows = [line.split("   ") for line in cli.homeostat("rollout", "history", "vmd/web").out.splitlines()]
    assert [(row[0].strip(), row[-1].strip()) for row in rows[1:]] == [
        ("1", "the first one on record"),
        ("2", "spec.resources.memory: 512Mi -> 1Gi"),
    ]
    assert "memory: 512Mi" in cli.homeostat("rollout", "history", "vmd/web", "--revision=1").out


def test_undo_goes_to_the_one_before_that_was_not_given_up(cli: CliState) -> None:
    for number, memory, failed in ((1, "256Mi", ""), (2, "512Mi", "it broke"), (3, "1Gi", "")):
        record(cli, number, memory, failed=failed)
    report(cli, revision=3)
    said = cli.homeostat("rollout", "undo", "vmd/web")
    assert (said.code, "spec.rollbackTo: 1" in said.out) == (0, True)
    assert web(cli).spec.rollback_to == 1


def test_undo_to_the_yamls_own_template_ends_the_rollback(cli: CliState) -> None:
    record(cli, 1, "256Mi")
    record(cli, 2, "1Gi")
    report(cli)
    cli.homeostat("rollout", "undo", "vmd/web", "--to-revision=1")
    assert "rollbackTo: 1" in (cli.folder / "web.yaml").read_text()
    assert cli.homeostat("rollout", "undo", "vmd/web", "--to-revision=2").code == 0
    assert (cli.folder / "web.yaml").read_text() == WEB


def test_undo_without_anything_before_is_an_error(cli: CliState) -> None:
    record(cli, 1, "1Gi")
    report(cli, revision=1)
    said = cli.homeostat("rollout", "undo", "vmd/web")
    assert (said.code, "no earlier revision" in said.err) == (1, True)
    assert "no revision 7" in cli.homeostat("rollout", "undo", "vmd/web", "--to-revision=7").err
    assert (cli.folder / "web.yaml").read_text() == WEB


def test_errors_in_the_yaml_are_noted_beside_a_table(cli: CliState) -> None:
    (cli.folder / "bad.yaml").write_text(WEB.replace("name: web", "name: bad").replace("replicas", "replica"))
    cli.store.sync()
    said = cli.homeostat("get", "vmd")
    assert "note: 1 error in the YAML" in said.err
    assert cli.homeostat("get", "vmd", "-o", "json").err == ""


def test_describe_shows_counts_conditions_and_rollouts(cli: CliState) -> None:
    record(cli, 1, "512Mi")
    record(cli, 2, "1Gi")
    report(cli, updated=1, Reconciling=("True", "Progressing", "1 of 3 follow revision 2"))
    out = cli.homeostat("describe", "vmd", "web").out
    lines = [line.split() for line in out.splitlines()]
    assert "1 of 3 follow revision 2, 3 available, 2 on an older one" in out
    assert ["Reconciling", "True", "Progressing"] in [line[:3] for line in lines]
    assert ["2", "current"] in [line[:2] for line in lines]
