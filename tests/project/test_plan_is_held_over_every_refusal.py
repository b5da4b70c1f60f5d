"""Each reason for which something is not done is one that `homeostat plan` and `homeostat up` are held together over, in
`tests/libvirt/test_plan_is_what_up_does*.py` and beside them; or it is said here why it cannot be."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.cli.show.plans import render_deployment, render_disk, render_network, render_snapshot
from homeostat.runtime.machine import foreseeing
from tests.unit.parsed import parsed

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "operator"
ROOMS = ("planner", "runtime", "assembly", "service", "cli/show")
OUTCOMES = {"Stalled", "Waiting", "CannotPlan", "unrestorable"}  # their first argument is a reason
TABLED = CODE / "homeostat" / "planner" / "machine" / "host"  # reasons are made in pairs with a message here
REASON = re.compile(r"[A-Z][A-Za-z]+[A-Z][A-Za-z]+")
HELD = [
    *(ROOT / "tests" / "libvirt").glob("test_plan_is_what_up_does*.py"),
    ROOT / "tests" / "libvirt" / "test_plan_over_several_hosts.py",
    ROOT / "tests" / "e2e" / "test_plan_is_what_up_says.py",
]
PASSING = frozenset[str]().union(
    foreseeing.PASSING, render_deployment.PASSING, render_disk._PASSING, render_network._PASSING, render_snapshot._PASSING
)

CLUSTER = "of a cluster, which is not planned: its API server may hold what the reader of a folder refuses"
MEANWHILE = "it passes: only what runs or settles at that moment has it"
PLACING = "of hosts that come and go while several are served"
EXCEPT = {
    "Abandoned": "of what is deleted on a host that is away, which no test driver is",
    "CopyFailed": "nobody knows before a copy whether it will fail",
    "DeploymentUnreadable": CLUSTER,
    "DocumentGone": MEANWHILE,
    "DocumentShortened": MEANWHILE,
    "HostGone": PLACING,
    "ImageInvalid": CLUSTER,
    "MachineDeleted": MEANWHILE,
    "NetworkInvalid": CLUSTER,
    "NoHosts": PLACING,
    "NoMachineYet": MEANWHILE,
    "OperatorGone": PLACING,
    "OtherOperator": "of two operators that run at once",
    "PlacementsUnreadable": CLUSTER,
    "PluginInvalid": CLUSTER,
    "ProgressDeadlineExceeded": "of time that passed while `up` ran",
    "Refused": "of a cluster that does not take what its operator makes, such as by a quota",
    "RunFailed": "of how a guest ended while `up` ran",
}


def constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yields the texts that a module gives names to."""
    for node in tree.body:
        if not isinstance(node, ast.Assign):
            continue
        (target,), value = node.targets, node.value
        both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
        pairs = zip(target.elts, value.elts, strict=True) if both else [(target, value)]  # type: ignore[attr-defined]
        for name, text in pairs:
            if isinstance(name, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield name.id, text.value


def reasons(path: Path, known: dict[str, set[str]]) -> Iterator[str]:
    """Yields the reasons that a file gives. ``known``: the texts of all modules by their names."""
    own = dict(constants(parsed(path)))
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OUTCOMES and node.args:
            for said in ast.walk(node.args[0]):
                if isinstance(said, ast.Constant) and isinstance(said.value, str):
                    yield said.value
                elif isinstance(said, ast.Name):
                    yield from [own[said.id]] if said.id in own else known[said.id]
        elif path.is_relative_to(TABLED) and isinstance(node, ast.Constant) and REASON.fullmatch(str(node.value)):
            yield str(node.value)


@pytest.fixture(scope="module")
def given() -> set[str]:
    files = [path for room in ROOMS for path in sorted((CODE / "homeostat" / room).rglob("*.py"))]
    known = defaultdict[str, set[str]](set)
    for path in files:
        for name, text in constants(parsed(path)):
            known[name].add(text)
    return {reason for path in files for reason in reasons(path, known)} - PASSING


@pytest.fixture(scope="module")
def held() -> set[str]:
    texts = (node.value for path in HELD for node in ast.walk(parsed(path)) if isinstance(node, ast.Constant))
    return {word for text in texts if isinstance(text, str) for word in re.findall(r"\b[A-Z][A-Za-z]+\b", text)}


def test_each_reason_is_held_or_said_why_not(given: set[str], held: set[str]) -> None:
    assert sorted(given - held - EXCEPT.keys()) == []


def test_what_is_excepted_is_there_and_not_held(given: set[str], held: set[str]) -> None:
    assert sorted(EXCEPT.keys() - given) == [] and sorted(EXCEPT.keys() & held) == []


def test_reasons_of_every_form_are_found(given: set[str]) -> None:
    forms = {
        "ImageNotUploaded",
        "InsufficientMemory",
        "MacTaken",
        "TapMissing",
        "TopologyMismatch",
        "PluginInvalid",
        "SnapshotLost",
    }
    assert forms <= given
