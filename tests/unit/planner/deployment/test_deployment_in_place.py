"""Template changes that a running machine takes Live reach it in place; every other one replaces it."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.deployment import MachineRevisionSpec, MachineTemplate
from homeostat.planner.deployment import actions as act
from homeostat.planner.deployment.inplace import Way, way_between
from tests.unit.fleet import Fleet, deployment, edited, names, template

SPEC: dict[str, Any] = {
    "disks": [{"name": "root", "image": {"path": "/srv/a.qcow2"}}, {"name": "data", "size": "1Gi"}],
    "nics": [{"name": "lan", "network": "default"}],
}
ROOT, DATA = SPEC["disks"]


def made(labels: dict[str, str] | None = None, **change: Any) -> MachineTemplate:
    return MachineTemplate.model_validate({"metadata": {"labels": labels or {}}, "spec": {**SPEC, **change}})


def kinds(fleet: Fleet) -> set[str]:
    return {type(a).__name__ for a in fleet.log if isinstance(a, (act.CreateMachine, act.UpdateMachine, act.DeleteMachine))}


LIVE = {
    "labels": made({"a": "b"}),
    "policies": made(updatePolicy="Immediate", driftPolicy="Report", reclaimPolicy="Retain", shutdown={"gracePeriodSeconds": 5}),
    "a disk that grows": made(disks=[ROOT, {**DATA, "size": "2Gi"}]),
    "an overlay that grows": made(disks=[{**ROOT, "size": "20Gi"}, DATA]),
    "a new disk": made(disks=[ROOT, DATA, {"name": "more", "size": "1Gi"}]),
    "a new nic": made(nics=[*SPEC["nics"], {"name": "second", "bridge": "br0"}]),
    "a nic that goes": made(nics=[]),
    "a default spelled out": made(runStrategy="Always"),
}
REPLACING = {
    "resources": made(resources={"vcpu": 2}),
    "a disk that shrinks": made(disks=[ROOT, {**DATA, "size": "512Mi"}]),
    "a disk that goes": made(disks=[ROOT]),
    "disks in another order": made(disks=[DATA, ROOT]),
    "another image": made(disks=[{**ROOT, "image": {"path": "/srv/b.qcow2"}}, DATA]),
    "a new cdrom": made(disks=[ROOT, DATA, {"name": "iso", "type": "cdrom"}]),
    "a new disk on a bus without hotplug": made(disks=[ROOT, DATA, {"name": "more", "size": "1Gi", "bus": "sata"}]),
    "a new disk on a bus without a controller": made(disks=[ROOT, DATA, {"name": "more", "size": "1Gi", "bus": "scsi"}]),
    "a new disk with a thread of its own": made(disks=[ROOT, DATA, {"name": "more", "size": "1Gi", "ioThread": True}]),
    "another network": made(nics=[{"name": "lan", "network": "other"}]),
    "user networking": made(nics=[*SPEC["nics"], {"name": "user", "user": {}}]),
    "cloud-init": made(cloudInit={"userData": "#cloud-config"}),
    "firmware": made(firmware={"type": "UEFI"}),
}


@pytest.mark.parametrize("change", LIVE)
@pytest.mark.parametrize("type", ["RollingUpdate", "Recreate"])
def test_live_changes_update_every_machine_where_it_is(change: str, type: str) -> None:
    fleet, vmd = Fleet(), deployment(3, of=made(), strategy={"type": type})
    fleet.settle(vmd)
    fleet.log.clear()
    fleet.settle(edited(vmd, template=LIVE[change]))
    assert kinds(fleet) == {"UpdateMachine"}
    assert fleet.followed() == {fleet.revision(2).fingerprint}


@pytest.mark.parametrize("change", REPLACING)
def test_other_changes_replace_every_machine(change: str) -> None:
    fleet, vmd = Fleet(), deployment(3, of=made())
    fleet.settle(vmd)
    fleet.log.clear()
    fleet.settle(edited(vmd, template=REPLACING[change]))
    assert kinds(fleet) == {"CreateMachine", "DeleteMachine"}
    assert fleet.names() == names(3)


@pytest.mark.parametrize("live", [False, True])
def test_a_restart_token_replaces_every_machine(live: bool) -> None:
    fleet, vmd = Fleet(), deployment(2, of=made())
    fleet.settle(vmd)
    fleet.log.clear()
    fleet.settle(edited(vmd, restarted_at="now", template=made({"a": "b"}) if live else made()))
    assert kinds(fleet) == {"CreateMachine", "DeleteMachine"}
    assert fleet.revision(2).restarted_at == "now"


def test_a_plugin_version_replaces_every_machine() -> None:
    fleet, vmd = Fleet(), deployment(2, of=made())
    fleet.settle(vmd)
    fleet.log.clear()
    fleet.plugin = "v2"
    fleet.settle(vmd)
    assert kinds(fleet) == {"CreateMachine", "DeleteMachine"}


def test_other_probes_come_one_by_one_so_that_bad_ones_hurt_nobody() -> None:
    fleet, vmd = Fleet(), deployment(4)
    fleet.settle(vmd)
    made_at = {m.name: m.created for m in fleet.living()}
    vmd = edited(vmd, template=template(probe="/"))
    fleet.settle(vmd)
    assert {m.name: m.created for m in fleet.living()} == made_at
    assert fleet.followed() == {fleet.revision(2).fingerprint}

    fleet.log.clear()
    vmd = edited(vmd, template=template(probe="/bad"))
    fleet.settle(vmd)
    assert fleet.available(vmd) == 4
    assert kinds(fleet) == {"CreateMachine"}  # a fifth, which never becomes ready


LACKING = template(nics=("missing",))


@pytest.mark.parametrize(
    ("rules", "most"),
    [({}, 2), ({"maxSurge": 1}, 1), ({"maxSurge": 1, "maxUnavailable": 1}, 2), ({"maxSurge": 0, "maxUnavailable": "50%"}, 3)],
)
def test_what_cannot_be_carried_out_reaches_no_more_than_may_be_replaced(rules: dict[str, Any], most: int) -> None:
    fleet, vmd = Fleet(), deployment(6, strategy={"rollingUpdate": {**rules}})
    fleet.settle(vmd)
    fleet.log.clear()
    fleet.settle(edited(vmd, template=LACKING))
    updated = [a for a in fleet.log if isinstance(a, act.UpdateMachine)]
    assert [a.name for a in updated] == names(6)[::-1][:most]
    assert kinds(fleet) == {"UpdateMachine"}
    assert fleet.available(vmd) == 6


def test_what_cannot_be_carried_out_is_taken_back_from_those_alone() -> None:
    fleet, vmd = (
        Fleet(),
        deployment(6, autoRollback=True, progressDeadlineSeconds=30, strategy={"rollingUpdate": {"maxSurge": 1}}),
    )
    fleet.settle(vmd)
    fleet.log.clear()
    plan = fleet.settle(edited(vmd, template=LACKING))
    assert plan.target is not None and plan.target.rolled_back
    assert [
        (type(a).__name__, a.name) for a in fleet.log if isinstance(a, (act.CreateMachine, act.UpdateMachine, act.DeleteMachine))
    ] == [("UpdateMachine", "web-6")] * 2


def test_every_machine_takes_it_where_one_was_unhealthy_before() -> None:
    fleet, vmd = Fleet(), deployment(4)
    fleet.settle(vmd)
    fleet.machines["web-4"].drifted = True
    fleet.log.clear()
    fleet.settle(edited(vmd, template=template(nics=("lan",))))
    assert [a.name for a in fleet.log if isinstance(a, act.UpdateMachine)] == ["web-3", "web-2", "web-1", "web-4"]


def test_each_is_available_again_before_the_next_one_changes() -> None:
    fleet, vmd = Fleet(), deployment(4, strategy={"rollingUpdate": {"maxSurge": 1}})
    fleet.settle(vmd)
    fleet.log.clear()
    for count in range(1, 5):
        steps = [a for a in fleet.step(edited(vmd, template=template(nics=("lan",)))).actions if isinstance(a, act.UpdateMachine)]
        assert [a.name for a in steps] == [f"web-{5 - count}"]


def test_machines_that_are_missing_are_made_meanwhile() -> None:
    fleet, vmd = Fleet(), deployment(3, strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}})
    fleet.settle(vmd)
    steps = fleet.plan(edited(vmd, replicas=4, template=template(nics=("lan",)))).actions
    assert [type(a).__name__ for a in steps] == ["RecordRevision", "CreateMachine", "UpdateMachine", "UpdateMachine"]


def test_a_machine_whose_health_is_not_known_yet_is_not_taken_for_dead() -> None:
    fleet, vmd = Fleet(), deployment(4, strategy={"rollingUpdate": {"maxUnavailable": 1}})
    fleet.settle(vmd)
    vmd = edited(vmd, template=template(label="gold"))
    fleet.step(vmd)
    fleet.step(vmd)
    for machine in fleet.machines.values():
        machine.stale = True
    steps = fleet.plan(edited(vmd, template=template(vcpu=2))).actions
    assert not [a for a in steps if isinstance(a, act.DeleteMachine)]


MORE = [ROOT, DATA, {"name": "more", "size": "1Gi"}]


@pytest.mark.parametrize(
    ("before", "after", "lacks", "way"),
    [
        (MORE, [ROOT, DATA], {"more"}, Way.AT_ONCE),
        (MORE, [ROOT, DATA], set(), Way.REPLACE),
        (MORE, [ROOT, DATA, {"name": "more", "size": "512Mi"}], {"more"}, Way.IN_TURN),
        (MORE, [ROOT, DATA, {"name": "more", "size": "512Mi"}], set(), Way.REPLACE),
        (MORE, [ROOT], {"more"}, Way.REPLACE),
    ],
)
def test_a_disk_that_a_machine_never_got_is_no_reason_to_replace_it(
    before: list[Any], after: list[Any], lacks: set[str], way: Way
) -> None:
    named: dict[str, Any] = {"deployment": "web", "revision": 1, "fingerprint": "f"}
    old, new = (MachineRevisionSpec(template=made(disks=disks), **named) for disks in (before, after))
    assert way_between(old, new, lacks) is way
