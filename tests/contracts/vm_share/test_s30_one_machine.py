"""S30 to S33: one machine for each user, and nothing is left of one that does not start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.people import Person
from tests.contracts.vm_share.lab import Lab, Student, refused


def test_s30_one_that_runs_is_there_already(student: Student) -> None:
    first = student.done("/run-script", os_type="tiny")
    again = student.done("/vm/run-script", os_type="ubuntu")
    assert again["message"] == f"VM already running for user {student.login}"
    assert (again["vm"], again["redirect"]) == (first["vm"], first["redirect"])


def test_s31_two_at_once_are_one(lab: Lab, student: Student) -> None:
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda _: student.done("/run-script", os_type="ubuntu"), range(4)))
    assert len({one["vm"]["vmid"] for one in said}) == 1
    assert sum("launched" in one["message"] for one in said) == 1
    assert len(lab.active(user_id=student.id)) == 1
    kept = [{"name": f"vmshare-{said[0]['vm']['vmid']}"}]
    lab.served.until(lambda: student_disks(lab, student) == kept, "the overlays of the others go")


def student_disks(lab: Lab, student: Student) -> list[dict[str, str]]:
    found = lab.root().ask("GET", "disks?view=resource").json()["disks"]
    return [{"name": one["metadata"]["name"]} for one in found if student.login in one["metadata"]["labels"].values()]


def test_s30_nobody_bars_others_by_a_name(lab: Lab, student: Student, other: Student) -> None:
    mallory, own = Person(lab.served.real.http, other.login), f"vmshare-{student.id}"
    student.done("/run-script", os_type="tiny")
    known = lab.machine(student)
    student.post("/logout")
    lab.served.until(lambda: lab.root().status("GET", f"vms/{known}") == 404, "it is gone")
    assert mallory.status("POST", "vms", json={"name": known}) == 409  # what was his stays his
    for kind, name, spec in (("vms", own, {}), ("deployments", own, {"replicas": 1, "template": {"spec": {}}})):
        assert mallory.status("POST", kind, json={"name": name, "spec": spec}) == 201
        assert mallory.status("DELETE", f"{kind}/{name}", params={"wait": "30"}) in (200, 202, 204)
    again = lab.sign_in(student.login)
    again.done("/run-script", os_type="tiny")
    assert lab.machine(student) == known  # so two at once cannot both make one
    again.post("/logout")


def test_s29_each_has_a_fresh_overlay(lab: Lab, student: Student) -> None:
    first = student.done("/run-script", os_type="ubuntu")["vm"]
    assert first["overlay"] == f"/overlays/{first['vmid']}.qcow2"
    student.post("/logout")
    again = lab.sign_in(student.login)
    second = again.done("/run-script", os_type="ubuntu")["vm"]
    assert second["vmid"] != first["vmid"]
    assert student_disks(lab, student) == [{"name": f"vmshare-{second['vmid']}"}]
    again.post("/logout")


@pytest.mark.parametrize("os_type", ["broken", "lost"])
def test_s32_of_one_that_does_not_start_nothing_is_left(lab: Lab, student: Student, os_type: str) -> None:
    said = refused(student.post("/run-script", os_type=os_type), 500)
    assert "vmshare-" not in said  # which nobody knows here
    assert "/images/" not in said  # where files are on the server is nobody's business
    assert student.get("/user_info") == {"os_type": None, "vmid": None}
    assert lab.active(user_id=student.id) == []
    lab.served.until(lambda: student_disks(lab, student) == [], "its overlay is gone")


@pytest.mark.parametrize(("os_type", "status"), [("beos", 404), ("gone", 404), ("", 400), ("custom", 400)])
def test_s33_no_profile(student: Student, os_type: str, status: int) -> None:
    said = refused(student.post("/run-script", os_type=os_type), status)
    assert ("use /run-iso" in said) is (os_type == "custom")
