"""S13: who signs out while his machine is being launched has none afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.contracts.vm_share.lab import Lab, Student


def parts(lab: Lab, student: Student) -> list[str]:
    """What there is of somebody's machine."""
    root, found = lab.root(), []
    for kind in ("vms", "disks"):
        listed = root.ask("GET", f"{kind}?view=resource").json()
        listed = listed if isinstance(listed, list) else listed[kind]
        found += [one["metadata"]["name"] for one in listed if student.login in one["metadata"]["labels"].values()]
    return found


def test_s13_none_is_left(lab: Lab, login: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        for round in range(4):
            student = lab.register(f"{login}-{round}")
            asked = pool.submit(student.post, "/run-script", os_type="ubuntu")
            while round % 2 and not (asked.done() or parts(lab, student)):
                pass  # until something of it is made
            assert student.post("/logout").status_code == 200
            assert asked.result().status_code in (200, 401, 500)
            lab.served.until(lambda student=student: parts(lab, student) == [], "nothing is left")
