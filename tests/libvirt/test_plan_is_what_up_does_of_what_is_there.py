"""What only shows beside what is there already, `homeostat plan` refuses in the words that `homeostat up` then has."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from homeostat.cli.show.plans.render_deployment import DeploymentEntry
from homeostat.cli.show.plans.render_plan import Planned, exit_code
from tests.libvirt.test_plan_is_what_up_does import SMALL, Rig, Spec, nics, run, shown, with_disk
from tests.libvirt.test_plan_is_what_up_does_of_other_kinds import OFF, REF, _attributed, outcome, plan_and_up
from tests.unit.images import blob

__all__ = ["_attributed"]  # a fixture of this module, too

ONE = nics({"network": "default", "mac": "52:54:00:12:34:56"})  # there can be one of it
KEPT: Spec = {**OFF, "disks": [{"name": "r", "size": "8Mi"}]}
SMALL_DISK: Spec = {**SMALL, "disks": KEPT["disks"]}
SUBNET: Spec = {"addresses": [{"cidr": "10.77.1.1/24"}]}
PLUGIN: Spec = {"version": "1", "kernel": {"path": "{dir}/one.img"}, "resources": SMALL["resources"]}


def on_k(spec: Spec) -> Spec:
    return {**spec, "disks": [{"name": "r", "diskRef": {"name": "k"}}]}


def of_i(spec: Spec) -> Spec:
    return {**spec, "disks": [{"name": "r", "image": {"imageRef": {"name": "i"}}}]}


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
        [{"i": {"source": {"path": "{dir}/one.img"}}}, {"i": {"source": {"path": "{dir}/two.img"}}}], "i", "ImageSourceChanged"),
    "a snapshot that would hold something else": ([{"a": KEPT, "s": REF}, {"s": {**REF, "memory": True}}], "s", "SpecChanged"),
    "a snapshot whose machine goes": ([{"a": KEPT, "s": REF}, {"a": None}], "s", "MachineNotFound"),
    "a rollback to what never was": ([{"d": fleet(SMALL)}, {"d": fleet(SMALL, rollbackTo=9)}], "d", "NoSuchRevision"),
    "a template with no plugin": ([{"d": fleet({"pluginRef": {"name": "p"}})}], "d", "MachinesRefused"),
    "a template with a disabled plugin": (
        [{"d": fleet({"pluginRef": {"name": "p"}}), "p": {**PLUGIN, "enabled": False}}], "d", "MachinesRefused"),
    "a template that can be once": ([{"d": fleet(ONE)}, {"d": fleet(ONE, replicas=2)}], "d", "TemplateUsableOnce"),
    "a template that ends by itself": (
        [{"d": fleet({"pluginRef": {"name": "p"}}), "p": {**PLUGIN, "workload": {"type": "batch"}}}], "d", "RunsToCompletion"),
    "a snapshot to go back to that is not there": (
        [{"a": KEPT}, {"a": {**KEPT, "restoreFrom": {"snapshot": "s", "token": "1"}}}], "a", "SnapshotNotFound"),
    "a snapshot to go back to of another machine": (
        [{"a": KEPT, "a2": KEPT, "s": REF}, {"a2": {**KEPT, "restoreFrom": {"snapshot": "s", "token": "1"}}}],
        "a2",
        "SnapshotOfAnotherMachine",
    ),
    "a snapshot of a raw Disk": (
        [{"k": {"size": "8Mi", "format": "raw"}, "a": on_k(OFF)}, {"s": REF}], "s", "FormatUnsupported"),
    "a snapshot with the memory of a UEFI machine": (
        [{"a": {**SMALL_DISK, "firmware": {"type": "UEFI"}}}, {"s": {**REF, "memory": True}}], "s", "MemoryUnsupported"),
    "a Disk of another format": ([{"k": {"size": "8Mi"}}, {"k": {"size": "8Mi", "format": "raw"}}], "k", "ForbiddenChange"),
    "a Disk that another has": ([{"k": {"size": "8Mi"}, "a": on_k(SMALL)}, {"a2": on_k(SMALL)}], "a2", "DiskTaken"),
    "a copy of a Disk that is written to": (
        [{"k": {"size": "8Mi"}, "a": on_k(SMALL)}, {"k2": {"source": {"diskRef": {"name": "k"}}}}], "k2", "SourceInUse"),
    "Disks that are copies of each other": (
        [{"k": {"size": "8Mi"}}, {"k2": {"source": {"diskRef": {"name": "k3"}}}, "k3": {"source": {"diskRef": {"name": "k2"}}}}],
        "k2",
        "CopiesInACircle",
    ),
    "a Disk that the trash has otherwise": (
        [{"k": {"size": "8Mi", "reclaimPolicy": "Delete"}, "a": KEPT},
         {"k": None},
         {"k": {"size": "8Mi", "format": "raw", "reclaimPolicy": "Delete"}}],
        "k",
        "StaysInTrash",
    ),
    "an Image that is a disk to boot as a kernel": (
        [{"i": {"source": {"path": "{dir}/one.img"}}}, {"a": {**OFF, "boot": {"kernel": {"imageRef": {"name": "i"}}}}}],
        "a",
        "ImageNotRaw",
    ),
    "an Image that nobody uploaded": (
        [{"i": {"source": {"upload": {}}}, "a": {**OFF, "disks": [{"name": "r", "image": {"imageRef": {"name": "i"}}}]}}],
        "a",
        "ImageNotUploaded",
    ),
    "an Image that goes": (
        [{"i": {"source": {"path": "{dir}/one.img"}}, "a": of_i(OFF)}, {"i": None}, {"a2": of_i(OFF)}],
        "a2",
        "ImageBeingDeleted",
    ),
    "an Image that names another file by now": (
        [{"i": {"source": {"path": "{dir}/one.img"}}},
         {"i": {"source": {"path": "{dir}/two.img"}}},
         {"a": of_i(OFF)}],
        "a",
        "ImageSourceChanged",
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
        assert said(entry).startswith("DiskMissing: it runs on, and is restarted once it can start: the file ")

    run(scenario)


def test_findings_plan_of_a_disk_that_cannot_grow_now() -> None:
    async def scenario(made: Rig) -> None:
        made.write(k={"size": "8Mi"}, a=on_k(SMALL))
        await plan_and_up(made)
        made.write(k={"size": "16Mi"}, a={**on_k(SMALL), "suspend": True})
        (entry,) = (entry for entry in (await plan_and_up(made)).entries if entry.resource.metadata.name == "k")
        assert entry.pending and said(entry).startswith("GrowthWaits: spec.size 8Mi → 16Mi: machine a is suspended")

    run(scenario)


def test_findings_plan_of_a_snapshot_of_an_earlier_machine() -> None:
    async def scenario(made: Rig) -> None:
        made.write(a=KEPT, s=REF)
        await plan_and_up(made)
        path = made.folder / "a.yaml"
        identity = "homeostat.dev/identity: default/a/0c5f3f5e-6a55-4b4e-9a0e-0d5d7c1f2b11"
        path.write_text(path.read_text().replace("name: a", f"name: a\n  annotations: {{{identity}}}"))
        entries = (await plan_and_up(made)).entries
        (entry,) = (entry for entry in entries if entry.resource.metadata.name == "s")
        assert said(entry).startswith("MachineReplaced: it was taken of an earlier machine a")

    run(scenario)
