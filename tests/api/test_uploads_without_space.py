"""A file system that is full in the middle of an upload by tus costs what cannot be written, and nothing that had arrived."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.api.harness import Api, refused, serving
from tests.api.image_files import cached, left, qcow2, sha256
from tests.api.modes import KUBERNETES
from tests.api.tus_requests import TUS, begin, send

MIB = 2**20


@contextmanager
def small(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False).returncode:
        pytest.skip("cannot mount a small file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return qcow2(tmp_path / "disk.bin", 5 * MIB)


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Api]:
    """A server whose YAML lies on a file system of its own."""
    if KUBERNETES:
        pytest.skip("there is no folder")
    with small(tmp_path / "machines", "64k"), serving(tmp_path) as api:
        yield api


@pytest.mark.parametrize("way", ["part", "question"])
def test_a_folder_of_yaml_that_is_full_costs_no_upload(cramped: Api, file: Path, way: str) -> None:
    content = file.read_bytes()
    size, half = len(content), len(content) // 2
    place = begin(cramped, size, name="i1").headers["Location"]
    assert send(cramped, place, 0, content[:half]).status_code == 204
    filler = fill(cramped.folder)
    refused(send(cramped, place, half, content[half:]), 503, "store_unavailable")
    refused(send(cramped, place, size, b""), 503, "store_unavailable")
    assert cached(cramped) == [], "no file without an image"
    (under_way,) = cramped.http.get("/api/v1/uploads").json()["uploads"]
    assert (under_way["name"], under_way["offset"], under_way["length"]) == ("i1", size, size)
    assert refused(send(cramped, place, half, content[half:]), 409, "upload_offset")["offset"] == size
    filler.unlink()
    if way == "part":
        assert send(cramped, place, size, b"").headers["Upload-Offset"] == str(size)
    else:
        assert cramped.http.head(place, headers=TUS).headers["Upload-Offset"] == str(size)
    (kept,) = cached(cramped)
    assert kept.read_bytes() == content and sha256(file) in cramped.written("images", "i1") and left(cramped) == []


def test_one_request_leaves_no_file_without_an_image(cramped: Api, file: Path) -> None:
    fill(cramped.folder)
    refused(cramped.http.put("/api/v1/images/i1/file", content=file.read_bytes()), 503, "store_unavailable")
    assert cached(cramped) == [] and left(cramped) == []


def test_a_state_folder_that_is_full_costs_the_last_part(tmp_path: Path, file: Path) -> None:
    content = file.read_bytes()
    size, half = len(content), len(content) // 10
    with serving(tmp_path) as api, small(api.state / "uploads", "16m"):
        place = begin(api, size, name="i1").headers["Location"]
        assert send(api, place, 0, content[:half]).status_code == 204
        filler = fill(api.state / "uploads")
        for part in (content[half:], content[half : half + 8192]):  # read by a thread, and through the event loop
            answer = send(api, place, half, part)
            assert refused(answer, 507, "no_space") == {"offset": half}
            assert f"what came before it stays: so go on from {half}" in answer.json()["error"]
        filler.unlink()
        assert api.http.head(place, headers=TUS).headers["Upload-Offset"] == str(half)
        assert send(api, place, half, content[half:-1]).headers["Upload-Offset"] == str(size - 1)
