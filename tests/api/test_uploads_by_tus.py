"""Uploads by the tus protocol, by hand: what is refused, and what is made up for."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.harness import Api, refused, serving
from tests.api.image_files import cached, clear, left, qcow2
from tests.api.tus_requests import TUS, begin, send


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("uploads")) as running:
        yield running


@pytest.fixture
def own_api(server: Api) -> Iterator[Api]:
    yield server
    clear(server)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return qcow2(tmp_path / "Debian_12.qcow2", 4 * 2**20)


def test_a_server_that_was_killed_before_the_end_is_made_up_for(own_api: Api, file: Path) -> None:
    content = file.read_bytes()
    place = begin(own_api, len(content), name="debian").headers["Location"]
    with (own_api.state / "uploads" / f"{place.rpartition('/')[2]}.partial").open("wb") as partial:
        partial.write(content)  # as it is found after a kill just after the last byte
    assert own_api.http.head(place, headers=TUS).headers["Upload-Offset"] == str(len(content))
    assert own_api.http.get("/api/v1/images/debian").status_code == 200 and left(own_api) == []


def test_a_damaged_part_is_thrown_away(own_api: Api, file: Path) -> None:
    content = file.read_bytes()
    place = begin(own_api, len(content), name="debian").headers["Location"]
    right = base64.b64encode(hashlib.sha1(content[:1000]).digest()).decode()
    refused(send(own_api, place, 0, b"x" * 1000, **{"Upload-Checksum": f"sha1 {right}"}), 460, "checksum_mismatch")
    assert own_api.http.head(place, headers=TUS).headers["Upload-Offset"] == "0"
    assert send(own_api, place, 0, content[:1000], **{"Upload-Checksum": f"sha1 {right}"}).status_code == 204
    refused(send(own_api, place, 0, content), 409, "upload_offset")
    refused(send(own_api, place, 1000, b"", **{"Upload-Checksum": "crc32 AAAA"}), 400, "invalid_request")


def test_what_is_no_image_is_refused_with_its_first_part(own_api: Api) -> None:
    page = b"<html>" + b" " * 2**20
    place = begin(own_api, 2**30, name="debian").headers["Location"]
    refused(send(own_api, place, 0, page), 422, "not_an_image")
    refused(own_api.http.get(place), 404, "upload_not_found")
    assert left(own_api) == []


def test_another_checksum_is_refused_at_the_end(own_api: Api, file: Path) -> None:
    content = file.read_bytes()
    place = begin(own_api, len(content), name="debian", sha256="0" * 64).headers["Location"]
    refused(send(own_api, place, 0, content), 422, "checksum_mismatch")
    assert left(own_api) == [] and cached(own_api) == []


def test_more_than_was_said_is_refused(own_api: Api, file: Path) -> None:
    content = file.read_bytes()
    place = begin(own_api, 1000, name="debian").headers["Location"]
    refused(send(own_api, place, 0, content), 413, "upload_too_large")
    assert left(own_api) == []


def test_it_can_be_ended(own_api: Api, file: Path) -> None:
    place = begin(own_api, 2**30, name="debian").headers["Location"]
    assert send(own_api, place, 0, file.read_bytes()).status_code == 204
    assert own_api.http.delete(place, headers=TUS).status_code == 204
    refused(own_api.http.get(place), 404, "upload_not_found")
    assert left(own_api) == []


def test_what_the_server_can_do_is_said(own_api: Api) -> None:
    said = own_api.http.options("/api/v1/uploads")
    assert said.status_code == 204 and said.headers["Tus-Version"] == "1.0.0"
    assert said.headers["Tus-Extension"] == "creation,termination,checksum,expiration"
    assert said.headers["Tus-Max-Size"] == str(64 * 2**30)
    refused(own_api.http.post("/api/v1/uploads", headers={"Upload-Length": "1"}), 412, "precondition_failed")
    made = begin(own_api, 1000, name="debian")
    assert made.status_code == 201 and made.headers["Upload-Expires"].endswith("GMT")
    refused(send(own_api, made.headers["Location"], 0, b"x", **{"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    refused(begin(own_api, 65 * 2**30, name="other"), 413, "upload_too_large")
    refused(begin(own_api, 0, name="other"), 422, "not_an_image")
    space = os.statvfs(own_api.state)
    if space.f_bavail * space.f_frsize < 64 * 2**30:
        refused(begin(own_api, 64 * 2**30, name="other"), 507, "no_space")
