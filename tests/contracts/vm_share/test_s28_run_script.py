"""S28, S30, S15: a machine of a profile, one for each user."""

from __future__ import annotations

import re

from tests.contracts.vm_share.lab import Lab, Student


def test_s28_a_machine_of_a_profile(lab: Lab, student: Student) -> None:
    said = student.done("/run-script", os_type="tiny")
    vmid = said["vm"]["vmid"]
    assert re.fullmatch("[0-9a-f]{12}", vmid)
    assert said["message"] == f"VM for user {student.login} launched (vmid={vmid})"
    assert set(said["vm"]) == {"vmid", "user_id", "os_type", "overlay", "vnc_socket", "qmp_socket", "started_at", "pid"}
    assert (said["vm"]["user_id"], said["vm"]["os_type"]) == (str(student.id), "tiny")
    base = str(lab.served.http.base_url).rstrip("/")
    assert said["redirect"] == f"{base}/novnc/vnc.html?autoconnect=1&path=ws/{vmid}"


def test_s15_what_somebody_has(student: Student) -> None:
    assert student.get("/user_info") == {"os_type": None, "vmid": None}
    vmid = student.done("/vm/run-script", os_type="tiny")["vm"]["vmid"]
    assert student.get("/auth/user_info") == {"os_type": "tiny", "vmid": vmid}
