"""What `homeostat plan` prints and exits with, from plans."""

from __future__ import annotations

import json

from pydantic import SecretStr

from homeostat.cli.show.plans.render_plan import PlanEntry, Verb, exit_code, plan_as_json, render_plan
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import (
    CreateDisk,
    DefineDomain,
    FetchImage,
    ImageRef,
    MarkCreated,
    ReleaseResource,
    StartDomain,
    UndefineDomain,
)
from homeostat.planner.domain import DomainConfig, DomainType, VncConfig
from homeostat.planner.plan import Change, Disruption, Plan, Stalled, Waiting

CONFIG = DomainConfig(
    "web", "u", DomainType.QEMU, 2**29, 1, "q35", None, vnc=VncConfig("127.0.0.1", None, password=SecretStr("hunter22"))
)
CREATION = Plan(
    actions=(
        CreateDisk("/s/root.qcow2", 2**30, "/s/base", "qcow2", "overlay on /s/base"),
        DefineDomain(CONFIG, "not defined yet"),
        MarkCreated("/s", "defined"),
        StartDomain("u", False, "runStrategy Always"),
    )
)
CHANGE = Plan(
    actions=(DefineDomain(CONFIG, "resources.memory differs"),),
    changes=(
        Change("resources.memory", "512Mi", "1Gi", Disruption.NEEDS_RESTART),
        Change("disks[data].size", "1Gi", "2Gi", Disruption.LIVE),
    ),
)
DELETION = Plan(actions=(UndefineDomain("u", "deleted"), ReleaseResource("gone")))


def machine(name: str, **spec: object) -> VirtualMachine:
    return VirtualMachine.model_validate({"metadata": {"name": name}, "spec": spec})


def text(*entries: PlanEntry) -> str:
    return "\n".join(line.text for line in render_plan(entries))


def test_a_creation_shows_what_will_be_and_each_step_with_its_reason() -> None:
    spec = {"disks": [{"name": "root", "size": "1Gi"}], "nics": [{"name": "lan", "network": "default"}]}
    shown = text(PlanEntry(machine("web", **spec), CREATION, "demo.yaml:3"))
    assert shown.splitlines()[0] == "+ vm/web will be created  (demo.yaml:3)"
    assert "+ resources.memory   512Mi" in shown
    assert "+ disks[root]        blank, 1Gi" in shown
    assert "+ nics[lan]          network default" in shown
    assert "4. start" in shown and "(runStrategy Always)" in shown
    assert shown.endswith("Plan: 1 to create, 0 to change, 0 to delete, 0 unchanged.")


def test_a_creation_names_what_reaches_beyond_the_machine() -> None:
    spec = {
        "nics": [{"name": "own", "tap": {"name": "tap0"}}],
        "scsi": {},
        "sound": {},
        "tpm": {},
        "vsock": {},
        "sharedMemory": [{"name": "agent", "size": "4Mi"}],
        "filesystems": [{"name": "share", "path": "/srv/share"}],
        "hostDevices": [{"name": "key", "usb": {"bus": 1, "device": 4}}],
        "qemuArguments": ["-no-hpet", "-usb"],
    }
    lines = [
        line.split(maxsplit=2)[1:] for line in text(PlanEntry(machine("web", **spec), CREATION)).splitlines() if "+ " in line
    ]
    assert [line for line in lines if line[0] not in ("vm/web", "runStrategy") and "resources" not in line[0]] == [
        ["nics[own]", "tap tap0"],
        ["scsi", "virtio-scsi"],
        ["sound", "hda"],
        ["tpm", "2.0"],
        ["vsock", "cid automatic"],
        ["sharedMemory[agent]", "4Mi"],
        ["filesystems[share]", "/srv/share"],
        ["hostDevices[key]", "usb 1.4"],
        ["qemuArguments", "-no-hpet -usb"],
    ]


def test_a_change_shows_old_and_new_and_the_disruption() -> None:
    lines = text(PlanEntry(machine("web"), CHANGE)).splitlines()
    assert lines[0] == "~ vm/web will be changed"
    why = "QEMU gets its memory when it starts; up to maxMemory it changes while it runs"
    assert lines[1] == f"    ~ resources.memory   512Mi -> 1Gi   NeedsRestart ({why})"
    assert lines[2] == "    ~ disks[data].size   1Gi -> 2Gi     Live"


def test_a_machine_whose_image_is_fetched_first_counts_as_a_creation() -> None:
    plan = Plan((FetchImage(ImageRef("http://x/i"), "not in the cache"),), Waiting("ImageFetching", "fetching http://x/i"))
    assert PlanEntry(machine("web"), plan).verb is Verb.CREATE
    assert "… ImageFetching: fetching http://x/i" in text(PlanEntry(machine("web"), plan))


def test_exit_codes_are_nothing_0_changes_2_needs_a_human_1() -> None:
    nothing, change = PlanEntry(machine("a"), Plan()), PlanEntry(machine("b"), CHANGE)
    stalled = PlanEntry(machine("c"), Plan(outcome=Stalled("DiskShrink", "a disk cannot shrink")))
    assert exit_code([]) == exit_code([nothing]) == 0
    assert exit_code([nothing, change]) == 2
    assert exit_code([change, stalled]) == 1


def test_nothing_to_do_is_one_line() -> None:
    assert text(PlanEntry(machine("a"), Plan()), PlanEntry(machine("b"), Plan())) == "No changes: 2 as they should be."


def test_beside_errors_nothing_is_as_it_should_be() -> None:
    assert [line.text for line in render_plan([], whole=False)] == ["Plan: 0 to create, 0 to change, 0 to delete, 0 unchanged."]


def test_what_only_waits_for_a_restart_is_shown_and_is_no_change() -> None:
    waiting = PlanEntry(machine("a"), Plan(pending=(Change("resources.vcpu", "1", "2", Disruption.NEEDS_RESTART),)))
    assert exit_code([waiting]) == 0
    assert "resources.vcpu   1 -> 2   NeedsRestart" in text(waiting)
    assert "1 waiting for a restart" in text(waiting)


def test_all_verbs_are_counted() -> None:
    stalled = PlanEntry(machine("d"), Plan(outcome=Stalled("NameClash", "another domain has this name")))
    shown = text(PlanEntry(machine("a"), CREATION), PlanEntry(machine("b"), CHANGE), PlanEntry(machine("c"), DELETION), stalled)
    assert "! vm/d cannot be carried out as it is" in shown
    assert "    ! NameClash: another domain has this name" in shown
    assert shown.endswith("Plan: 1 to create, 1 to change, 1 to delete, 0 unchanged, 1 need a human.")


def test_no_secret_is_printed_in_either_form() -> None:
    entry = PlanEntry(machine("a"), CREATION)
    assert "hunter22" not in text(entry) + json.dumps(plan_as_json(entry))


def test_json_carries_changes_actions_and_outcome() -> None:
    shown = plan_as_json(PlanEntry(machine("web"), CHANGE, "web.yaml:1"))
    assert (shown["kind"], shown["namespace"], shown["name"]) == ("VirtualMachine", "default", "web")
    assert shown["change"] == "change"
    assert shown["changes"][0] == {
        "field": "resources.memory", "old": "512Mi", "new": "1Gi", "disruption": "NeedsRestart",
        "reason": "QEMU gets its memory when it starts; up to maxMemory it changes while it runs",
    }  # fmt: skip
    assert shown["actions"] == [{"action": "DefineDomain", "summary": "define domain web", "reason": "resources.memory differs"}]
    assert shown["outcome"] == {"type": "Converged", "reason": "InSync", "message": ""}


def test_a_deletion_says_what_becomes_of_the_disks() -> None:
    disks = [{"name": "root", "size": "1Gi"}, {"name": "data", "size": "1Gi", "reclaimPolicy": "Retain"}]
    shown = text(PlanEntry(machine("web", disks=disks), DELETION))
    assert "- disks[root]   its file goes to the trash" in shown
    assert "disks[data]   its file is kept (reclaimPolicy: Retain)" in shown
