"""Small decisions over everything that they may meet, as tables. After a wanted change: pytest --regenerate-golden, and read the
diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from pydantic import SecretStr

from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_disks import DiskDevice
from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.domain import BackingFile, DiskConfig, Record
from homeostat.planner.machine.definition.revert import adopt_reverted, just_reverted, went_back
from homeostat.planner.machine.definition.strayed import ballooned, give_memory, rename, renamed, replugs, unplugged
from homeostat.planner.machine.host.fit import misfit
from homeostat.planner.machine.memory import HEALTHY, healthy_in, keep_asking, note, recall
from homeostat.planner.machine.power.power import plan_power, with_boot
from homeostat.planner.machine.power.shutdown import shut_down
from homeostat.planner.machine.storage.header import altered
from homeostat.planner.observed import (
    REVERTED,
    DomainState,
    ImagePhase,
    Observed,
    ObservedDisk,
    ObservedDomain,
    ObservedImage,
    ProbedHealth,
    RememberedActs,
    Secret,
    Tap,
)
from homeostat.planner.orphans import NO_DOMAIN, RETAINED, Orphan, mend, why
from homeostat.planner.plan import Change, Converged, Disruption, Plan, Waiting
from tests.unit.machines import machine, running
from tests.unit.tables import as_before, changes, differences, grouped, words
from tests.unit.transcripts import LAN, step
from tests.unit.world import HOST

NOW = 1000.0
VM = machine(nics=[LAN, {"name": "wan", "bridge": "br0"}])


def seen(vm: VirtualMachine = VM) -> Observed:
    """At rest, running."""
    world, operator, _ = running(**vm.dump()["spec"])
    return world.observe(vm, operator.memory)


REST = seen()
assert REST.domain is not None and REST.domain.record is not None and REST.domain.live is not None
DOMAIN: ObservedDomain = REST.domain
RECORD, LIVE = REST.domain.record, REST.domain.live
OFF = replace(DOMAIN, state=DomainState.SHUTOFF, reason="crashed", live=None, run="", taps=())


def memories(**values: tuple[Any, ...]) -> Iterator[tuple[str, RememberedActs]]:
    for row in product(*values.values()):
        known = dict(zip(values, row, strict=True))
        told = " ".join(f"{name}={value}" for name, value in known.items() if value not in (None, False, 0)) or "nothing"
        yield told, RememberedActs(**known)


def recalled() -> Iterator[str]:
    asked = replace(RECORD, outcome="Stopping", written_at="")
    domains = {
        "no domain": None,
        "runs": replace(DOMAIN, record=replace(RECORD, written_at="")),
        "runs with less": replace(DOMAIN, balloon=1, record=replace(RECORD, written_at="7")),
        "crashed": replace(OFF, record=None),
        "crashed as asked": replace(OFF, record=asked),
        "shut down as asked": replace(OFF, record=asked, reason="shutdown"),
        "cut as asked": replace(OFF, record=asked, reason="destroyed"),
        "cut": replace(OFF, record=replace(asked, outcome="Started"), reason="destroyed"),
        "saved": replace(OFF, managed_save=True, record=None),
        "reverted": replace(OFF, reason=REVERTED, record=None),
    }
    since = (None, NOW - HEALTHY, NOW - HEALTHY + 1)
    table = memories(running_since=since, shutdown_since=(None, 5.0), unhealthy=(False, True), ended=(0, 2))
    for (told, memory), (what, domain) in product(table, domains.items()):
        whole = replace(memory, shutdown_asked=6.0, memory_asked=5, last_end=7.0, written_at="5")
        yield f"{told}; {what}: {changes(whole, recall(whole, domain, NOW))}"


def kept() -> Iterator[str]:
    outcomes = (Waiting("Unhealthy", ""), Waiting("ShuttingDown", ""), Waiting("PoweringOff", ""), Converged("InSync", ""))
    for (told, memory), outcome in product(memories(unhealthy=(False, True), shutdown_since=(None, 5.0)), outcomes):
        whole = replace(memory, shutdown_asked=6.0)
        yield f"{told}; {outcome.reason}: {changes(whole, keep_asking(whole, Plan(outcome=outcome), NOW))}"
    actions: tuple[Action, ...] = (
        act.DefineDomain(LIVE.with_record(replace(RECORD, written_at="9")), ""),
        act.DefineDomain(replace(LIVE, record=None), ""),
        act.WriteRecord("", replace(RECORD, written_at="8"), ""),
        act.StartDomain("", False, ""),
        act.ShutdownDomain("", "", True),
        act.ShutdownDomain("", "", False),
        act.ResumeDomain("", ""),
        act.SetMemory("", 1, ""),
        act.RenameDomain("", "web", ""),
        act.PauseDomain("", ""),
    )
    for (told, memory), action in product(memories(ended=(0, 1)), actions):
        whole = replace(memory, shutdown_since=5.0, shutdown_asked=6.0, restarts=3, agent_asked=not memory.ended)
        yield f"{told}; {type(action).__name__}: {changes(whole, note(whole, action, NOW))}"
    for told, memory in memories(ended=(0, 1), running_since=(None, NOW - HEALTHY - 1, NOW - 100)):
        yield f"{told}: healthy in {healthy_in(memory, NOW)}"


def misfits() -> Iterator[str]:
    guarded = {"display": {"vnc": {"passwordFile": "/run/vnc"}}}
    specs: dict[str, dict[str, Any]] = {
        "bare": {},
        "nics": {"nics": [LAN, {"name": "wan", "bridge": "br0"}, {"name": "own", "user": {}}]},
        "guarded": guarded,
        "no longer guarded": {"display": {"vnc": {"passwordFile": "/run/vnc", "enabled": False}}},
    }
    memory = VM.spec.resources.memory
    hosts = {
        "as ever": HOST,
        "memory unknown": replace(HOST, memory=0),
        "just enough": replace(HOST, memory=memory),
        "too little": replace(HOST, memory=memory - 1),
        "idle": replace(HOST, networks=frozenset({"b", "a"}), idle_networks=frozenset({"default"})),
        "nothing": replace(HOST, networks=frozenset(), bridges=frozenset()),
        "another bridge": replace(HOST, bridges=frozenset({"br1"})),
        "bridges unknown": replace(HOST, bridges=None),
    }
    for (what, spec), (where, host) in product(specs.items(), hosts.items()):
        yield f"{what}, {where}: {words(misfit(machine(**spec), replace(REST, host=host)))}"
    known = replace(REST, secrets={"/run/vnc": Secret(SecretStr("one"), "1")}, others={"tcp:0.0.0.0:5901": "db"})
    yield f"guarded, read: {words(misfit(machine(**guarded), known))}"


def reverts() -> Iterator[str]:
    vm = machine(restartedAt="t2", poweredOffAt="t3")
    for state, reason, reverted, written in product((DOMAIN, OFF), (REVERTED, "booted"), ("", "1", "off", "2"), ("4", "5", "6")):
        record = replace(RECORD, reverted=reverted, written_at=written, restarted_at="t1", restarted_for="x")
        now = replace(REST, domain=replace(state, reason=reason, record=record), memory=RememberedActs(written_at="5"))
        told = f"{'runs' if state is DOMAIN else 'off'} {reason} reverted={reverted} written={written}"
        adopted = changes(record, adopt_reverted(vm, now, record))
        yield f"{told}: {just_reverted(now)}, went back {went_back(now)}; {adopted}"
    for what, domain in {"no domain": None, "no record": replace(OFF, reason=REVERTED, record=None)}.items():
        now = replace(REST, domain=domain, memory=RememberedActs(written_at="5"))
        adopted = changes(RECORD, adopt_reverted(vm, now, RECORD))
        yield f"{what}: {just_reverted(now)}, went back {went_back(now)}; {adopted}"


def headers() -> Iterator[str]:
    disk, own, image = DiskDevice(name="data", size=1), "/state/machines/default/web/data.qcow2", "/state/images/a"
    base = ObservedImage(ImagePhase.READY, image, "qcow2")
    config = DiskConfig("data", "disk", own, "qcow2", "virtio", "vda")
    chains = {"no chain": None, "blank": (), "image": (BackingFile(image, "qcow2"),), "secret": (BackingFile("/etc/x", "raw"),)}
    definitions = {what: replace(config, chain=chain) for what, chain in chains.items()}
    definitions["elsewhere"] = replace(config, source="/srv/data.qcow2", chain=())
    backings = (None, image, "/state/images/b", "/state/images/c/d", f"{own}.old", "/etc/x", "state/images/b", "data.qcow2")
    for backing, found_base, (what, defined) in product(backings, (None, base), [("undefined", None), *definitions.items()]):
        found = ObservedDisk(own, 1, backing)
        forged = altered(disk.name, found, found_base.path if found_base else None, defined, "/state")
        yield f"on {backing}, {'of an image' if found_base else 'blank'}, {what}: {words(forged)}"
    yield f"data file: {words(altered(disk.name, ObservedDisk(own, 1, None, data_file=True), None, None, '/state'))}"


def shutdowns() -> Iterator[str]:
    policies = ({"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 15}, {"gracePeriodSeconds": 15, "onTimeout": "Wait"})
    asks = ((None, False), (None, True), (NOW - 7.5, True), (NOW - 9.0, False), (NOW - 10.0, False), (NOW, True))
    states = (DOMAIN, replace(DOMAIN, agent=True), replace(DOMAIN, state=DomainState.PAUSED, reason="user"))
    states += (replace(DOMAIN, state=DomainState.PAUSED, reason="save"), replace(DOMAIN, state=DomainState.SUSPENDED))
    for policy, since, (asked, by_agent), domain in product(policies, (None, NOW - 14.0, NOW - 15.0), asks, states):
        memory = RememberedActs(shutdown_since=since, shutdown_asked=asked, agent_asked=by_agent)
        actions, outcome = shut_down(machine(shutdown=policy), domain, memory, NOW, "why")
        told = f"{policy} since {since} asked {asked}{' by agent' if by_agent else ''}"
        yield f"{told}; {domain.state} {domain.reason} {domain.agent}: {' '.join(map(step, actions))} {words(outcome)}"


def strays() -> Iterator[str]:
    unplugged_nics = {"lan": "on no bridge", "wan": "on no bridge", "gone": "on no bridge"}
    domains = {
        "runs": DOMAIN,
        "has less": replace(DOMAIN, balloon=2**26),
        "has less of another size": replace(DOMAIN, balloon=2**26, live=replace(LIVE, memory=1)),
        "unplugged": replace(DOMAIN, unplugged=unplugged_nics),
        "unplugged, another tap": replace(DOMAIN, unplugged={"lan": "down"}, taps=(Tap("wan", "vnet1", "br0"),)),
        "unplugged, elsewhere": replace(
            DOMAIN, unplugged=unplugged_nics, live=replace(LIVE, nics=tuple(replace(n, source="x") for n in LIVE.nics))
        ),
        "off": replace(OFF, unplugged=unplugged_nics, balloon=1),
        "renamed": replace(DOMAIN, name="other"),
        "renamed, off": replace(OFF, name="other"),
        "renamed, saved": replace(OFF, name="other", managed_save=True),
        "renamed, transient": replace(OFF, name="other", persistent=False),
        "none": None,
    }
    hosts = {
        "as ever": HOST,
        "no hotplug": replace(HOST, attach=False),
        "nothing": replace(HOST, networks=frozenset(), bridges=frozenset()),
        "unknown": replace(HOST, bridges=None),
    }
    for (what, domain), (where, host), policy in product(domains.items(), hosts.items(), (None, "Report")):
        vm = machine(nics=[LAN, {"name": "wan", "bridge": "br0"}], driftPolicy=policy or "Correct")
        now = replace(REST, domain=domain, host=host)
        taken = ballooned(vm, now, LIVE)
        differs = (*unplugged(now), *taken, *(change for side in renamed(vm, domain) for change in side))
        told = differences(differs)
        safe = what != "unplugged, another tap"  # what has no tap is not unplugged
        does = [*(replugs(now, LIVE) if safe else ()), *give_memory(now, taken, LIVE)]
        again = [
            rename(vm, replace(now, memory=RememberedActs(rename_asked=asked, memory_asked=True)), NOW) is not None
            for asked in (None, NOW - 299.0, NOW - 300.0)
        ]
        asked = give_memory(replace(now, memory=RememberedActs(memory_asked=True)), taken, LIVE)
        yield f"{what}, {where}, {policy}: {told}; {' '.join(map(step, does))}; rename {again}, asked {asked}"


STRATEGIES: tuple[dict[str, Any], ...] = (
    {},
    {"runStrategy": "Halted"},
    {"runStrategy": "Once"},
    {"runStrategy": "RerunOnFailure"},
    *({"runStrategy": "Manual", "power": power} for power in ("Running", "Stopped", "Paused", "Saved")),
)
STATES: dict[str, ObservedDomain | None] = {
    "none": None,
    "never ran": replace(OFF, reason="unknown"),
    "crashed": OFF,
    "shut down": replace(OFF, reason="shutdown"),
    "destroyed": replace(OFF, reason="destroyed"),
    "saved": replace(OFF, reason="saved", managed_save=True),
    "runs": DOMAIN,
    "paused": replace(DOMAIN, state=DomainState.PAUSED, reason="user"),
    "full disk": replace(DOMAIN, state=DomainState.PAUSED, reason="ioerror"),
    "starts": replace(DOMAIN, state=DomainState.PAUSED, reason="starting-up"),
    "is saved": replace(DOMAIN, state=DomainState.PAUSED, reason="save"),
    "goes down": replace(DOMAIN, state=DomainState.SHUTTING_DOWN),
    "sleeps": replace(DOMAIN, state=DomainState.SUSPENDED),
}
OUTCOMES = ("", "Starting", "Restarting", "Started", "Stopping", "Succeeded", "Failed", "Destroyed", "Saved")


def powers() -> Iterator[str]:
    """By what the record says."""
    edits: tuple[dict[str, Any], ...] = ({}, {"driftPolicy": "Report"}, {"restartedAt": "t1"}, {"poweredOffAt": "t1"})
    for spec, edit, (what, domain) in product(STRATEGIES, edits, STATES.items()):
        vm, now = machine(**spec, **edit), replace(REST, domain=domain)
        said = product(("", "Started", "Failed") if "At" in str(edit) else OUTCOMES, ("", vm.spec.power or "Stopped"))
        records = ((f"{outcome} {power}".strip(), replace(RECORD, outcome=outcome, power=power)) for outcome, power in said)
        yield from grouped(f"{spec} {edit}, {what}", ((told, powered(vm, now, record)) for told, record in records))


def powers_remembered() -> Iterator[str]:
    """By what the operator remembers, and what the probes say."""
    memories = (
        RememberedActs(),
        RememberedActs(ended=1, last_end=NOW - 5.0),
        RememberedActs(ended=2, last_end=NOW - 20.0),
        RememberedActs(ended=2, last_end=NOW),
    )
    memories += (RememberedActs(ended=2, last_end=NOW - 9.5), RememberedActs(ended=2, last_end=NOW - 10.0))
    memories += (
        RememberedActs(resume_asked=NOW - 30.0),
        RememberedActs(resume_asked=NOW - 29.0),
        RememberedActs(unhealthy=True),
        RememberedActs(last_end=NOW),
    )
    ill = ProbedHealth(started=True, ready=False, alive=False, was_ready=True, message="HTTP 500")
    healths = {"not probed": None, "ill": ill, "alive": replace(ill, alive=True)}
    for spec, (what, domain) in product(({}, {"runStrategy": "Once"}, {"restartedAt": "t1"}), STATES.items()):
        vm, now = machine(**spec), replace(REST, domain=domain)
        cases = product(memories, healths.items())
        results = (
            (f"{changes(RememberedActs(), memory)}, {probed}", powered(vm, replace(now, memory=memory, health=health), RECORD))
            for memory, (probed, health) in cases
        )
        yield from grouped(f"{spec}, {what}", results)


def powers_due() -> Iterator[str]:
    """By what only a restart brings, and in which boot of the host."""
    pending = (Change("resources.vcpu", "1", "2", Disruption.NEEDS_RESTART),)
    immediate = machine(updatePolicy="Immediate")
    due = plan_power(immediate, REST, RECORD, pending, "", NOW).record.restarted_for
    for vm, (what, domain) in product((immediate, machine()), STATES.items()):
        now, results = replace(REST, domain=domain), []
        for told, outcome, waits in product(("", due, "x"), ("", "Stopping"), (pending, ())):
            record = replace(RECORD, restarted_for=told, outcome=outcome)
            case = f"{'for these' if told == due else told} {outcome} {'due' if waits else ''}".strip()
            results.append((case, powered(vm, now, record, waits)))
        yield from grouped(f"{vm.spec.update_policy}, {what}", results)
    once = machine(runStrategy="Once")
    for what, domain in STATES.items():
        results = []
        for boot, before, outcome in product(("", "b1", "b2"), ("", "b1"), ("Started", "Starting", "")):
            record = replace(RECORD, outcome=outcome, boot=before)
            now = replace(REST, domain=domain, host=replace(HOST, boot_id=boot))
            results.append((f"{before}>{boot} {outcome}", f"{powered(once, now, record)} boot {with_boot(record, boot).boot}"))
        yield from grouped(f"booted, {what}", results)


def powered(vm: VirtualMachine, now: Observed, record: Record, pending: tuple[Change, ...] = ()) -> str:
    plan = plan_power(vm, now, record, pending, "", NOW)
    does = " ".join(map(step, plan.actions))
    drift = ", ".join(f"{c.old} → {c.new}" for c in plan.drift)
    after = f" {plan.outcome.after:g} s" if isinstance(plan.outcome, Waiting) and plan.outcome.after is not None else ""
    noted = replace(plan.record, restarted_for="x" if plan.record.restarted_for else "")
    told = changes(replace(record, restarted_for="x" if record.restarted_for else ""), noted)
    return f"{does} {plan.outcome.reason}{after}{' stopping' if plan.stopping else ''} {drift} ({told})"


def orphaned() -> Iterator[str]:
    states, domains = (NO_DOMAIN, RETAINED, "running"), ("", "default-web")
    for state, domain, disks, deletion, namespace in product(states, domains, ((), ("a", "b")), ("", "{}"), ("default", "prod")):
        found = Orphan(namespace, "web", state, domain, directory="/state/x", disks=disks, deletion=deletion)
        told = f"{namespace} {state} {domain or 'no domain'} {disks} {'was being deleted' if deletion else ''}"
        yield f"{told}: {why(found)}; {mend(found)}; {found.alarming}"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "recalled": recalled,
    "kept": kept,
    "misfits": misfits,
    "reverts": reverts,
    "headers": headers,
    "shutdowns": shutdowns,
    "strays": strays,
    "orphans": orphaned,
    "powers": powers,
    "powers-remembered": powers_remembered,
    "powers-due": powers_due,
}


@pytest.mark.parametrize("name", TABLES)
def test_what_is_decided_is_as_before(name: str, request: pytest.FixtureRequest) -> None:
    as_before(name, TABLES[name](), request)
