"""What only shows beside what is there already, `homeostat plan` refuses in the words that `homeostat up` then has."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from homeostat.cli.show.render_deployment import DeploymentEntry
from homeostat.cli.show.render_fetches import ImageEntry
from homeostat.cli.show.render_plan import Planned, exit_code
from tests.libvirt.test_plan_is_what_up_does import SMALL, Rig, Spec, nics, run, shown, with_disk
from tests.libvirt.test_plan_is_what_up_does_of_other_kinds import OFF, REF, _attributed, outcome, plan_and_up
from tests.unit.images import blob

__all__ = ["_attributed"]  # a fixture of this module, too

ONE = nics({"network": "default", "mac": "52:54:00:12:34:56"})  # there can be one of it
KEPT: Spec = {**OFF, "disks": [{"name": "r", "size": "8Mi"}]}
SMALL_DISK: Spec = {**SMALL, "disks": KEPT["disks"]}
SUBNET: Spec = {"addresses": [{"cidr": "10.77.1.1/24"}]}
PLUGIN: Spec = {"version": "1", "kernel": {"path": "{dir}/one.img"}, "resources": SMALL["resources"]}


def fleet(spec: Spec, **fields: Any) -> Spec:
    return {"replicas": 1, **fields, "template": {"spec": spec}}


# By case: what is written, version by version; of which resource the last one is refused; with which reason.
CASES: dict[str, tuple[list[dict[str, Spec | None]], str, str]] = {
    "a MAC that another has": ([{"a": ONE}, {"a2": ONE}], "a2", "MacTaken"),
    "a tap that another has": ([
        {"a": nics({"tap": {"name": "tap7"}})}, {"a2": nics({"tap": {"name": "tap7"}})}], "a2", "TapTaken"),
    "a VNC port that another has": ([
        {"a": {**SMALL, "display": {"vnc": {"port": 5977}}}},
        {"a2": {**SMALL, "display": {"vnc": {"port": 5977}}}}], "a2", "PortTaken"),
    "a Network that cannot be": (
        [{"n": {"adopt": "nothere"}, "a": nics({"networkRef": {"name": "n"}})}], "a", "NetworkNotReady"),
    "a snapshot that needs an agent": ([{"a": SMALL_DISK}, {"s": {**REF, "quiesce": "Required"}}], "s", "AgentMissing"),
    "a Network that would become another": ([{"n": SUBNET}, {"n": {"adopt": "default"}}], "n", "AdoptChanged"),
    "an Image of another file": (
        [{"i": {"source": {"path": "{dir}/one.img"}}}, {"i": {"source": {"path": "{dir}/two.img"}}}], "i", "made of"),
    "a snapshot that would hold something else": ([{"a": KEPT, "s": REF}, {"s": {**REF, "memory": True}}], "s", "SpecChanged"),
    "a snapshot whose machine goes": ([{"a": KEPT, "s": REF}, {"a": None}], "s", "MachineNotFound"),
    "a rollback to what never was": ([{"d": fleet(SMALL)}, {"d": fleet(SMALL, rollbackTo=9)}], "d", "NoSuchRevision"),
    "a template with no plugin": ([{"d": fleet({"pluginRef": {"name": "p"}})}], "d", "MachinesRefused"),
    "a template with a disabled plugin": (
        [{"d": fleet({"pluginRef": {"name": "p"}}), "p": {**PLUGIN, "enabled": False}}], "d", "MachinesRefused"),
    "a template that can be once": (
        [{"d": fleet(ONE)}, {"d": fleet(ONE, replicas=2)}],
        "d",
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(CASES))
def test_findings_plan_refuses_what_up_refuses_beside_what_is_there(case: str) -> None:
    versions, name, reason = CASES[case]

    async def scenario(made: Rig) -> None:
        for file in ("one.img", "two.img"):
            (made.root / file).write_bytes(blob(1 << 20))
        for version in versions:
            made.write(**yaml.safe_load(yaml.safe_dump(version).replace("{dir}", str(made.root))))
            found = await plan_and_up(made)
        (entry,) = (entry for entry in found.entries if entry.resource.metadata.name == name)
        assert entry.stalled and exit_code(found.entries) == 1
        assert reason in said(entry) and shown(found).count(said(entry)) == 1, shown(found)

    run(scenario)


def said(entry: Planned) -> str:
    if isinstance(entry, ImageEntry):
        return entry.problem
    found = entry.blocked if isinstance(entry, DeploymentEntry) else outcome(entry)
    assert found is not None
    return f"{found.reason}: {found.message}"


def test_findings_plan_of_a_disk_whose_file_has_gone() -> None:
    async def scenario(made: Rig) -> None:
        made.write(a=with_disk(size="8Mi"))
        await plan_and_up(made)
        for file in (made.root / "state").rglob("root.qcow2"):
            file.unlink()
        made.write(a={**with_disk(size="8Mi"), "restartedAt": "2026-01-01T00:00:00Z"})
        (entry,) = (await plan_and_up(made)).entries
        assert said(entry).startswith("DiskMissing: the file ")

    run(scenario)
