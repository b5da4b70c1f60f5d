"""S37 to S55, as far as no guest is needed: what is refused, and that nothing comes of it. What is taken has real guests, in
tests/e2e/test_vm_share_machines.py."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat_api.http.errors import Problem
from homeostat_contracts.vm_share.snapshots import check_fits
from tests.contracts.vm_share.lab import Lab, Student, refused

MINE = "{id}__ubuntu__0123456789ab.qcow2"


def test_s38_what_is_needed_to_take_one(student: Student) -> None:
    refused(student.post("/snapshot", vmid="0123456789ab"), 400)
    refused(student.post("/snapshot", os_type="tiny"), 404)


def test_s41_a_machine_without_a_disk_has_nothing_to_take(student: Student) -> None:
    student.done("/run-script", os_type="tiny")
    refused(student.post("/vm/snapshot", os_type="tiny"), 409)


def test_s42_what_would_be_too_much(lab: Lab, student: Student) -> None:
    student.done("/run-script", os_type="large")
    before = kept(lab)
    said = refused(student.post("/snapshot", os_type="large"), 413)
    assert "quota" in said and "4.0 MB" in said
    assert kept(lab) == before and student.get("/get_user_snapshots") == []


def kept(lab: Lab) -> tuple[Any, Any]:
    root = lab.root()
    return root.ask("GET", "snapshots").json(), [one["metadata"]["name"] for one in root.ask("GET", "disks").json()["disks"]]


def test_s42_what_just_fits() -> None:
    check_fits(60, 40, 100)
    with pytest.raises(Problem) as refusal:
        check_fits(61, 40, 100)
    assert refusal.value.status_code == 413


def test_s45_of_others_nobody_takes_any(student: Student, other: Student) -> None:
    theirs = other.done("/run-script", os_type="ubuntu")["vm"]["vmid"]
    refused(student.post("/snapshot", os_type="ubuntu", vmid=theirs), 404)
    student.done("/run-script", os_type="tiny")
    refused(student.post("/snapshot", os_type="ubuntu", vmid=theirs), 404)


@pytest.mark.parametrize(
    ("snapshot", "status"),
    [
        ("", 400),
        ("42.qcow2", 400),
        ("../" + MINE, 400),
        ("/etc/passwd", 400),
        ("/snapshots/../" + MINE, 400),
        ("/tmp/" + MINE, 400),
        (MINE, 404),
        ("/snapshots/" + MINE, 404),
        ("9999__ubuntu__0123456789ab.qcow2", 404),
    ],
)
def test_s48_s49_what_is_no_snapshot_of_ones_own(student: Student, snapshot: str, status: int) -> None:
    refused(student.post("/run_snapshot", os_type="x", snapshot=snapshot.format(id=student.id)), status)
    assert student.get("/user_info")["vmid"] is None


def test_s50_at_first_there_is_none(student: Student) -> None:
    assert student.get("/vm/get_user_snapshots") == []


def test_s52_one_that_is_not_there(student: Student) -> None:
    name = MINE.format(id=student.id)
    gone = {"status": "ok", "removed": False, "snapshot": name, "freed_mb": 0, "total_mb": 0}
    assert student.done("/remove_snapshot", snapshot=name) == gone
    assert student.done("/vm/remove_snapshot", os_type="ubuntu", vmid="0123456789ab") == gone


@pytest.mark.parametrize("body", [{"other": "x"}, {"os_type": "ubuntu"}, {"vmid": "0123456789ab"}, {"snapshot": "../x.qcow2"}])
def test_s53_it_has_to_be_named(student: Student, body: dict[str, str]) -> None:
    refused(student.post("/remove_snapshot", **body), 400)


def test_s55_of_others_nobody_removes_any(student: Student, other: Student) -> None:
    refused(student.post("/remove_snapshot", snapshot=MINE.format(id=other.id)), 403)
