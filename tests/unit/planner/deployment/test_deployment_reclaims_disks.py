"""Disks that a stateful deployment kept of indexes that were scaled away: they go with it, by the policy of its template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.deployment import MachineTemplate
from homeostat.planner.actions import DeleteFile, SetAside
from homeostat.planner.deployment import actions as act
from homeostat.planner.deployment import plan_deployment
from homeostat.planner.deployment.plan import discard_kept, plan_kept
from homeostat.planner.domain import MovedDisk
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
    assert (reclaim.directory, reclaim.disks) == (FOLDER, tuple((name, f"{FOLDER}/{name}.qcow2") for name in going))


def test_what_goes_to_the_trash_says_where_others_put_it() -> None:
    moved = MovedDisk("logs", "/backup/logs.snap", "qcow2")
    vmd = deleted(deployment(1, template("Delete", "Retain"), **STATEFUL))
    kept = replace(KEPT, uid="uid-3", moved=(MovedDisk("data", "/backup/data.snap", "qcow2"), moved))
    (reclaim,) = plan_kept(vmd, [kept])
    (aside,) = discard_kept(vmd, reclaim, 60.0)
    assert isinstance(aside, SetAside)
    assert (aside.name, aside.uid, aside.disks, aside.moved) == ("web-3", "uid-3", (("logs", f"{FOLDER}/logs.qcow2"),), (moved,))
    assert aside.returns and aside.entry.startswith("default.web-3-")
    assert discard_kept(vmd, reclaim, 0.0) == [DeleteFile(f"{FOLDER}/logs.qcow2", reclaim.reason)]


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
