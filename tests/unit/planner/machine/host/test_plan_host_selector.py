"""A machine is placed only where the host has the labels it asks for; one that is there already stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.cli.errors import CliError
from homeostat.cli.host_labels import labels_of_host
from homeostat.cli.show.plans.render_plan import PlanEntry, render_plan
from homeostat.planner.plan import Converged, Waiting
from tests.unit.driving import Operator
from tests.unit.machines import changed, deleted, machine, running
from tests.unit.world import HOST, World

LABELS = st.dictionaries(st.sampled_from(["zone", "disk", "cpu"]), st.sampled_from(["a", "b", ""]))


def labelled(**labels: str) -> World:
    return World(host=replace(HOST, labels=labels))


@given(asked=LABELS, there=LABELS)
def test_it_runs_where_every_label_is_met_and_nowhere_else(asked: dict[str, str], there: dict[str, str]) -> None:
    world = labelled(**there)
    plan = Operator(world).settle(machine(hostSelector=asked))
    assert (world.domain is not None) == (asked.items() <= there.items())
    assert isinstance(plan.outcome, Converged if world.domain else Waiting)


def test_what_is_not_met_and_what_there_is_are_said() -> None:
    world = labelled(disk="hdd", zone="a")
    plan = Operator(world).settle(machine(hostSelector={"zone": "a", "disk": "ssd"}))
    assert plan.actions == ()
    assert plan.outcome == Waiting(
        "NoHostMatches",
        "hostSelector asks for disk=ssd, but host local has the labels: disk=hdd, zone=a. Label a host so, or change "
        "hostSelector",
    )


def test_homeostat_plan_says_that_it_waits() -> None:
    vm = machine(hostSelector={"disk": "ssd"})
    entry = PlanEntry(vm, Operator(labelled()).settle(vm))
    shown = "\n".join(line.text for line in render_plan([entry]))
    assert "hostSelector asks for disk=ssd, but host local has the labels: none" in shown
    assert shown.endswith("Plan: 0 to create, 0 to change, 0 to delete, 0 unchanged, 1 need a human.")


def test_a_machine_that_is_there_stays_when_its_selector_changes() -> None:
    world, operator, vm = running()
    plan = operator.settle(changed(vm, hostSelector={"zone": "elsewhere"}))
    assert world.domain and world.domain.active
    assert isinstance(plan.outcome, Converged) and operator.done == []


def test_one_that_waits_can_be_deleted() -> None:
    world, vm = labelled(), machine(hostSelector={"zone": "a"})
    operator = Operator(world)
    operator.settle(vm)
    operator.settle(deleted(vm))
    assert world.released


@pytest.mark.parametrize(
    ("uri", "given", "labels"),
    [
        ("qemu+ssh://root@rack7/system", (), {"kubernetes.io/hostname": "rack7"}),
        ("qemu+ssh://rack7/system", ("zone=a", "x/y="), {"kubernetes.io/hostname": "rack7", "zone": "a", "x/y": ""}),
        ("qemu+tls://rack7/system", ("kubernetes.io/hostname=own",), {"kubernetes.io/hostname": "own"}),
    ],
)
def test_standalone_labels_its_host(uri: str, given: Sequence[str], labels: dict[str, str]) -> None:
    assert labels_of_host(uri, given) == labels


@pytest.mark.parametrize("given", ["zone", "=a", "a b=c", "zone=a=b"])
def test_what_is_no_label_is_refused(given: str) -> None:
    with pytest.raises(CliError, match="is not KEY=VALUE"):
        labels_of_host("qemu:///system", [given])
