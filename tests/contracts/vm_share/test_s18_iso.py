"""S18 to S22, S34 to S36: an ISO of one's own, and a machine that boots it."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.modes import of_a_folder
from tests.api.people import Person
from tests.contracts.vm_share.lab import ISO_MAX, Lab, Student, medium, refused
from tests.rig.forms import BOUNDARY, CLOSED, ENDS, unclosed

DATABASE = re.compile(r"\.(db|sqlite)(-wal|-shm)?$")


def test_s18_s22_s34_it_is_uploaded_and_booted(lab: Lab, student: Student) -> None:
    answer = student.upload(medium())
    assert answer.json() == {
        "message": "ISO uploaded",
        "user_id": str(student.id),
        "iso_path": f"/isos/{student.id}.iso",
        "size": 2**21,
    }
    said = student.done("/vm/run-iso")
    assert (said["vm"]["os_type"], said["vm"]["overlay"]) == ("custom", None)
    assert said["redirect"].endswith(f"path=ws/{said['vm']['vmid']}&reconnect=1&reconnect_delay=1500")
    again = student.done("/run-iso")  # S36
    assert again["message"] == f"VM already running for user {student.login}" and again["vm"]["vmid"] == said["vm"]["vmid"]
    assert again["redirect"] == said["redirect"]
    machine = lab.root().ask("GET", f"vms/{lab.machine(student)}/spec").json()
    (disk,) = machine["disks"]
    assert disk["type"] == "cdrom"


def test_s19_the_newest_counts(lab: Lab, student: Student) -> None:
    for number in (1, 2):
        assert student.upload(medium(mark=b"%d" % number)).status_code == 200
    images = lab.root().ask("GET", "images").json()["images"]
    mine = [one["metadata"] for one in images if student.login in one["metadata"]["labels"].values()]
    (kept,) = [meta["name"] for meta in mine if "deletionTimestamp" not in meta]
    assert kept.startswith("vmshare-iso-")
    assert student.done("/run-iso")["vm"]["os_type"] == "custom"


def test_s19_of_several_at_once_one_is_left(lab: Lab, student: Student) -> None:
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda number: student.upload(medium(mark=b"%d" % number)).status_code, range(3)))
    assert answers == [200] * 3
    images = lab.root().ask("GET", "images").json()["images"]
    mine = [one["metadata"] for one in images if student.login in one["metadata"]["labels"].values()]
    assert len([meta for meta in mine if "deletionTimestamp" not in meta]) == 1


def test_s20_what_is_too_large_leaves_nothing(lab: Lab, student: Student) -> None:
    mark = f"{student.login} too large".encode()
    refused(student.upload(medium(ISO_MAX + 1, mark)), 413)
    assert kept(lab, mark) == []
    refused(student.post("/run-iso"), 404)
    assert student.upload(medium(ISO_MAX, mark)).status_code == 200
    assert len(kept(lab, mark)) == 1


def kept(lab: Lab, mark: bytes) -> list[Path]:
    """Files of the server that begin with such a medium."""
    state = lab.served.real.api.state
    found = [Path(folder) / name for folder, _, names in os.walk(state) for name in names if not DATABASE.search(name)]
    return [path for path in found if path.is_file() and mark in beginning(path)]


def beginning(path: Path) -> bytes:
    """Reads what a medium's mark stands in; of what goes meanwhile nothing."""
    try:
        with path.open("rb") as file:
            return file.read(40_000)
    except FileNotFoundError:
        return b""


def test_s20_one_under_way_counts_as_what_it_may_have(lab: Lab, student: Student) -> None:
    """Whoever is refused is counted first, at that moment."""
    root, native = lab.root(), Person(lab.served.real.http, student.login)
    assert root.status("PATCH", f"users/{student.login}/quota", json={"disk": "1Gi"}) == 200
    with slow(student, medium()) as ended:
        lab.served.until(lambda: native.ask("GET", "uploads").json()["uploads"], "it is under way")
        assert native.status("POST", "disks", json={"name": f"large-{student.id}", "spec": {"size": "2Gi"}}) == 403
        assert student.upload(medium()).status_code == 200
        used = used_of(native)
        assert used <= 2 * ISO_MAX, used
    assert ended.result().status_code == 200


def used_of(native: Person) -> int:
    (found,) = native.ask("GET", "quotas").json()["quotas"]
    used: int = found["quotas"]["disk"]["used"]
    return used


@contextmanager
def slow(student: Student, content: bytes) -> Iterator[Future[httpx.Response]]:
    """Uploads, and sends the end last: when the context ends."""
    go_on, form = threading.Event(), unclosed(content, CLOSED)

    def parts() -> Iterator[bytes]:
        yield form["content"][:-100]
        assert go_on.wait(60)
        yield form["content"][-100:]

    with httpx.Client(base_url=student.http.base_url, timeout=60) as http, ThreadPoolExecutor(1) as pool:
        headers = {**form["headers"], "Authorization": f"Bearer {student.token}"}
        answer = pool.submit(http.post, "/api/post", content=parts(), headers=headers)
        try:
            yield answer
        finally:
            go_on.set()


def test_s21_a_form_without_a_file(student: Student) -> None:
    refused(student.upload(medium(), "other"), 422)
    refused(student.post("/api/post", file="x"), 422)


def test_s21_of_a_form_without_its_end_nothing_is_kept(lab: Lab, student: Student) -> None:
    mark = f"{student.login} without its end".encode()
    for end in ENDS:
        refused(send(student, unclosed(medium(mark=mark), end)), 400)
    assert kept(lab, mark) == []
    refused(student.post("/run-iso"), 404)
    shouted = unclosed(medium(mark=mark), CLOSED)
    shouted["headers"] = {"Content-Type": f"MULTIPART/FORM-DATA; Boundary={BOUNDARY}"}
    assert send(student, shouted).status_code == 200
    assert len(kept(lab, mark)) == 1


def send(student: Student, form: dict[str, Any]) -> httpx.Response:
    headers = {**form["headers"], "Authorization": f"Bearer {student.token}"}
    return student.http.post("/api/post", content=form["content"], headers=headers)


def test_s35_what_boots_no_machine(student: Student) -> None:
    refused(student.post("/run-iso"), 404)
    refused(student.upload(b"\x00" * 2**21), 400)  # no ISO at all
    refused(student.post("/run-iso"), 404)
    assert student.upload(medium(2**20 - 1)).status_code == 200
    assert "1 MiB" in refused(student.post("/run-iso"), 404)


@of_a_folder
@pytest.mark.parametrize("instead", ["nothing", "a directory"])
def test_s35_an_iso_whose_file_is_gone(lab: Lab, student: Student, instead: str) -> None:
    mark = f"{student.login} {instead}".encode()
    assert student.upload(medium(mark=mark)).status_code == 200
    (file,) = kept(lab, mark)
    file.unlink()
    if instead == "a directory":
        file.mkdir()
    said = refused(student.post("/run-iso"), 404)  # also where the operator has seen it by now
    assert said.startswith("ISO not found") and lab.active(user_id=student.id) == []
    if instead == "a directory":
        file.rmdir()


def test_s34_of_others_nobody_boots_anything(student: Student, other: Student) -> None:
    assert other.upload(medium()).status_code == 200
    refused(student.post("/run-iso"), 404)
