"""Which steps of a plan are told, and in what words: ``step_taken``."""

from __future__ import annotations

import dataclasses
import typing

import pytest
from pydantic import SecretStr

from homeostat.planner import actions as act
from homeostat.planner.actions import Action
from homeostat.planner.observed import DomainState, ImagePhase, Observed, ObservedDomain, ObservedImage, ObservedStorage
from homeostat.runtime.machine.happenings import step_taken
from tests.unit.cli.test_cli_every_action_has_words import SAMPLES
from tests.unit.world import HOST

NEW = Observed(HOST, None)
KNOWN = Observed(HOST, ObservedDomain("web", "u", DomainState.SHUTOFF, "", True, False, False, None, None))

# What an action is told as, of a machine that is known already; all others are not told.
TOLD = {
    "DefineDomain": "Redefined", "StartDomain": "Starting", "ShutdownDomain": "ShutdownRequested", "PowerOffDomain": "PoweredOff",
    "PauseDomain": "Pause", "ResumeDomain": "Resume", "SaveDomain": "Save", "DiscardSave": "DiscardSave",
    "AttachDisk": "AttachDisk", "DetachDisk": "DetachDisk", "ChangeMedium": "ChangeMedium", "LimitDisk": "LimitDisk",
    "AttachNic": "AttachNic",
    "DetachNic": "DetachNic", "GrowDisk": "GrowDisk", "ReplugNic": "ReplugNic", "SetLink": "SetLink", "SetVcpus": "SetVcpus",
    "SetMemory": "SetMemory", "RenameDomain": "Renamed", "ChangePassword": "PasswordChanged", "FetchImage": "Fetching",
    "SetAside": "SetAside", "CreateDisk": "DiskStaysInTrash", "TakeBack": "Restored", "UndefineDomain": "FilesStay",
    "DeleteFile": "FileDeleted", "RestoreSnapshot": "WentBack",
}  # fmt: skip
WARNINGS = {"PowerOffDomain", "CreateDisk", "UndefineDomain"}


def sample(action: type) -> Action:
    hints = typing.get_type_hints(action)
    values = {f.name: SAMPLES.get(hints[f.name]) for f in dataclasses.fields(action)}
    return typing.cast("Action", action(**{**values, "reason": "since we say so"}))


@pytest.mark.parametrize("kind", typing.get_args(Action), ids=lambda kind: kind.__name__)
def test_each_action(kind: type) -> None:
    told = step_taken(sample(kind), KNOWN)
    assert (told.reason if told else None) == TOLD.get(kind.__name__)
    if told:
        assert told.type == ("Warning" if kind.__name__ in WARNINGS else "Normal")
        assert "secret" not in told.message
        assert "since we say so" in told.message or kind.__name__ == "UndefineDomain"


def test_what_begins_a_machine_is_told_as_created_and_started_alone() -> None:
    assert step_taken(sample(act.DefineDomain), NEW) is None
    assert step_taken(sample(act.StartDomain), NEW) is None


def test_a_fetch_is_told_once_however_often_it_is_tried() -> None:
    image = act.ImageRef("http://x/i")
    fetch = act.FetchImage(image, "root needs it")
    first = step_taken(fetch, NEW)
    assert first is not None and first.message == "http://x/i: root needs it"
    failed = ObservedImage(ImagePhase.FAILED, error="404")
    again = Observed(HOST, None, storage=ObservedStorage(images={image.key: failed}))
    assert step_taken(fetch, again) is None
    pending = Observed(HOST, None, storage=ObservedStorage(images={image.key: ObservedImage(ImagePhase.MISSING)}))
    assert step_taken(fetch, pending) is not None


def test_an_ordinary_new_disk_and_an_ordinary_end_are_not_told() -> None:
    assert step_taken(act.CreateDisk("/x", 1, None, None, "new"), KNOWN) is None
    assert step_taken(act.UndefineDomain("u", "gone"), KNOWN) is None


def test_what_stays_and_where_it_lies_is_named() -> None:
    aside = act.SetAside("default.web", "default", "web", "u", (("a", "/d/a"), ("b", "/d/b")), 60.0, True, "deleted")
    told = [
        step_taken(aside, KNOWN),
        step_taken(act.UndefineDomain("u", "gone", ("/backup/a", "/backup/b")), KNOWN),
        step_taken(act.TakeBack("default.web", "a", "/d/a", "it is back"), KNOWN),
        step_taken(act.CreateDisk("/d/a", 1, None, None, "new", "It stays in the trash."), KNOWN),
    ]
    assert [happening.message for happening in told if happening] == [
        "/d/a, /d/b: deleted (trash entry default.web)",
        "others put its disks on /backup/a, /backup/b: that is not deleted",
        "/d/a from trash entry default.web: it is back",
        "a new disk is made, new. It stays in the trash.",
    ]


def test_a_password_is_not_told() -> None:
    told = step_taken(act.ChangePassword("u", SecretStr("hunter2"), "the file changed"), KNOWN)
    assert told is not None and "hunter2" not in f"{told}"
