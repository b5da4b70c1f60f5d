"""`plan` of deployments and plugins: where the steps lead, in place or by replacement."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.cli.show.plans.render_deployment import DeploymentEntry
from homeostat.cli.show.plans.render_fetches import PluginEntry
from homeostat.cli.show.plans.render_plan import PlanEntry, Verb, exit_code, render_plan
from homeostat.models.deployment import MachineRevisionSpec, MachineTemplate, VirtualMachineDeployment
from homeostat.models.plugin import Plugin
from homeostat.planner.deployment import plan_deployment
from homeostat.planner.deployment.observed import ObservedDeployment, Replica, Revision
from homeostat.planner.deployment.revision import fingerprint
from homeostat.planner.plan import Plan, Waiting
from tests.unit.machines import machine

NOW = 1_000.0
OLD: dict[str, Any] = {"resources": {"memory": "128Mi"}, "disks": [{"name": "data", "size": "1Gi"}]}


def revision(spec: dict[str, Any]) -> MachineRevisionSpec:
    template = MachineTemplate.model_validate({"spec": spec})
    return MachineRevisionSpec(
        deployment="web", revision=1, template=template, fingerprint=fingerprint(template, "", None), succeeded=True
    )


def entry(new: dict[str, Any], *, replicas: int = 3, exist: int = 3, refusal: str | None = None, **spec: Any) -> DeploymentEntry:
    deployment = VirtualMachineDeployment.model_validate(
        {"metadata": {"name": "web"}, "spec": {"replicas": replicas, "template": {"spec": new}, **spec}}
    )
    old = revision(OLD)
    machines = tuple(Replica(f"web-{i}", i, old.fingerprint, 0.0, 1.0) for i in range(1, exist + 1))
    observed = ObservedDeployment(
        machines, (Revision(old, 0.0),) if exist else (), refusal=Waiting("MachinesRefused", refusal) if refusal else None
    )
    return DeploymentEntry(deployment, observed, plan_deployment(deployment, observed, NOW), NOW, "web.yaml:1")


def text(entry: DeploymentEntry | PluginEntry) -> str:
    return "\n".join(line.text for line in render_plan([entry]))


def test_a_change_that_needs_other_machines_says_how_many_and_how_fast() -> None:
    shown = text(entry({**OLD, "resources": {"memory": "256Mi"}}, strategy={"rollingUpdate": {"maxSurge": 2}}))
    assert "~ vmd/web will be changed  (web.yaml:1)" in shown
    assert "~ template.spec.resources.memory   128Mi -> 256Mi   Replace" in shown
    assert "1. replace 3 machines: RollingUpdate, at most 2 more than 3 at a time, none missing" in shown


def test_a_live_change_is_made_in_place() -> None:
    shown = text(entry({**OLD, "disks": [{"name": "data", "size": "2Gi"}]}))
    assert "~ template.spec.disks.data.size   1Gi -> 2Gi   Live" in shown
    assert "1. change 3 machines in place, while they run, 1 at a time" in shown


def test_values_are_shown_as_yaml_has_them() -> None:
    nic = {"name": "lan", "network": "default"}
    shown = text(entry({**OLD, "nics": [nic], "probes": {"readiness": {"tcpSocket": {"port": 22}}}, "suspend": True}))
    assert "~ template.spec.nics.lan   none -> {name: lan, network: default}" in shown
    assert "~ template.spec.probes     none -> {readiness: {tcpSocket: {port: 22" in shown
    assert "~ template.spec.suspend    none -> true" in shown


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"disks": [{"name": "data", "size": "2Gi"}]}, {"strategy": {"type": "Recreate"}}),
        ({"disks": [{"name": "data", "size": "2Gi"}]}, {"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 2}}}),
        ({"updatePolicy": "Immediate"}, {}),
    ],
)
def test_what_reaches_all_at_once_says_no_pace(change: dict[str, Any], rules: dict[str, Any]) -> None:
    assert "1. change 3 machines in place, while they run\n" in text(entry({**OLD, **change}, **rules)) + "\n"


@pytest.mark.parametrize(("replicas", "said"), [(5, "1. create 2 machines"), (1, "1. remove 2 machines, highest index first")])
def test_scaling(replicas: int, said: str) -> None:
    assert said in text(entry(OLD, replicas=replicas))


def test_a_new_deployment_shows_what_its_machines_will_be() -> None:
    shown = entry(OLD, exist=0)
    assert shown.verb is Verb.CREATE
    assert "1. create 3 machines" in text(shown)
    assert any(line.split() == ["+", "template.resources.memory", "128Mi"] for line in text(shown).splitlines())


def test_nothing_to_do_is_nothing() -> None:
    assert entry(OLD).verb is Verb.NONE
    assert exit_code([entry(OLD)]) == 0


def test_machines_that_cannot_be_made_need_a_human() -> None:
    shown = entry(OLD, exist=0, refusal="there is no plugin 'page'")
    assert "! MachinesRefused: there is no plugin 'page'" in text(shown)
    assert exit_code([shown]) == 1


def test_it_is_the_same_for_programs() -> None:
    shown = entry({**OLD, "resources": {"memory": "256Mi"}}, replicas=4).as_json()
    assert shown["machines"] == {"create": 1, "remove": 0, "changeInPlace": 0, "replace": 3}
    assert shown["template"] == [{"field": "template.spec.resources.memory", "old": "128Mi", "new": "256Mi"}]


def test_what_stops_it_is_the_same_for_programs() -> None:
    refused = entry(OLD, exist=0, refusal="there is no plugin 'page'").as_json()
    assert refused["outcome"] == {"type": "Waiting", "reason": "MachinesRefused", "message": "there is no plugin 'page'"}
    assert refused["problems"] == []

    shown, taken = entry(OLD, exist=0, replicas=9), Waiting("PortTaken", "host port 80 is taken")
    outcomes = {f"web-{i}": taken if i < 3 else Waiting("NetworkUnknown", f"no network {i}") for i in range(1, 10)}
    shown.machines.extend(PlanEntry(machine(name=name), Plan(outcome=outcome)) for name, outcome in outcomes.items())
    problems = shown.as_json()["problems"]
    assert problems[0] == {"machines": ["web-1", "web-2"], "reason": "PortTaken", "message": "host port 80 is taken"}
    assert [problem["machines"] for problem in problems[1:]] == [[f"web-{i}"] for i in range(3, 10)]
    assert "! web-1, web-2: PortTaken: host port 80 is taken" in text(shown)
    assert "! web-6: NetworkUnknown: no network 6\n    ! … and 3 more of its machines cannot be made" in text(shown)


def test_a_plugin_says_which_images_are_fetched() -> None:
    plugin = Plugin.model_validate({"metadata": {"name": "page"}, "spec": {"version": "1", "kernel": {"path": "/k"}}})
    shown = text(PluginEntry(plugin, {}, ["file:///k"]))
    assert "+ plugin/page will be created" in shown
    assert "1. fetch image file:///k" in shown
