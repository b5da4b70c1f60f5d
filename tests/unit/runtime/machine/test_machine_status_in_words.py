"""A machine's status: its state in one word, and each condition while it is true, from what was observed and planned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.driver.errors import DriverError, NoSpace, Refused, SaveDamaged
from homeostat.models.machine import MachineState, VirtualMachine, VirtualMachineStatus
from homeostat.planner.changes.why import reason_of
from homeostat.planner.observed import DomainState, Observed, ProbedHealth, RememberedActs
from homeostat.planner.plan import Change, Converged, Disruption, Outcome, Plan, Stalled, Waiting
from homeostat.runtime.machine.status import _list_changes, machine_status, unknown_status
from tests.unit.driving import Operator
from tests.unit.machines import IMAGE, changed, deleted, machine, running
from tests.unit.world import HOST, World

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"
REST = Plan()
WELL = ProbedHealth(started=True, ready=True, alive=True, was_ready=True, message="HTTP 200")


def looked(vm: VirtualMachine, world: World, **more: Any) -> Observed:
    return replace(world.observe(vm, RememberedActs()), **more)


def status(
    vm: VirtualMachine, world: World, plan: Plan = REST, error: DriverError | None = None, now: str = NOW, **more: Any
) -> VirtualMachineStatus:
    return machine_status(vm, looked(vm, world, **more), plan, {}, error, now)


def words(found: VirtualMachineStatus) -> dict[str, tuple[str, str]]:
    return {condition.type: (condition.status, condition.reason) for condition in found.conditions}


def message(found: VirtualMachineStatus, kind: str) -> str:
    return next(condition.message for condition in found.conditions if condition.type == kind)


def up(**spec: Any) -> tuple[World, VirtualMachine]:
    world, _, vm = running(**spec)
    return world, vm


# The state


@pytest.mark.parametrize(
    ("state", "outcome", "word"),
    [
        (DomainState.RUNNING, Converged(), MachineState.RUNNING),
        (DomainState.PAUSED, Converged(), MachineState.PAUSED),
        (DomainState.SUSPENDED, Converged(), MachineState.PAUSED),
        (DomainState.SHUTTING_DOWN, Converged(), MachineState.STOPPING),
        (DomainState.RUNNING, Waiting("ShuttingDown", ""), MachineState.STOPPING),
        (DomainState.RUNNING, Waiting("PoweringOff", ""), MachineState.STOPPING),
        (DomainState.PAUSED, Waiting("ShuttingDown", ""), MachineState.STOPPING),
        (DomainState.RUNNING, Waiting("Starting", ""), MachineState.RUNNING),
        (DomainState.RUNNING, Stalled("ReplaceRequired", ""), MachineState.RUNNING),
        (DomainState.SHUTOFF, Converged(), MachineState.STOPPED),
        (DomainState.SHUTOFF, Waiting("CrashLoopBackOff", ""), MachineState.CRASH_LOOP),
        (DomainState.SHUTOFF, Stalled("CrashLoopBackOff", ""), MachineState.STOPPED),
        (DomainState.SHUTOFF, Waiting("Starting", ""), MachineState.STARTING),
        (DomainState.SHUTOFF, Stalled("RunFailed", ""), MachineState.FAILED),
        (DomainState.SHUTOFF, Stalled("DiskMissing", ""), MachineState.STOPPED),
    ],
)
def test_of_one_that_is_defined(state: DomainState, outcome: Outcome, word: MachineState) -> None:
    world, vm = up()
    assert world.domain is not None
    world.domain.state = state
    if not state.active:
        world.domain.live = None
    assert status(vm, world, Plan(outcome=outcome)).state is word
    assert status(deleted(vm), world, Plan(outcome=outcome)).state is MachineState.DELETING


@pytest.mark.parametrize(
    ("ended", "word"),
    [
        ("Succeeded", MachineState.SUCCEEDED),
        ("Failed", MachineState.FAILED),
        ("Destroyed", MachineState.STOPPED),
        ("", MachineState.STOPPED),
    ],
)
def test_of_one_that_ended(ended: str, word: MachineState) -> None:
    world, vm = up(runStrategy="Once")
    world.destroy()
    assert world.domain and world.domain.record
    world.domain.record = replace(world.domain.record, outcome=ended)
    assert status(vm, world).state is word
    world.domain.record = None
    assert status(vm, world).state is MachineState.STOPPED


def test_of_one_that_was_saved() -> None:
    world, vm = up()
    world.save()
    assert status(vm, world).state is MachineState.SAVED


def test_of_one_whose_start_was_refused() -> None:
    world, vm = up()
    world.save()
    starting = Plan(outcome=Waiting("Starting", ""))
    assert status(vm, world, starting, SaveDamaged("its end is missing")).state is MachineState.SAVED
    assert status(vm, world, starting, NoSpace("full")).state is MachineState.STARTING, "tried again by itself"
    world, vm = up()
    world.destroy()
    assert status(vm, world, starting, Refused("libvirt says no")).state is MachineState.STOPPED


@pytest.mark.parametrize(
    ("outcome", "error", "word"),
    [
        (Converged(), None, MachineState.PENDING),
        (Waiting("ImageFetching", ""), None, MachineState.PENDING),
        (Converged(), NoSpace("full"), MachineState.PENDING),
        (Converged(), Refused("libvirt says no"), MachineState.FAILED),
        (Stalled("NameInUse", ""), None, MachineState.FAILED),
    ],
)
def test_of_one_without_a_domain(outcome: Outcome, error: DriverError | None, word: MachineState) -> None:
    found = status(machine(), World(), Plan(outcome=outcome), error)
    assert found.state is word and words(found)["Running"] == ("False", "NoDomain")
    assert (found.host, found.domain_uuid, found.run, found.started_at, found.virtualization) == (None,) * 5


# Conditions


def test_one_that_is_as_it_should_be() -> None:
    world, vm = up(disks=[{"name": "root", "image": IMAGE}])
    found = status(vm, world)
    assert words(found) == {
        "Ready": ("True", Converged().reason),
        "Scheduled": ("True", "HostSelected"),
        "StorageReady": ("True", "DisksReady"),
        "Running": ("True", "DomainRunning"),
        **({"AgentConnected": ("False", "NotConnected")} if vm.spec.guest_agent.enabled else {}),
    }
    assert (found.host, found.virtualization, found.run, found.started_at) == ("local", "TCG", "1", NOW)
    assert found.console_log and found.domain_uuid and found.observed_generation == 1


@pytest.mark.parametrize(
    ("outcome", "error", "stalled", "ready"),
    [
        (Stalled("DiskMissing", "gone"), None, True, "DiskMissing"),
        (Converged(), Refused("no"), True, Refused.reason),
        (Stalled("DiskMissing", "gone"), NoSpace("full"), False, "NoSpace"),
        (Waiting("Starting", "starting"), None, False, "Starting"),
        (Converged(), NoSpace("full"), False, "NoSpace"),
    ],
)
def test_what_a_human_must_do_and_what_goes_on_by_itself(
    outcome: Outcome, error: DriverError | None, stalled: bool, ready: str
) -> None:
    world, vm = up()
    found = words(status(vm, world, Plan(outcome=outcome), error))
    assert found["Ready"] == ("False", ready)
    assert ("Stalled" in found, "Reconciling" in found) == (stalled, not stalled)


@pytest.mark.parametrize(("reason", "bad"), [("NoSpace", True), ("DiskShrink", True), ("Starting", False), ("NameInUse", False)])
def test_storage(reason: str, bad: bool) -> None:
    world, vm = up()
    found = status(vm, world, Plan(outcome=Waiting(reason, "so it is")))
    assert words(found)["StorageReady"] == (("False", reason) if bad else ("True", "DisksReady"))
    assert message(found, "StorageReady") == ("so it is" if bad else "")
    assert words(status(vm, world, error=NoSpace("full")))["StorageReady"] == ("False", "NoSpace")
    aside = status(vm, world, Plan(aside=("one stays", "two stay")))
    assert message(aside, "StorageReady") == "one stays; two stay"


@pytest.mark.parametrize(
    ("health", "ready", "reason", "healthy", "reconciling"),
    [
        (WELL, "True", None, "True", False),
        (replace(WELL, ready=False, message="HTTP 500"), "False", "ReadinessLost", "False", False),
        (replace(WELL, ready=False, was_ready=False, message="refused"), "False", "NotReadyYet", "False", True),
    ],
)
def test_probes(health: ProbedHealth, ready: str, reason: str | None, healthy: str, reconciling: bool) -> None:
    world, vm = up()
    found = words(status(vm, world, health=health))
    assert found["Ready"][0] == ready and reason in (None, found["Ready"][1])
    assert found["Healthy"] == (healthy, "ProbesPass" if healthy == "True" else "ProbesFail")
    assert ("Reconciling" in found) is reconciling and "Stalled" not in found


def test_what_the_plan_says_counts_more_than_probes() -> None:
    world, vm = up()
    ill = replace(WELL, ready=False, message="HTTP 500")
    assert words(status(vm, world, Plan(outcome=Waiting("Starting", "")), health=ill))["Ready"] == ("False", "Starting")
    drift = Plan(drift=(Change("power", "off", "running", Disruption.LIVE),))
    found = status(vm, world, drift, health=ill)
    assert words(found)["Ready"] == ("False", "Drifted") and "power: off → running" in message(found, "Drifted")
    assert words(status(vm, world, Plan(left=True)))["Ready"][0] == "False"


def test_what_waits_for_a_restart_is_listed_with_the_command_that_brings_it() -> None:
    world, vm = up()
    many = tuple(Change(f"f{n}", "a", "b", Disruption.NEEDS_RESTART) for n in range(7))
    found = status(vm, world, Plan(pending=many))
    told = message(found, "RestartRequired")
    assert "f0: a → b" in told and "f4" in told and "f5" not in told and "and 2 more" in told
    assert "`homeostat restart web`" in told
    assert [change.field for change in found.changes] == [f"f{n}" for n in range(7)]
    assert (
        all(change.reason == reason_of(many[0]) for change in found.changes) and f"(NeedsRestart: {reason_of(many[0])})" in told
    )
    away = machine(namespace="lab")
    assert "`homeostat restart web -n lab`" in message(status(away, world, Plan(pending=many[:5])), "RestartRequired")
    assert "more" not in message(status(away, world, Plan(pending=many[:5])), "RestartRequired")


def test_changes_tell_what_a_guest_does_not_have_yet() -> None:
    world, vm = up()
    live, forbidden = (Change(f, "a", "b", d) for f, d in (("live", Disruption.LIVE), ("shrink", Disruption.FORBIDDEN)))
    found = status(vm, world, Plan(changes=(live, forbidden)))
    assert [(c.field, c.disruption) for c in found.changes] == [("shrink", "Forbidden")]


def test_disks_that_others_moved_and_a_loop_of_crashes() -> None:
    world, vm = up()
    found = status(vm, world, Plan(moved=("a is on /x", "b is on /y")))
    assert message(found, "DisksMoved") == "a is on /x; b is on /y"
    loop = status(vm, world, Plan(outcome=Waiting("CrashLoopBackOff", "3 times")))
    assert words(loop)["CrashLoopBackOff"] == ("True", "EndedUnasked")
    assert "CrashLoopBackOff" not in words(status(vm, world, Plan(outcome=Stalled("CrashLoopBackOff", ""))))
    assert "CrashLoopBackOff" not in words(status(vm, world, Plan(outcome=Waiting("Starting", ""))))


def test_why_it_does_not_run() -> None:
    world, vm = up()
    world.pause("ioerror")
    assert words(status(vm, world))["Running"] == ("False", "DomainPaused")
    assert message(status(vm, world), "Running") == "reason: ioerror"
    world.resume()
    assert message(status(vm, world), "Running") == ""


@pytest.mark.parametrize("agent", [True, False])
def test_an_agent_is_told_of_where_one_is_wanted_and_the_guest_runs(agent: bool) -> None:
    world, vm = up(guestAgent={"enabled": True})
    world.agent = agent
    assert words(status(vm, world))["AgentConnected"][0] == str(agent)
    world.pause()
    assert "AgentConnected" not in words(status(vm, world))
    other, plain = up(guestAgent={"enabled": False})
    other.agent = agent
    assert "AgentConnected" not in words(status(plain, other))


# Runs and hosts


def test_a_run_keeps_its_beginning_and_another_one_has_its_own() -> None:
    world, vm = up()
    known = vm.model_copy(update={"status": status(vm, world)})
    assert status(known, world, now=LATER).started_at == NOW
    world.destroy()
    off = status(known, world, now=LATER)
    assert (off.run, off.started_at, off.health, off.pid) == (None, None, None, None)
    world.start()
    assert status(known, world, now=LATER).started_at == LATER


def test_what_cannot_be_asked_keeps_what_was_seen_and_says_so() -> None:
    world, vm = up()
    known = vm.model_copy(update={"status": status(vm, world, health=WELL)})
    world.host = replace(HOST, reachable=False, error="the link is cut")
    found = status(known, world, now=LATER)
    assert found.state is MachineState.UNKNOWN and found.run == "1" and found.host == "local"
    assert words(found)["Ready"] == ("Unknown", "HostUnreachable") and words(found)["Running"][0] == "Unknown"
    assert message(found, "Ready") == "the link is cut"
    assert "abandon" in message(status(deleted(known), world), "Ready")
    world.host = replace(HOST, reachable=False)
    assert message(status(known, world), "Ready") == "host local cannot be reached"
    assert unknown_status(machine(), "OperatorGone", "nobody", NOW).state is MachineState.UNKNOWN


def test_addresses_of_forwards_and_of_networks() -> None:
    forward = {"hostPort": 8080, "guestPort": 80}
    vm = machine(nics=[{"name": "own", "user": {"forwards": [forward]}}, {"name": "lan", "network": "default"}])
    world = World()
    Operator(world).settle(vm)
    assert world.domain and world.domain.live
    mac = next(nic.mac for nic in world.domain.live.nics if nic.name == "lan")
    known = {mac: [("10.0.0.7", "Lease"), ("10.0.0.8", "Arp")], "52:54:00:99:99:99": [("10.0.0.9", "Lease")]}
    found = machine_status(vm, looked(vm, world), REST, known, None, NOW).addresses
    assert [(a.nic, a.source, a.port, a.guest_port) for a in found] == [
        ("own", "Forward", 8080, 80), ("lan", "Lease", None, None), ("lan", "Arp", None, None)
    ]  # fmt: skip
    world.destroy()
    assert machine_status(vm, looked(vm, world), REST, known, None, NOW).addresses == ()


def test_addresses_that_cannot_be_known_now_stay_as_they_were_in_that_run() -> None:
    vm = machine(nics=[{"name": "lan", "network": "default"}])
    world = World()
    Operator(world).settle(vm)
    assert world.domain and world.domain.live
    known = {world.domain.live.nics[0].mac: [("10.0.0.7", "Lease")]}
    vm = vm.model_copy(update={"status": machine_status(vm, looked(vm, world), REST, known, None, NOW)})
    assert vm.status is not None and vm.status.addresses
    seen = looked(vm, world)
    assert seen.domain is not None
    blind = replace(seen, domain=replace(seen.domain, live=None))
    assert machine_status(vm, seen, REST, None, None, NOW).addresses == vm.status.addresses
    assert machine_status(vm, blind, REST, {}, None, NOW).addresses == vm.status.addresses
    assert machine_status(vm, seen, REST, {}, None, NOW).addresses == ()
    other = replace(seen, domain=replace(seen.domain, run="another"))
    assert machine_status(vm, other, REST, None, None, NOW).addresses == ()


def test_a_condition_keeps_its_time_while_it_is_so() -> None:
    world, vm = up()
    known = vm.model_copy(update={"status": status(vm, world)})
    assert status(known, world, now=LATER) == known.status
    again = status(changed(known, runStrategy="Halted"), world, Plan(outcome=Waiting("ShuttingDown", "")), now=LATER)
    assert next(c.last_transition_time for c in again.conditions if c.type == "Ready") == LATER


def test_of_one_that_is_off_no_process_is_told() -> None:
    world, vm = up()
    for runs in (True, False):
        if not runs:
            world.destroy()
        observed = looked(vm, world)
        assert observed.domain is not None
        seen = replace(observed, domain=replace(observed.domain, pid=42, vnc="127.0.0.1:5900"))
        found = machine_status(vm, seen, REST, {}, None, NOW)
        assert (found.pid, found.vnc) == ((42, "127.0.0.1:5900") if runs else (None, None))


def test_a_run_whose_beginning_was_not_written_down_has_one_from_now_on() -> None:
    world, vm = up()
    before = status(vm, world).model_copy(update={"started_at": None})
    assert status(vm.model_copy(update={"status": before}), world, now=LATER).started_at == LATER


@pytest.mark.parametrize(("count", "more"), [(5, ""), (6, "; and 1 more"), (9, "; and 4 more")])
def test_of_many_changes_five_are_listed(count: int, more: str) -> None:
    changes = [Change(f"f{number}", "a", "b", Disruption.LIVE) for number in range(count)]
    listed = "; ".join(f"f{number}: a → b (Live: {reason_of(changes[0])})" for number in range(5))
    assert _list_changes(changes, "at once") == f"{listed}{more}; at once"
