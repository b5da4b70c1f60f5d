"""A changed seed reaches a guest with its next start; whether cloud-init heeds it hangs on the instance-id, and is said."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from homeostat.cli.show.plans.render_plan import PlanEntry, plan_as_json, render_entry
from homeostat.models.cloud_init import CloudInit
from homeostat.planner.machine.preview.foresee import foresee
from homeostat.planner.machine.storage.seed import seed_files
from homeostat.runtime.machine.status import machine_status
from tests.unit.machines import changed, machine, running

OLD, NEW = "#cloud-config\n", "#cloud-config\nhostname: x\n"
STAYS, FOLLOWS, KEEPS = "the instance-id stays", "the instance-id follows the seed", "if metaData keeps its instance-id"


def instance_id(**init: Any) -> str:
    found: str = yaml.safe_load(dict(seed_files(machine(cloudInit=init)))["meta-data"])["instance-id"]
    return found


CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"userData": OLD}, {"userData": NEW}),
    ({"networkConfig": "version: 2\n"}, {"networkConfig": "version: 1\n"}),
    ({"variables": {"a": 1}}, {"variables": {"a": "1"}}),
    ({"metaData": "local-hostname: a\n"}, {"metaData": "local-hostname: b\n"}),
    ({}, {"userData": OLD}),
]


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_br24_the_instance_id_follows_the_seed_where_asked_for_and_stays_else(before: Any, after: Any) -> None:
    seed = {"instanceId": "Seed"}
    assert instance_id(**before, **seed) == instance_id(**before, **seed) != instance_id(**after, **seed)
    assert instance_id(**before, **seed).startswith("uid-default-web-")
    if "metaData" not in before:
        assert instance_id(**before) == instance_id(**after) == instance_id(**before, instanceId="Machine") == "uid-default-web"


def test_br24_metadata_keeps_its_words_beside_an_instance_id_of_the_seed() -> None:
    text = dict(seed_files(machine(cloudInit={"metaData": "zip: 0777\n", "instanceId": "Seed"})))["meta-data"]
    assert text.startswith("zip: 0777\ninstance-id: uid-default-web-")


@pytest.mark.parametrize("given", [{"metaData": "{instance-id: i-1}"}, {"variables": {"instance-id": "i-1"}}])
def test_br24_two_instance_ids_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="instanceId: Seed makes the instance-id that metaData or variables give"):
        CloudInit.model_validate({**given, "instanceId": "Seed"})
    assert CloudInit.model_validate({**given, "instanceId": "Machine"}).names_instance_id


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"userData": OLD}, {"userData": NEW}, STAYS),
        ({"networkConfig": "version: 2\n"}, {"networkConfig": "version: 1\n"}, STAYS),
        ({"metaData": "a: 1\n"}, {"metaData": "a: 2\n"}, STAYS),
        ({"userData": OLD}, {"userData": NEW, "instanceId": "Seed"}, FOLLOWS),
        ({"userData": OLD, "instanceId": "Seed"}, {"userData": NEW, "instanceId": "Seed"}, FOLLOWS),
        ({"metaData": "instance-id: 1\n"}, {"metaData": "instance-id: 2\n"}, KEEPS),
        ({}, {"variables": {"instance-id": "x"}}, KEEPS),
    ],
)
def test_br24_plan_and_status_say_whether_cloud_init_will_heed_it(before: Any, after: Any, said: str) -> None:
    world, operator, vm = running(cloudInit=before)
    vm = changed(vm, cloudInit=after)
    whole = foresee(vm, world.observe(vm, operator.memory), 0.0, {})
    assert sum(said in line.text for line in render_entry(PlanEntry(vm, whole))) == 1
    assert said in plan_as_json(PlanEntry(vm, whole))["notes"][0]
    plan = operator.settle(vm)
    status = machine_status(vm, world.observe(vm, operator.memory), plan, {}, None, "2026-01-01T00:00:00Z")
    (waits,) = [c.message for c in status.conditions if c.type == "RestartRequired"]
    assert (
        re.match(
            r"cloudInit: seed-\w+\.iso → seed-\w+\.iso \(NeedsRestart: the seed is read when the guest boots\); it comes with",
            waits,
        )
        and said in waits
    )
    assert "with the next start, which a reboot inside the guest is not; `homeostat restart web` brings it" in waits


def test_br24_nothing_is_said_where_the_seed_is_the_same_or_new_or_goes() -> None:
    _, operator, vm = running(cloudInit={"userData": OLD})
    assert operator.plan(vm).notes == ()
    assert operator.plan(changed(vm, resources={"memory": "1Gi"})).notes == ()
    assert operator.plan(changed(vm, cloudInit=None)).notes == ()
    assert operator.plan(changed(vm, cloudInit={"enabled": False})).notes == ()
    _, operator, vm = running()
    assert operator.plan(changed(vm, cloudInit={"userData": OLD})).notes == ()
