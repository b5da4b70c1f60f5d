"""Q23 and Q24: a name is never a path or a command, and never another disk's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.qemu_manager.manager import Manager, refused


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/b",
        "..",
        "a'b",
        'a"b',
        "$(touch x)",
        "`id`",
        "a b",
        "-rf",
        ".hidden",
        "a;b",
        "a|b",
        "a\nb",
        "a" * 65,
        "é",
        "%2e",
    ],
)
def test_q23_it_is_refused(manager: Manager, name: str) -> None:
    before = manager.http.get("/api/disks").json()
    refused(manager.http.post("/api/disks", json={"name": name, "size": 1, "format": "qcow2"}), 400)
    assert manager.http.get("/api/disks").json() == before


def test_q24_one_that_is_taken_leaves_the_file_as_it_is(manager: Manager, name: str) -> None:
    first = manager.disk(name, 1, "raw")
    with Path(first["path"]).open("r+b") as file:
        file.write(b"of the first")
    refused(manager.http.post("/api/disks", json={"name": name, "size": 2, "format": "raw"}), 400)
    assert Path(first["path"]).read_bytes()[:12] == b"of the first" and Path(first["path"]).stat().st_size == 2**30


def test_q24_names_that_differ_by_case_are_two(manager: Manager, name: str) -> None:
    assert manager.disk(f"{name}.A")["path"] != manager.disk(f"{name}.a")["path"]
