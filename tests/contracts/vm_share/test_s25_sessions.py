"""S25 to S27: machines for everybody to see, and of them no path, process or socket."""

from __future__ import annotations

import pytest

from tests.contracts.vm_share.lab import Lab, Student, refused

FIELDS = {"vmid", "user_id", "os_type", "state", "http_port", "created_at", "last_seen"}


def test_s25_s26_s27_for_everybody(lab: Lab, student: Student, other: Student) -> None:
    first, second = (one.done("/run-script", os_type="tiny")["vm"]["vmid"] for one in (student, other))
    found = lab.active()
    assert all(set(one) == FIELDS for one in found)
    vmids = [one["vmid"] for one in found]
    assert {first, second} <= set(vmids)
    assert [one["created_at"] for one in found] == sorted((one["created_at"] for one in found), reverse=True)
    (mine,) = lab.active(user_id=student.id)
    assert (mine["vmid"], mine["user_id"], mine["os_type"], mine["state"]) == (first, str(student.id), "tiny", "running")
    assert len(lab.active(limit=1)) == 1
    with lab.http() as http:
        listed = http.get("/api/sessions/active").json()  # what each of them does may have changed meanwhile
    assert {first, second} <= {one["vmid"] for one in listed} and all(set(one) == FIELDS for one in listed)


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1", "1.5", ""])
def test_s26_limits(lab: Lab, limit: str) -> None:
    with lab.http() as http:
        answer = http.get(f"/sessions/active?limit={limit}")
        if limit:
            refused(answer, 422)
        assert http.get("/sessions/active?limit=1000").status_code == 200


def test_s25_an_administrator_ends_one(lab: Lab, student: Student) -> None:
    student.done("/run-script", os_type="tiny")
    assert lab.root().ask("DELETE", f"vms/{lab.machine(student)}?force=true&wait=30").status_code in (200, 202, 204)
    lab.served.until(lambda: lab.active(user_id=student.id) == [], "it is gone")
    assert student.get("/user_info") == {"os_type": None, "vmid": None}
