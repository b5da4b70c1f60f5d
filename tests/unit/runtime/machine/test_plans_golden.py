"""What is done, step by step, when something happens to a machine, without the words it is told in: for some machines and all
that may happen. After a wanted change: pytest --regenerate-golden, and read the diff.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import Action
from homeostat.planner.observed import HostFacts
from homeostat.planner.plan import Change, Plan, Waiting
from homeostat.runtime.machine.status import machine_status
from tests.unit.machines import HAPPENINGS, IMAGE, Spec, changed, deleted, happen, machine
from tests.unit.world import HOST, Operator, World

FOLDER = Path(__file__).parents[2] / "golden" / "plans"
HOME = "/state/machines/default/web"
ROOT: Spec = {"name": "root", "image": IMAGE, "size": "2Gi"}
DATA: Spec = {"name": "data", "size": "1Gi"}
LAN: Spec = {"name": "lan", "network": "default"}
USER: Spec = {"name": "user", "user": {"forwards": [{"hostPort": 8080, "guestPort": 80}]}}
SEED: Spec = {"userData": "#cloud-config\n"}
MANUAL: Spec = {"runStrategy": "Manual", "power": "Running"}

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
    "kernel": {"boot": {"kernel": {"url": "https://example.org/vmlinuz"}, "cmdline": "quiet"}, "machine": {"type": "pc"}},
}
ISO: Spec = {"name": "iso", "type": "cdrom", "image": IMAGE}
ON_ANOTHER_HOST: dict[str, tuple[Spec, HostFacts]] = {
    "with a trash": ({"disks": [ROOT, {**DATA, "reclaimPolicy": "Retain"}, ISO]}, replace(HOST, trash_keep=3600.0)),
    "without hotplug": ({"disks": [ROOT, DATA, ISO], "nics": [LAN, USER], "cloudInit": SEED}, replace(HOST, attach=False)),
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
)
EDITS: dict[str, Spec] = {
    "more memory": {"resources": {"memory": "1Gi", "vcpu": 2}},
    "less memory": {"resources": {"memory": "64Mi"}},
    "a larger disk": {"disks": [{**ROOT, "size": "3Gi"}, {**DATA, "size": "2Gi"}]},
    "another disk": {"disks": [ROOT, DATA, {"name": "new", "size": "1Gi"}]},
    "no disk": {"disks": []},
    "other nics": {"nics": [LAN, {"name": "wan", "bridge": "br0"}]},
    "no nic": {"nics": []},
    "another seed": {"cloudInit": {"userData": "#cloud-config\na: 1\n"}},
    "another machine": {"machine": {"version": "6.2"}},
    "restart": {"restartedAt": "t1"},
    "power off": {"poweredOffAt": "t1"},
    "halt": {"runStrategy": "Halted", "power": None},
    "always": {"runStrategy": "Always", "power": None},
    "pause": {"runStrategy": "Manual", "power": "Paused"},
    "save": {"runStrategy": "Manual", "power": "Saved"},
    "stop": {"runStrategy": "Manual", "power": "Stopped"},
    "run by hand": MANUAL,
    "report": {"driftPolicy": "Report"},
}
ENDS = ("guest shuts itself down", "guest crashes", "virsh destroy")
AFTER_AN_END = ("always", "pause", "save", "stop", "run by hand", "restart", "less memory")
# What is told, signed, or in golden XML.
_WORDS = frozenset({"reason", "record", "config", "uuid", "password", "files", "resource"})


def step(action: Action) -> str:
    known = {f.name: getattr(action, f.name) for f in fields(action) if f.name not in _WORDS}
    shown = ", ".join(f"{name}={_plain(value)}" for name, value in known.items() if value)
    return f"{type(action).__name__}({shown})"


def _plain(value: Any) -> str:
    name = getattr(value, "name", None)
    text = str(name if isinstance(name, str) else getattr(value, "url", value))
    return re.sub(r"/state/images/\w+", "IMAGE", text).replace(f"{HOME}/", "")


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
        plan = operator.reconcile(vm)
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
    return lines if world.released else [*lines, f"    {stands(operator, vm)}"]


def stands(operator: Operator, vm: VirtualMachine) -> str:
    """What its status says in the end, but for addresses, which no world has."""
    plan = operator.plan(vm)
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
    for row in ROWS if host is not HOST or spec.get("driftPolicy") else ():
        world, operator = again()
        now = vm
        for what in row:
            if what in HAPPENINGS and not happen(world, what):
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
