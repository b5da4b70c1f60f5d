"""What is done, step by step, when something happens to a machine, without the words it is told in: for some machines and all
that may happen. After a wanted change: pytest --regenerate-golden, and read the diff.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.planner.observed import HostFacts
from homeostat.planner.plan import Change, Plan, Waiting
from homeostat.runtime.machine.status import machine_status
from tests.unit.domains import Refused
from tests.unit.driving import Operator
from tests.unit.machines import HAPPENINGS, Spec, changed, deleted, happen, machine
from tests.unit.transcripts import DATA, EDITS, ISO, KERNEL, LAN, MANUAL, MORE, ROOT, SEED, USER, could, step
from tests.unit.world import HOST, World

FOLDER = Path(__file__).parents[2] / "golden" / "plans"

MACHINES: dict[str, Spec] = {
    "bare": {},
    "whole": {"disks": [ROOT, DATA], "nics": [LAN], "cloudInit": SEED, "shutdown": {"gracePeriodSeconds": 25}},
    "reporting": {"disks": [ROOT, DATA], "nics": [LAN, USER], "driftPolicy": "Report"},
    "immediate": {"disks": [ROOT], "nics": [LAN], "updatePolicy": "Immediate", "shutdown": {"gracePeriodSeconds": 0}},
    "never": {"disks": [ROOT, DATA], "nics": [LAN], "updatePolicy": "Never", "shutdown": {"onTimeout": "Wait"}},
    "once": {"disks": [ROOT], "runStrategy": "Once", "reclaimPolicy": "Retain"},
    "rerun": {"disks": [{**DATA, "reclaimPolicy": "Retain"}], "runStrategy": "RerunOnFailure", "cloudInit": SEED},
    "halted": {"disks": [ROOT, DATA], "nics": [LAN], "runStrategy": "Halted"},
    "manual": {"disks": [DATA], "nics": [LAN], **MANUAL},
    "kernel": {"boot": {"kernel": KERNEL, "cmdline": "quiet"}, "machine": {"type": "pc"}},
}
LABELLED: Spec = {"disks": [ROOT, DATA, ISO], "boot": {"kernel": KERNEL, "initramfs": {"url": "https://example.org/initrd"}}}
ON_ANOTHER_HOST: dict[str, tuple[Spec, HostFacts]] = {
    "with a trash": ({"disks": [ROOT, {**DATA, "reclaimPolicy": "Retain"}, ISO]}, replace(HOST, trash_keep=3600.0)),
    "without hotplug": ({"disks": [ROOT, DATA, ISO], "nics": [LAN, USER], "cloudInit": SEED}, replace(HOST, attach=False)),
    "with labels": (LABELLED, replace(HOST, relabels=True, boot_id="first")),
}


ROWS: tuple[tuple[str, ...], ...] = (
    ("virsh snapshot-create", "more memory", "virsh snapshot-revert"),
    ("virsh snapshot-create", "virsh destroy", "virsh snapshot-revert"),
    ("virsh snapshot-create", "virsh edit", "virsh snapshot-revert", "restart"),
    ("virsh snapshot-create-as --disk-only", "virsh snapshot-create-as --disk-only", "no disk", "deleted", "here again"),
    ("virsh snapshot-create-as --disk-only", "virsh blockcommit --active --pivot", "another disk"),
    ("virsh blockcopy --pivot", "virsh destroy", "virsh undefine", "deleted", "here again"),
    ("virsh suspend", "virsh managedsave", "virsh start"),
    ("virsh undefine", "virsh destroy", "more memory"),
    ("disk file deleted", "virsh destroy", "a larger disk"),
    ("no disk", "deleted", "here again"),
    ("deleted", "here again", "another disk", "deleted", "here again"),
    ("virsh detach-interface --live", "virsh detach-interface --config", "no nic", "libvirtd restarts", "other nics"),
    ("guest no longer obeys", "halt", "guest obeys", "always"),
    ("guest no longer obeys", "restart", "deleted"),
    ("virsh destroy", "virsh snapshot-create", "virsh snapshot-revert", "always", "halt", "virsh snapshot-revert"),
    ("guest no longer obeys", "halt", "power off, and another nic", "always", "power off, and another nic"),
    ("virsh detach-interface --live", "no nic", "virsh setmem", "the balloon's driver goes", "virsh setmem", "less memory"),
    ("suspend", "virsh destroy", "virsh edit", "always"),
    ("a nic is unplugged", "the network goes", "restart", "the network is back", "a nic is unplugged", "halt", "always"),
    ("the agent listens", "guest no longer obeys", "halt", "the guest sleeps", "the guest goes down", "guest obeys", "always"),
    ("virsh destroy", "the host has less", "always", "restart", "less memory"),
    ("virsh destroy", "another has its disk", "always", "nobody has them", "another has its port", "restart", "deleted"),
    ("the link is cut", "deleted"),
    ("the link is cut", "more memory", "the link is back", "virsh destroy", "the host boots", "restart"),
    ("the guest starts", "save", "virsh resume", "the guest goes down", "pause"),
    ("virsh domrename", "virsh destroy", "virsh domrename", "always", "deleted"),
    ("virsh snapshot-create-as --disk-only", "no file can be read", "another disk", "virsh destroy", "a larger disk"),
    ("virsh blockcopy --pivot", "a larger disk", "the note is broken", "virsh undefine", "virsh destroy", "deleted"),
    ("virsh snapshot-create-as --disk-only", "a larger disk", "virsh destroy", "a larger disk", "no disk", "deleted"),
)
ENDS = ("guest shuts itself down", "guest crashes", "virsh destroy")
AFTER_AN_END = ("always", "pause", "save", "stop", "run by hand", "restart", "less memory")


def rest(plan: Plan) -> str:
    outcome = plan.outcome
    after = f" in {outcome.after:.3g} s" if isinstance(outcome, Waiting) and outcome.after is not None else ""
    told = {"changes": plan.changes, "drift": plan.drift, "pending": plan.pending}
    parts = "".join(f"; {word}: {_fields(found)}" for word, found in told.items() if found)
    return f"{type(outcome).__name__} {outcome.reason}{after}{parts}"


def _fields(found: tuple[Change, ...]) -> str:
    return ", ".join(f"{change.field} {change.disruption.name}" for change in found)


def played(world: World, operator: Operator, vm: VirtualMachine, title: str) -> list[str]:
    """Every plan until it rests, those that repeat the one before left out."""
    lines, quiet = [f"  {title}"], 0
    for _ in range(60):
        before = len(operator.done)
        try:
            plan = operator.reconcile(vm)
        except Refused as error:
            return [*lines, f"    {' '.join(map(step, operator.done[before:]))} fails: {error}"]
        line = f"    {' '.join([*map(step, operator.done[before:]), '→'])} {rest(plan)}"
        if line != lines[-1]:
            lines.append(line)
        if world.released:
            break
        quiet = 0 if world.tick() or plan.actions else quiet + 1
        waits = plan.outcome.after if isinstance(plan.outcome, Waiting) else None
        if quiet == 3 or (quiet and waits is None):
            break
        operator.now += waits if quiet and waits else 0.0
    return lines if world.released else [*lines, f"    {stands(operator, vm, plan)}"]


def stands(operator: Operator, vm: VirtualMachine, plan: Plan) -> str:
    """What its status says in the end, but for addresses, which no world has."""
    observed = replace(operator.world.observe(vm, operator.memory), memory=operator.memory)
    status = machine_status(vm, observed, plan, {}, None, "2026-01-01T00:00:00Z")
    said = [f"{c.type} {c.status} {c.reason}" for c in status.conditions]
    differs = [f"{word} {change.field}" for word in ("changes", "drift") for change in getattr(status, word)]
    run = [word for word, value in (("runs", status.run), ("restarts", status.restarts)) if value]
    return f"= {status.state}: {', '.join([*said, *differs, *run])}"


def transcript(spec: Spec, host: HostFacts = HOST) -> str:
    up, vm = Operator(World()), machine(**spec)
    up.world.host = host
    lines = played(up.world, up, vm, "it comes up")

    def again() -> tuple[World, Operator]:
        """As it was then."""
        world = up.world.copy()
        operator = Operator(world, up.now)
        operator.memory = up.memory
        return world, operator

    for what in HAPPENINGS:
        world, operator = again()
        if happen(world, what):
            lines += played(world, operator, vm, what)
            lines += played(world, operator, changed(vm, resources={"vcpu": 3}), f"{what}, and an edit")
    for name, edit in EDITS.items():
        world, operator = again()
        edited = changed(vm, **edit)
        lines += played(world, operator, edited, name)
        lines += played(world, operator, vm, f"{name}, and back")
        lines += played(world, operator, deleted(edited), f"{name}, and it is deleted")
    for row in ROWS if host is not HOST or spec.get("driftPolicy") or spec.get("updatePolicy") == "Never" else ():
        world, operator = again()
        now = vm
        for what in row:
            if what in HAPPENINGS and not happen(world, what):
                continue
            if what in MORE and not could(MORE[what], world):
                continue
            now = changed(now, **EDITS[what]) if what in EDITS else deleted(now) if what == "deleted" else now
            if what == "here again":
                now, world.released, operator = vm, False, Operator(world, operator.now)
            lines += played(world, operator, now, f"{what}, of: {', '.join(row)}")
    for what, name in product(ENDS, AFTER_AN_END) if "runStrategy" in spec else ():
        world, operator = again()
        if happen(world, what):
            operator.settle(vm)
            lines += played(world, operator, changed(vm, **EDITS[name]), f"{what}, and then: {name}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", [*MACHINES, *ON_ANOTHER_HOST])
def test_what_is_done_is_what_was_done_before(name: str, request: pytest.FixtureRequest) -> None:
    spec, host = ON_ANOTHER_HOST.get(name) or (MACHINES[name], HOST)
    text, golden = transcript(spec, host), FOLDER / f"{name.replace(' ', '-')}.txt"
    if request.config.getoption("--regenerate-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
