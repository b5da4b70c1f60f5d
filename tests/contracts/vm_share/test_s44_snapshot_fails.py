"""S44: what a snapshot that is not taken had begun goes, and nothing is charged. The test driver takes none of such a machine."""

from __future__ import annotations

from tests.contracts.vm_share.lab import Lab, Student, refused
from tests.contracts.vm_share.test_s37_snapshots import kept


def test_s44_one_that_fails_is_not_charged(lab: Lab, student: Student) -> None:
    student.done("/run-script", os_type="ubuntu")
    _, disks = kept(lab)
    said = refused(student.post("/snapshot", os_type="ubuntu"), 500)
    assert said.startswith("Snapshot error: ") and "vmshare-" not in said
    assert student.get("/get_user_snapshots") == []
    snapshots, after = kept(lab)
    assert after == disks
    assert [one for one in snapshots["snapshots"] if "deletionTimestamp" not in one["metadata"]] == []
