"""Uploads by the tus protocol, by hand: what is refused, and what is made up for."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest

from tests.api.harness import Api, refused
from tests.api.image_files import cached, left, qcow2
from tests.api.tus_requests import PART, TUS, begin, send


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return qcow2(tmp_path / "Debian_12.qcow2", 4 * 2**20)


def test_a_server_that_was_killed_before_the_end_is_made_up_for(upload_api: Api, file: Path) -> None:
    content = file.read_bytes()
    place = begin(upload_api, len(content), name="debian").headers["Location"]
    with (upload_api.state / "uploads" / f"{place.rpartition('/')[2]}.partial").open("wb") as partial:
        partial.write(content)  # as it is found after a kill just after the last byte
    assert upload_api.http.head(place, headers=TUS).headers["Upload-Offset"] == str(len(content))
    assert upload_api.http.get("/api/v1/images/debian").status_code == 200 and left(upload_api) == []


def test_a_damaged_part_is_thrown_away(upload_api: Api, file: Path) -> None:
    content = file.read_bytes()
    place = begin(upload_api, len(content), name="debian").headers["Location"]
    right = base64.b64encode(hashlib.sha1(content[:1000]).digest()).decode()
    refused(send(upload_api, place, 0, b"x" * 1000, **{"Upload-Checksum": f"sha1 {right}"}), 460, "checksum_mismatch")
    assert upload_api.http.head(place, headers=TUS).headers["Upload-Offset"] == "0"
    assert send(upload_api, place, 0, content[:1000], **{"Upload-Checksum": f"sha1 {right}"}).status_code == 204
    refused(send(upload_api, place, 0, content), 409, "upload_offset")
    refused(send(upload_api, place, 1000, b"", **{"Upload-Checksum": "crc32 AAAA"}), 400, "invalid_request")


def test_what_is_no_image_is_refused_with_its_first_part(upload_api: Api) -> None:
    page = b"<html>" + b" " * 2**20
    place = begin(upload_api, 2**30, name="debian").headers["Location"]
    refused(send(upload_api, place, 0, page), 422, "not_an_image")
    refused(upload_api.http.get(place), 404, "upload_not_found")
    assert left(upload_api) == []


def test_another_checksum_is_refused_at_the_end(upload_api: Api, file: Path) -> None:
    content = file.read_bytes()
    place = begin(upload_api, len(content), name="debian", sha256="0" * 64).headers["Location"]
    refused(send(upload_api, place, 0, content), 422, "checksum_mismatch")
    assert left(upload_api) == [] and cached(upload_api) == []


def test_more_than_was_said_is_refused(upload_api: Api, file: Path) -> None:
    content = file.read_bytes()
    place = begin(upload_api, 1000, name="debian").headers["Location"]
    refused(send(upload_api, place, 0, content), 413, "upload_too_large")
    assert upload_api.http.head(place, headers=TUS).headers["Upload-Offset"] == "0"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_part_that_is_too_long_costs_that_part_alone(upload_api: Api, file: Path, chunked: bool) -> None:
    content = file.read_bytes()
    place, half = begin(upload_api, len(content), name="debian").headers["Location"], len(content) // 2
    assert send(upload_api, place, 0, content[:half]).status_code == 204
    rest = content[half:] + b"x"
    too_long = upload_api.http.patch(
        place, content=iter([rest]) if chunked else rest, headers={**PART, "Upload-Offset": str(half)}
    )
    assert refused(too_long, 413, "upload_too_large")["offset"] == half
    assert upload_api.http.head(place, headers=TUS).headers["Upload-Offset"] == str(half)
    assert send(upload_api, place, half, content[half:]).status_code == 204
    assert upload_api.http.get("/api/v1/images/debian").status_code == 200 and left(upload_api) == []


def test_it_can_be_ended(upload_api: Api, file: Path) -> None:
    place = begin(upload_api, 2**30, name="debian").headers["Location"]
    assert send(upload_api, place, 0, file.read_bytes()).status_code == 204
    assert upload_api.http.delete(place, headers=TUS).status_code == 204
    refused(upload_api.http.get(place), 404, "upload_not_found")
    assert left(upload_api) == []


def test_what_the_server_can_do_is_said(upload_api: Api) -> None:
    said = upload_api.http.options("/api/v1/uploads")
    assert said.status_code == 204 and said.headers["Tus-Version"] == "1.0.0"
    assert said.headers["Tus-Extension"] == "creation,termination,checksum,expiration"
    assert said.headers["Tus-Max-Size"] == str(64 * 2**30)
    refused(upload_api.http.post("/api/v1/uploads", headers={"Upload-Length": "1"}), 412, "precondition_failed")
    made = begin(upload_api, 1000, name="debian")
    assert made.status_code == 201 and made.headers["Upload-Expires"].endswith("GMT")
    refused(send(upload_api, made.headers["Location"], 0, b"x", **{"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    shouted = {"Content-Type": "Application/OFFSET+octet-stream; a=b"}
    assert send(upload_api, made.headers["Location"], 0, b"x", **shouted).status_code == 204
    refused(begin(upload_api, 65 * 2**30, name="other"), 413, "upload_too_large")
    refused(begin(upload_api, 0, name="other"), 422, "not_an_image")
    space = os.statvfs(upload_api.state)
    if space.f_bavail * space.f_frsize < 64 * 2**30:
        refused(begin(upload_api, 64 * 2**30, name="other"), 507, "no_space")
