"""What a change is said to take before it is made is what its plan says of a machine that runs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.models.machine import UpdatePolicy
from homeostat.planner.actions import file_name
from homeostat.planner.changes.why import reason_of
from homeostat.planner.machine.preview.classify import classify, waiting
from homeostat.planner.machine.storage.storage import storage_needs
from homeostat.planner.observed import ImagePhase, ObservedImage
from homeostat.planner.plan import Disruption, Stalled
from tests.unit.documents import SPEC
from tests.unit.machines import FIELDS, IMAGE, Spec, changed, machine, running
from tests.unit.world import ROOT as ROOT_FOLDER

ROOT = {"name": "root", "image": IMAGE, "size": "2Gi"}
LAN = {"name": "lan", "network": "default"}
CDROM = {"name": "iso", "type": "cdrom"}
LIVE, RESTART, REPLACE, FORBIDDEN = Disruption


def classes(before: Spec, after: Spec) -> dict[str, Disruption]:
    old = machine(**before)
    return {change.field: change.disruption for change in classify(old, changed(old, **after)).changes}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {"resources": {"memory": "1Gi"}}, {"resources.memory": RESTART}),
        ({"disks": [ROOT]}, {"disks": [{**ROOT, "size": "3Gi"}]}, {"disks[root].size": LIVE}),
        ({"disks": [ROOT]}, {"disks": [{**ROOT, "size": "1Gi"}]}, {"disks[root].size": FORBIDDEN}),
        ({"disks": [ROOT]}, {"disks": [{**ROOT, "image": {"url": "https://e.org/b"}}]}, {"disks[root].image": REPLACE}),
        (
            {"disks": [{**ROOT, "image": {"imageRef": {"name": "a"}}}]},
            {"disks": [{**ROOT, "image": {"imageRef": {"name": "b"}}}]},
            {"disks[root].image": REPLACE},
        ),
        ({"disks": [ROOT]}, {"disks": [{**ROOT, "bus": "sata"}]}, {"disks[root].bus": RESTART, "disks[root].target": RESTART}),
        ({"disks": [ROOT]}, {"disks": [ROOT, {"name": "data", "size": "1Gi"}]}, {"disks[data]": LIVE}),
        ({"disks": [ROOT]}, {"disks": [{**ROOT, "limits": {"iops": 5}}]}, {"disks[root].limits": LIVE}),
        ({"disks": [ROOT]}, {"disks": [{**ROOT, "reclaimPolicy": "Retain"}]}, {"disks[root].reclaimPolicy": LIVE}),
        ({"disks": [CDROM]}, {"disks": [{**CDROM, "image": IMAGE}]}, {"disks[iso].image": LIVE}),
        ({}, {"nics": [LAN]}, {"nics[lan]": LIVE}),
        ({"nics": [LAN]}, {"nics": []}, {"nics[lan]": LIVE}),
        ({}, {"nics": [{"name": "out", "user": {}}]}, {"nics[out]": RESTART}),
        ({}, {"display": {"vnc": {"passwordFile": "/p"}}}, {"display.vnc.listen": RESTART, "display.vnc.password": RESTART}),
        (
            {"display": {"vnc": {"listen": "127.0.0.1"}}},
            {"display": {"vnc": {"listen": "none"}}},
            {"display.vnc.listen": RESTART},
        ),
        ({"display": {"vnc": {"listen": "127.0.0.1"}}}, {}, {}),
        (
            {"display": {"vnc": {"passwordFile": "/p"}}},
            {"display": {"vnc": {"passwordFile": "/q"}}},
            {"display.vnc.password": LIVE},
        ),
        ({}, {"runStrategy": "Halted", "shutdown": {"gracePeriodSeconds": 5}}, {"runStrategy": LIVE, "shutdown": LIVE}),
        (
            {"disks": [ROOT], "nics": [LAN]},
            {"disks": [ROOT], "nics": [LAN], "boot": {"order": ["lan", "root"]}, "suspend": True},
            {"nics[lan].bootOrder": LIVE, "disks[root].bootOrder": LIVE, "suspend": LIVE},
        ),
        ({}, {"probes": {"readiness": {"tcpSocket": {"port": 22}}}}, {"probes": LIVE}),
    ],
    ids=str,
)
def test_a_field_has_its_class(before: Spec, after: Spec, found: dict[str, Disruption]) -> None:
    assert classes(before, after) == found


def test_what_no_host_has_is_forbidden_with_the_reason() -> None:
    old = machine(virtualization="TCG")
    found = classify(old, changed(old, resources={"cpu": {"model": "host-model"}}))
    assert "needs KVM" in found.cannot
    assert [(change.field, change.disruption) for change in found.changes] == [("resources", FORBIDDEN)]


def test_no_presumed_file_is_shown() -> None:
    old = machine(disks=[ROOT, {"name": "data", "size": "1Gi"}])
    found = classify(old, changed(old, disks=[{**ROOT, "image": {"url": "https://example.org/other"}}]))
    texts = {change.field: (change.old, change.new) for change in found.changes}
    assert texts["disks[root].image"] == (IMAGE["url"], "https://example.org/other")
    assert texts["disks[data]"] == ("data.qcow2", "removed")


@pytest.mark.parametrize("name", sorted(SPEC))
def test_no_field_changes_without_a_class(name: str) -> None:
    """Each field of a document that sets them all is left out once."""
    whole: Spec = {**SPEC, "virtualization": "KVM"} | ({"boot": {}} if name in ("disks", "nics") else {})
    needs = {"runStrategy": "power"}
    left = {key: value for key, value in whole.items() if key not in (name, needs.get(name))}
    before, after = machine(**whole), machine(**left)
    found = classify(before, after)
    assert found.changes or before.spec == after.spec
    assert all(reason_of(change) for change in found.changes)


_FIELDS = ("resources", "disks", "nics", "cloudInit", "machine", "boot", "reclaimPolicy", "shutdown")
_SPECS = st.fixed_dictionaries({field: FIELDS[field] for field in _FIELDS})


@settings(max_examples=150, deadline=None)
@given(_SPECS, _SPECS)
def test_as_planned(before: Spec, after: Spec) -> None:
    """Of a machine that runs as its spec says, the plan of another spec has the same classes."""
    world, operator, vm = running(**{name: value for name, value in before.items() if value is not None})
    new = changed(vm, **after)
    for ref in storage_needs(new, ROOT_FOLDER).images:
        world.images[ref.key] = ObservedImage(ImagePhase.READY, f"{ROOT_FOLDER}/images/{file_name(ref.key)}", "qcow2", 1)
    plan = operator.plan(new)
    said = classify(vm, new)
    planned = {change.field: change.disruption for change in (*plan.changes, *plan.pending)}
    known = {change.field: change.disruption for change in said.changes if change.field in said.guest or change.field in planned}
    if isinstance(plan.outcome, Stalled):  # a disk of it is not what it shall be: the rest waits for that
        assert planned.items() <= known.items()
        return
    assert known == planned
    waits = {change.field for change in waiting(said, UpdatePolicy.ON_NEXT_BOOT)}
    assert waits == {change.field for change in plan.pending}


@pytest.mark.parametrize(("size", "said"), [("2Gi", "2Gi"), (None, "as its image")])
def test_a_size_is_said_as_the_spec_had_it(size: str | None, said: str) -> None:
    root = {"name": "root", "image": IMAGE} | ({"size": size} if size else {})
    old = machine(disks=[root])
    (change,) = classify(old, changed(old, disks=[{**root, "size": "3Gi"}])).changes
    assert (change.field, change.old, change.new) == ("disks[root].size", said, "3Gi")


def test_values_are_said_as_yaml_has_them() -> None:
    old = machine(suspend=False)
    (change,) = classify(old, changed(old, suspend=True)).changes
    assert (change.field, change.old, change.new) == ("suspend", "false", "true")
