"""What `homeostat plan` prints of Disks, Images, Networks and Snapshots is what `homeostat up` then does, and says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from homeostat.cli.show.plans.preview import Preview
from homeostat.cli.show.plans.render_disk import DiskEntry
from homeostat.cli.show.plans.render_fetches import ImageEntry
from homeostat.cli.show.plans.render_network import NetworkEntry, network_action_text
from homeostat.cli.show.plans.render_plan import PlanEntry, Planned, exit_code
from homeostat.cli.show.plans.render_snapshot import ScheduleEntry, SnapshotEntry
from homeostat.models.base import Key
from homeostat.planner.actions import ReleaseResource
from homeostat.planner.network.actions import NetworkAction, ReleaseNetwork
from homeostat.planner.plan import Outcome
from homeostat.runtime.engine.operator import Operator
from tests.libvirt import test_plan_is_what_up_does as machines
from tests.libvirt.test_plan_is_what_up_does import CURRENT, KINDS, SMALL, Rig, Spec, planned, run, shown
from tests.unit.images import blob

OTHERS = {"k": "Disk", "i": "Image", "n": "Network", "s": "Snapshot", "z": "SnapshotSchedule"}
OFF: Spec = {**SMALL, "runStrategy": "Halted"}


@pytest.fixture(scope="module", autouse=True)
def _attributed() -> Iterator[None]:
    """Notes for whom each step is taken."""
    original = Operator._take_further

    async def named(self: Operator, key: Key) -> Any:
        CURRENT.set(key.name)
        return await original(self, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Operator, "_take_further", named)
        patch.setattr(machines, "KINDS", {**KINDS, **OTHERS})
        yield


def steps(entry: Planned) -> list[str]:
    """Returns what is done on the host for one resource."""
    if isinstance(entry, NetworkEntry):
        (plan,) = entry.plans.values()
        return [network_action_text(action) for action in plan.actions if not isinstance(action, ReleaseNetwork)]
    if isinstance(entry, DiskEntry | SnapshotEntry | PlanEntry):
        released = ReleaseResource.__name__
        return [action["summary"] for action in entry.as_json()["actions"] if action["action"] != released]
    return []


def outcome(entry: Planned) -> Outcome | None:
    if isinstance(entry, NetworkEntry):
        return next(iter(entry.plans.values())).outcome
    if isinstance(entry, ImageEntry):
        return entry.refusal
    return entry.plan.outcome if isinstance(entry, PlanEntry | DiskEntry | SnapshotEntry | ScheduleEntry) else None


async def plan_and_up(made: Rig) -> Preview:
    """Asserts the law, and gives the plan."""
    found = await made.plan()
    original = made.host.change_network

    async def noting(action: NetworkAction) -> None:
        made.done.setdefault(CURRENT.get(), []).append(network_action_text(action))
        await original(action)

    entries = {entry.resource.metadata.name: entry for entry in [*found.entries, *planned(found).values()]}
    said = {name: _said(entry) for name, entry in entries.items() if outcome(entry) is not None and not entry.resource.deleting}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made.host, "change_network", noting)
        ended = await made.up(awaited=said)
    for name, entry in entries.items():
        if isinstance(entry, DiskEntry | SnapshotEntry | NetworkEntry | PlanEntry):
            assert steps(entry) == made.done.get(name, []), f"{name}: planned, and done"
        if isinstance(entry, ImageEntry) and not entry.resource.deleting:
            assert bool(entry.problem) == bool(ended.get(name, ("", ""))[0]), f"{name}: planned, and ended with"
    assert said == {name: ended.get(name, ("", "")) for name in said}, "planned, and ended with"
    again = await made.plan()
    assert all(not steps(entry) for entry in again.entries), "nothing is left to do"
    return found


def _said(entry: Planned) -> tuple[str, str]:
    found = outcome(entry)
    told = entry.stalled or (isinstance(entry, DiskEntry) and entry.pending)
    return (found.reason, found.message) if told and found is not None else ("", "")


def image(root: Rig, size: int = 1 << 20) -> str:
    path = root.root / "blank.img"
    path.write_bytes(blob(size))
    return str(path)


CASES: dict[str, tuple[dict[str, Spec], str, str]] = {
    "a snapshot of nobody": ({"s": {"machineRef": {"name": "a"}}}, "s", "MachineNotFound"),
    "a snapshot of a machine that is refused": (
        {"a": {**OFF, "nics": [{"name": "n", "networkRef": {"name": "n"}}]}, "s": {"machineRef": {"name": "a"}}},
        "s",
        "MachineNotReady",
    ),
    "a snapshot with the memory of what is off": (
        {"a": {**OFF, "disks": [{"name": "r", "size": "8Mi"}]}, "s": {"machineRef": {"name": "a"}, "memory": True}},
        "s",
        "MachineOff",
    ),
    "a snapshot of no disks": ({"a": OFF, "s": {"machineRef": {"name": "a"}}}, "s", "NoDisks"),
    "a schedule in no zone": (
        {"z": {"schedule": "@yearly", "timeZone": "Mars/Olympus", "template": {"spec": {"machineRef": {"name": "a"}}}}},
        "z",
        "TimeZoneUnknown",
    ),
    "a Disk of a Disk that is not there": ({"k": {"source": {"diskRef": {"name": "k9"}}}}, "k", "DiskNotReady"),
    "a Disk of an image that is not there": ({"k": {"source": {"image": {"path": "{dir}/none.img"}}}}, "k", "ImageFailed"),
    "a Disk of a snapshot that is not there": (
        {"k": {"source": {"snapshotRef": {"name": "s", "disk": "r"}}}},
        "k",
        "DiskNotReady",
    ),
    "a Disk for another host": ({"k": {"size": "8Mi", "hostSelector": {"zone": "there"}}}, "k", "NoHostMatches"),
    "an Image that is not there": ({"i": {"source": {"path": "{dir}/none.img"}}}, "i", ""),
    "a machine of a Disk that is not there": ({"a": {**OFF, "disks": [{"name": "r", "diskRef": {"name": "k"}}]}}, "a", ""),
    "a machine of a network that is not there": ({"a": {**OFF, "nics": [{"name": "n", "networkRef": {"name": "n"}}]}}, "a", ""),
    "a network to adopt that is not there": ({"n": {"adopt": "nothere"}}, "n", "NetworkUnknown"),
    "two networks with one bridge": (
        {
            "n": {"bridge": "brx", "addresses": [{"cidr": "10.77.1.1/24"}]},
            "n2": {"bridge": "brx", "addresses": [{"cidr": "10.77.2.1/24"}]},
        },
        "n2",
        "BridgeTaken",
    ),
    "two networks with one subnet": (
        {"n": {"addresses": [{"cidr": "10.77.1.1/24"}]}, "n2": {"addresses": [{"cidr": "10.77.1.9/24"}]}},
        "n2",
        "AddressTaken",
    ),
    "two machines with one Disk": (
        {
            "k": {"size": "8Mi"},
            "a": {**SMALL, "disks": [{"name": "r", "diskRef": {"name": "k"}}]},
            "a2": {**SMALL, "disks": [{"name": "r", "diskRef": {"name": "k"}}]},
        },
        "a2",
        "",
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_findings_plan_refuses_what_up_refuses(case: str) -> None:
    specs, name, reason = CASES[case]

    async def scenario(made: Rig) -> None:
        made.write(**yaml.safe_load(yaml.safe_dump(specs).replace("{dir}", str(made.root))))
        found = await plan_and_up(made)
        (entry,) = (entry for entry in found.entries if entry.resource.metadata.name == name)
        said = outcome(entry)
        assert entry.stalled and exit_code(found.entries) == 1
        assert not reason or (said is not None and said.reason == reason)
        assert said is None or shown(found).count(said.message) == 1  # each thing is said once

    run(scenario)


@pytest.mark.parametrize("thirds", [(2, 1), (2, 3)], ids=["which exchange them", "of which one moves on"])
def test_plan_of_networks_with_the_ranges_of_others_is_what_up_does(thirds: tuple[int, int]) -> None:
    def both(first: int, second: int) -> dict[str, Spec]:
        return {name: {"addresses": [{"cidr": f"10.77.{third}.1/24"}]} for name, third in (("n", first), ("n2", second))}

    async def scenario(made: Rig) -> None:
        made.write(**both(1, 2))
        await plan_and_up(made)
        made.done.clear()
        made.write(**both(*thirds))
        found = await plan_and_up(made)
        assert exit_code(found.entries) == 2 and all(len(steps(entry)) == 3 for entry in found.entries)

    run(scenario)


REF = {"machineRef": {"name": "a"}}
DOCUMENTS: dict[str, list[Spec | None]] = {
    "i": [None, {"source": {"path": "{dir}/blank.img"}}],
    "k": [
        None,
        {"size": "8Mi", "reclaimPolicy": "Delete"},  # no spec here is the beginning of another one
        {"size": "16Mi", "reclaimPolicy": "Delete"},
        {"size": "8Mi", "source": {"image": {"imageRef": {"name": "i"}}}},
        {"source": {"image": {"path": "{dir}/blank.img"}}},
    ],
    "k2": [None, {"source": {"diskRef": {"name": "k"}}}, {"size": "8Mi", "format": "raw", "reclaimPolicy": "Retain"}],
    "n": [None, {"addresses": [{"cidr": "10.77.1.1/24"}]}, {"addresses": [{"cidr": "10.77.2.1/24"}]}],
    "s": [None, REF, {**REF, "memory": True}],
    "z": [None, {"schedule": "@yearly", "template": {"spec": REF}}, {"schedule": "@weekly", "template": {"spec": REF}}],
    "a": [
        None,
        {**OFF, "disks": [{"name": "r", "size": "8Mi"}]},
        {**OFF, "disks": [{"name": "r", "diskRef": {"name": "k"}}], "nics": [{"name": "n", "networkRef": {"name": "n"}}]},
        {**OFF, "disks": [{"name": "r", "image": {"imageRef": {"name": "i"}}}]},
    ],
}
FOLDERS = st.fixed_dictionaries({name: st.sampled_from(specs) for name, specs in DOCUMENTS.items()})


@given(st.lists(FOLDERS, min_size=1, max_size=3))
@settings(max_examples=8, derandomize=True, deadline=None, phases=[Phase.generate])
def test_findings_plan_of_any_edits_is_what_up_does(versions: list[dict[str, Spec | None]]) -> None:
    async def scenario(made: Rig) -> None:
        image(made)
        for specs in versions:
            for name, spec in specs.items():
                path = made.folder / f"{name}.yaml"
                if spec is not None or path.exists():
                    made.write(**{name: yaml.safe_load(yaml.safe_dump(spec).replace("{dir}", str(made.root)))})
            await plan_and_up(made)

    run(scenario)


def test_plan_shows_snapshots_and_schedules_that_come_and_go() -> None:
    async def scenario(made: Rig) -> None:
        machine = {**OFF, "disks": [{"name": "r", "size": "8Mi"}]}
        made.write(a=machine, s=REF, z={"schedule": "@yearly", "template": {"spec": REF}})
        text = shown(await plan_and_up(made))
        assert "+ snapshot/s will be created" in text and "1. take a snapshot of machine a" in text
        assert "+ snapshotschedule/z will be created" in text and "schedule   @yearly (UTC)" in text
        assert "No changes" in shown(await made.plan())
        made.write(s=None, z={"schedule": "@daily", "suspend": True, "template": {"spec": REF}})
        text = shown(await plan_and_up(made))
        assert "- snapshot/s will be deleted" in text and "1. remove the snapshot from its disks" in text
        assert "~ snapshotschedule/z will be changed" in text and "@yearly -> @daily" in text
        made.write(z=None)
        assert "- snapshotschedule/z will be deleted" in shown(await plan_and_up(made))

    run(scenario)


def test_plan_goes_back_to_a_snapshot_that_is_taken_in_the_same_step() -> None:
    async def scenario(made: Rig) -> None:
        for machine in (SMALL, OFF):  # libvirt's test driver takes none of a machine that runs
            machine = {**machine, "disks": [{"name": "r", "size": "8Mi"}]}
            made.write(a=machine)
            await plan_and_up(made)
            made.write(a={**machine, "restoreFrom": {"snapshot": "s", "token": "1"}}, s=REF)
            text = shown(await made.plan())
            assert "restoreFrom: snapshot s of just before, token 1" in text and "not taken" not in text
            made.write(a=machine, s=None)
        made.write(a={**machine, "restoreFrom": {"snapshot": "s", "token": "1"}}, s=REF)
        await plan_and_up(made)
        assert "No changes" in shown(await made.plan()) and not any("snapshot" in words for words in made.warned)
        made.write(a={**machine, "restoreFrom": {"snapshot": "t", "token": "2"}})
        assert "snapshot 't' in namespace default is not there" in shown(await made.plan())

    run(scenario)


@pytest.mark.parametrize("there", [True, False], ids=["of a machine that is there", "with its machine"])
def test_plan_copies_from_a_snapshot_that_is_taken_in_the_same_step(there: bool) -> None:
    async def scenario(made: Rig) -> None:
        made.write(a={**OFF, "disks": [{"name": "r", "size": "8Mi"}]})
        if there:
            await plan_and_up(made)
        made.write(s=REF, k={"source": {"snapshotRef": {"name": "s", "disk": "r"}}})
        found = await plan_and_up(made)
        assert exit_code(found.entries) == 2 and "copy of disk r in Snapshot s" in shown(found), shown(found)
        assert "No changes" in shown(await made.plan())

    run(scenario)


def test_plan_goes_back_to_no_snapshot_that_cannot_be_taken() -> None:
    async def scenario(made: Rig) -> None:
        made.write(k={"size": "8Mi", "format": "raw"})
        machine = {**OFF, "disks": [{"name": "r", "diskRef": {"name": "k"}}]}
        made.write(a=machine)
        await plan_and_up(made)
        made.write(a={**machine, "restoreFrom": {"snapshot": "s", "token": "1"}}, s=REF)
        text = shown(await plan_and_up(made))
        assert "! SnapshotNotTaken: spec.restoreFrom: snapshot s cannot be taken: " in text

    run(scenario)


@pytest.mark.parametrize("renamed", ["a", "n", "k"])
def test_plan_of_what_gets_another_name_is_not_refused_for_what_its_old_self_has(renamed: str) -> None:
    machine = {**SMALL, "nics": [{"name": "n", "user": {"forwards": [{"hostPort": 18998, "guestPort": 80}]}}]}
    specs: dict[str, Spec] = {"a": machine, "n": {"addresses": [{"cidr": "10.77.1.1/24"}]}, "k": {"size": "8Mi"}}

    async def scenario(made: Rig) -> None:
        made.write(**{renamed: specs[renamed]}, i={"source": {"path": image(made)}})  # not all of the folder goes
        await plan_and_up(made)
        made.write(**{renamed: None, f"{renamed}2": specs[renamed]})
        assert exit_code((await plan_and_up(made)).entries) == 2

    run(scenario)
