"""Uploads by the tus protocol, with an independent client (tuspy), and by hand where a client would not do so."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.harness import Api, refused, serving
from tests.api.image_files import cached, clear, left, qcow2, sha256
from tests.api.modes import backend
from tests.rig.waiting import free_port, wait_until

client = pytest.importorskip("tusclient.client")
TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


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


def uploader(api: Api, file: Path, **metadata: str) -> Any:
    tus = client.TusClient(f"http://127.0.0.1:{api.port}/api/v1/uploads")
    return tus.uploader(str(file), chunk_size=2**20, metadata=metadata, upload_checksum=True)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def begin(api: Api, length: int, **metadata: str) -> httpx.Response:
    said = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
    return api.http.post("/api/v1/uploads", headers={**TUS, "Upload-Length": str(length), "Upload-Metadata": said})


def send(api: Api, place: str, offset: int, content: bytes, **headers: str) -> httpx.Response:
    return api.http.patch(place, content=content, headers={**PART, "Upload-Offset": str(offset), **headers})


def test_a_client_of_others_uploads_an_image(own_api: Api, file: Path) -> None:
    uploader(own_api, file, name="debian", sha256=sha256(file)).upload()
    assert own_api.http.get("/api/v1/images/debian").json()["spec"]["source"]["sha256"] == sha256(file)
    assert [path.read_bytes() for path in cached(own_api)] == [file.read_bytes()] and left(own_api) == []


def test_it_goes_on_after_a_restart_of_the_server(tmp_path: Path, file: Path) -> None:
    where, port = backend(tmp_path), free_port()
    with serving(tmp_path, where=where, port=port) as api:
        upload = uploader(api, file, name="debian")
        upload.upload_chunk()
        upload.upload_chunk()
        api.process.send_signal(signal.SIGKILL)
        api.process.wait()
        wait_until(lambda: not listens(port), 20, "its worker has noticed")
    with serving(tmp_path, where=where, port=port) as api:
        again = uploader(api, file)
        again.set_url(upload.url)
        again.offset = again.get_offset()
        assert again.offset == 2 * 2**20
        again.upload()
        assert [path.read_bytes() for path in cached(api)] == [file.read_bytes()] and left(api) == []


def test_it_goes_on_after_a_cut_connection(own_api: Api, file: Path) -> None:
    content = file.read_bytes()
    place = begin(own_api, len(content), filename=file.name).headers["Location"]
    with socket.create_connection(("127.0.0.1", own_api.port)) as cut:
        head = f"PATCH {place} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\nUpload-Offset: 0\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in PART.items())
        cut.sendall(f"{head}{lines}\r\n".encode() + content[: 3 * 2**19])
        wait_until(lambda: own_api.http.head(place, headers=TUS).headers["Upload-Offset"] != "0", 20, "a part is there")
        refused(send(own_api, place, 0, content), 423, "upload_busy")
        refused(begin(own_api, len(content), filename=file.name), 409, "upload_conflict")

    def offset() -> int:
        return int(own_api.http.head(place, headers=TUS).headers["Upload-Offset"])

    wait_until(lambda: send(own_api, place, offset(), b"").status_code == 204, 20, "nobody writes any more")
    assert 2**20 <= offset() <= 3 * 2**19
    assert send(own_api, place, offset(), content[offset() :]).status_code == 204
    assert own_api.http.get("/api/v1/images/debian-12").json()["spec"]["source"]["sha256"] == sha256(file)
    done = own_api.http.head(place, headers=TUS)  # for a client that did not hear the last answer
    assert done.status_code == 200 and done.headers["Upload-Offset"] == str(len(content))


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


def test_large_parts_go_on_after_a_cut(own_api: Api, tmp_path: Path) -> None:
    content = qcow2(tmp_path / "large.img", 24 * 2**20).read_bytes()
    place = begin(own_api, len(content), name="large").headers["Location"]
    with socket.create_connection(("127.0.0.1", own_api.port)) as cut:
        head = f"PATCH {place} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\nUpload-Offset: 0\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in PART.items())
        cut.sendall(f"{head}{lines}\r\n".encode() + content[: 10 * 2**20])
        wait_until(lambda: own_api.http.head(place, headers=TUS).headers["Upload-Offset"] != "0", 20, "a part is there")

    def goes_on() -> httpx.Response | None:
        at = int(own_api.http.head(place, headers=TUS).headers["Upload-Offset"])
        answer = send(own_api, place, at, content[at:])
        return answer if answer.status_code == 204 else None

    wait_until(goes_on, 30, "it goes on where it was")
    assert [path.read_bytes() for path in cached(own_api)] == [content] and left(own_api) == []
