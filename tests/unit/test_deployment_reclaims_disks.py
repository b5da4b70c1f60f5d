"""Disks that a stateful deployment kept of indexes that were scaled away: they go with it, by the policy of its template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.deployment import MachineTemplate
from homeostat.planner.deployment import actions as act
from homeostat.planner.deployment import plan_deployment
from homeostat.planner.observed import KeptDisks
from homeostat.planner.plan import Waiting
from tests.unit.fleet import Fleet, deleted, deployment

FOLDER = "/state/machines/default/web-3"
KEPT = KeptDisks("web-3", FOLDER, ("data", "logs"))
STATEFUL: dict[str, Any] = {"stateful": True, "strategy": {"rollingUpdate": {"maxUnavailable": 1}}}


def template(policy: str, data: str | None = None) -> MachineTemplate:
    own = {"reclaimPolicy": data} if data else {}
    return MachineTemplate.model_validate({"spec": {"reclaimPolicy": policy, "disks": [{"name": "data", "size": "1Gi", **own}]}})


@pytest.mark.parametrize(
    ("policy", "data", "going"),
    [
        ("Delete", None, ("data", "logs")),
        ("Retain", None, ()),
        ("Delete", "Retain", ("logs",)),
        ("Retain", "Delete", ("data",)),
    ],
)
def test_by_the_policy_of_the_template(policy: str, data: str | None, going: tuple[str, ...]) -> None:
    vmd = deleted(deployment(1, template(policy, data), **STATEFUL))
    plan = plan_deployment(vmd, replace(Fleet().observe(), kept=(KEPT,)), 0.0)
    reclaim, release = plan.actions
    assert isinstance(reclaim, act.ReclaimKept) and isinstance(release, act.ReleaseDeployment), "released last"
    assert (reclaim.directory, reclaim.paths) == (FOLDER, tuple(f"{FOLDER}/{name}.qcow2" for name in going))


def test_other_hosts_say_first_that_they_have_looked() -> None:
    vmd = deleted(deployment(1, template("Delete"), **STATEFUL))
    plan = plan_deployment(vmd, replace(Fleet().observe(), keepers=("host a", "host b")), 0.0)
    assert plan.actions == () and plan.after is not None
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.message.endswith("are still to be looked for on host a, and on host b")


def test_not_before_its_machines_have_gone_nor_while_it_lives() -> None:
    fleet, vmd = Fleet(), deployment(2, template("Delete"), **STATEFUL)
    fleet.settle(vmd)
    for asked in (vmd, deleted(vmd)):
        plan = plan_deployment(asked, replace(fleet.observe(), kept=(KEPT,)), fleet.now)
        assert not any(isinstance(action, act.ReclaimKept) for action in plan.actions)
