"""Shares of few machines round to whole ones: a rollout always moves, and by no more than was allowed."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.planner.deployment.tally import allowance
from tests.unit.fleet import Fleet, deployment, edited, names, template


def rolling(surge: int | str, missing: int | str) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": missing}}


@pytest.mark.parametrize(
    ("replicas", "surge", "missing", "allowed"),
    [
        (3, 0, "10%", (0, 1)),  # both round to nothing
        (1, "0%", "99%", (0, 1)),
        (9, 0, "12%", (0, 1)),
        (3, "1%", 0, (1, 0)),  # maxSurge rounds up
        (3, "34%", "34%", (2, 1)),
        (4, "25%", "50%", (1, 2)),
        (3, 2, 1, (2, 1)),
        (3, "100%", "100%", (3, 3)),
    ],
)
def test_how_many_may_be_too_many_and_too_few(replicas: int, surge: Any, missing: Any, allowed: tuple[int, int]) -> None:
    assert allowance(deployment(replicas, strategy=rolling(surge, missing))) == allowed


@pytest.mark.parametrize("missing", ["10%", 1, "50%"])
def test_a_stateful_one_has_none_too_many(missing: Any) -> None:
    vmd = deployment(3, stateful=True, strategy=rolling("50%", missing))
    assert allowance(vmd) == (0, 1)


def test_recreate_may_miss_all_and_has_none_too_many() -> None:
    assert allowance(deployment(3, strategy={"type": "Recreate"})) == (0, 3)


@pytest.mark.parametrize("replicas", [1, 2, 3, 9])
def test_a_rollout_whose_shares_both_round_to_nothing_goes_one_by_one(replicas: int) -> None:
    fleet, vmd = Fleet(), deployment(replicas, strategy=rolling(0, "10%"))
    fleet.settle(vmd)
    new = edited(vmd, template=template(vcpu=2))
    fewest = replicas
    for _ in range(60 * replicas):
        before = fleet.now
        fleet.step(new)
        fewest = min(fewest, len(fleet.living()))
        if fleet.now == before:
            break
    assert fleet.names() == names(replicas) and fewest == replicas - 1
    assert {machine.template.spec.resources.vcpu for machine in fleet.living()} == {2}
