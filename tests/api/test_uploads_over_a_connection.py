"""Uploads with an independent client (tuspy), over connections that are cut, and to a server that ends."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.harness import Api, refused, serving
from tests.api.image_files import cached, left, qcow2, sha256
from tests.api.modes import backend
from tests.api.tus_requests import PART, TUS, begin, send
from tests.rig.waiting import free_port, wait_until

client = pytest.importorskip("tusclient.client")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return qcow2(tmp_path / "Debian_12.qcow2", 4 * 2**20)


def uploader(api: Api, file: Path, **metadata: str) -> Any:
    tus = client.TusClient(f"http://127.0.0.1:{api.port}/api/v1/uploads")
    return tus.uploader(str(file), chunk_size=2**20, metadata=metadata, upload_checksum=True)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_client_of_others_uploads_an_image(upload_api: Api, file: Path) -> None:
    uploader(upload_api, file, name="debian", sha256=sha256(file)).upload()
    assert upload_api.http.get("/api/v1/images/debian").json()["spec"]["source"]["sha256"] == sha256(file)
    assert [path.read_bytes() for path in cached(upload_api)] == [file.read_bytes()] and left(upload_api) == []


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


def test_it_goes_on_after_a_cut_connection(upload_api: Api, file: Path) -> None:
    content = file.read_bytes()
    place = begin(upload_api, len(content), filename=file.name).headers["Location"]
    with socket.create_connection(("127.0.0.1", upload_api.port)) as cut:
        head = f"PATCH {place} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\nUpload-Offset: 0\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in PART.items())
        cut.sendall(f"{head}{lines}\r\n".encode() + content[: 3 * 2**19])
        wait_until(lambda: upload_api.http.head(place, headers=TUS).headers["Upload-Offset"] != "0", 20, "a part is there")
        refused(send(upload_api, place, 0, content), 423, "upload_busy")
        refused(begin(upload_api, len(content), filename=file.name), 409, "upload_conflict")

    def offset() -> int:
        return int(upload_api.http.head(place, headers=TUS).headers["Upload-Offset"])

    wait_until(lambda: send(upload_api, place, offset(), b"").status_code == 204, 20, "nobody writes any more")
    assert 2**20 <= offset() <= 3 * 2**19
    assert send(upload_api, place, offset(), content[offset() :]).status_code == 204
    assert upload_api.http.get("/api/v1/images/debian-12").json()["spec"]["source"]["sha256"] == sha256(file)
    done = upload_api.http.head(place, headers=TUS)  # for a client that did not hear the last answer
    assert done.status_code == 200 and done.headers["Upload-Offset"] == str(len(content))


def test_large_parts_go_on_after_a_cut(upload_api: Api, tmp_path: Path) -> None:
    content = qcow2(tmp_path / "large.img", 24 * 2**20).read_bytes()
    place = begin(upload_api, len(content), name="large").headers["Location"]
    with socket.create_connection(("127.0.0.1", upload_api.port)) as cut:
        head = f"PATCH {place} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\nUpload-Offset: 0\r\n"
        lines = "".join(f"{name}: {value}\r\n" for name, value in PART.items())
        cut.sendall(f"{head}{lines}\r\n".encode() + content[: 10 * 2**20])
        wait_until(lambda: upload_api.http.head(place, headers=TUS).headers["Upload-Offset"] != "0", 20, "a part is there")

    def goes_on() -> httpx.Response | None:
        at = int(upload_api.http.head(place, headers=TUS).headers["Upload-Offset"])
        answer = send(upload_api, place, at, content[at:])
        return answer if answer.status_code == 204 else None

    wait_until(goes_on, 30, "it goes on where it was")
    assert [path.read_bytes() for path in cached(upload_api)] == [content] and left(upload_api) == []


def test_nothing_is_kept_where_the_connection_is_cut(upload_api: Api, file: Path) -> None:
    content = file.read_bytes()

    def uploads() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = upload_api.http.get("/api/v1/uploads").json()["uploads"]
        return found

    for headers, body in (
        (f"Content-Length: {len(content)}", content[: 2 * 2**20]),
        ("Transfer-Encoding: chunked", f"{2 * 2**20:x}\r\n".encode() + content[: 2 * 2**20] + b"\r\n"),
    ):
        with socket.create_connection(("127.0.0.1", upload_api.port)) as client:
            client.sendall(f"PUT /api/v1/images/debian/file HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n".encode() + body)
            wait_until(lambda: any(one["offset"] for one in uploads()), 20, "it is under way")
            refused(upload_api.http.put("/api/v1/images/debian/file", content=content), 409, "upload_conflict")
        wait_until(lambda: not uploads(), 20, "it is gone")
        assert left(upload_api) == [] and cached(upload_api) == []
        assert upload_api.http.get("/api/v1/images").json() == {"images": []}


def test_two_requests_on_one_connection(upload_api: Api, tmp_path: Path) -> None:
    content = qcow2(tmp_path / "large.img", 8 * 2**20).read_bytes()
    with socket.create_connection(("127.0.0.1", upload_api.port)) as client:
        head = f"PUT /api/v1/images/larger/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
        client.sendall(head.encode() + content)
        answer = b""
        while part := client.recv(65536):  # it is closed after it: the parser has not seen the end of the body
            answer += part
    assert answer.startswith(b"HTTP/1.1 201 ") and b"connection: close" in answer.lower()


def test_an_answer_before_the_end_of_the_body_says_that_the_connection_ends(upload_api: Api) -> None:
    with socket.create_connection(("127.0.0.1", upload_api.port)) as client:
        head = f"PUT /api/v1/images/page/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: {16 * 2**20}\r\n\r\n"
        client.sendall(head.encode() + b"<html>" + bytes(5 * 2**20))
        answer = b""
        while part := client.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 422 ") and b"connection: close" in answer.lower()


def test_a_large_body_is_read_past_the_event_loop_and_judged_alike(upload_api: Api, tmp_path: Path) -> None:
    file = qcow2(tmp_path / "large.img", 24 * 2**20)
    content = file.read_bytes()
    answer = upload_api.http.put("/api/v1/images/large/file", content=content, params={"sha256": sha256(file)})
    assert answer.status_code == 201, answer.text
    assert [path.read_bytes() for path in cached(upload_api)] == [content]
    assert upload_api.http.get("/api/v1/images/large").status_code == 200, "the next request is served"
    page = b"<html>" + bytes(8 * 2**20)
    refused(upload_api.http.put("/api/v1/images/page/file", content=page), 422, "not_an_image")
    other = upload_api.http.put("/api/v1/images/other/file", content=content, params={"sha256": "0" * 64})
    refused(other, 422, "checksum_mismatch")
    with socket.create_connection(("127.0.0.1", upload_api.port)) as client:
        head = f"PUT /api/v1/images/cut/file HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
        client.sendall(head.encode() + content[: 6 * 2**20])
        wait_until(lambda: upload_api.http.get("/api/v1/uploads").json()["uploads"], 20, "it is under way")
        wait_until(lambda: upload_api.http.get("/healthz").status_code == 200, 20, "others are served meanwhile")
    wait_until(lambda: not upload_api.http.get("/api/v1/uploads").json()["uploads"], 20, "it is gone")
    assert left(upload_api) == [] and len(cached(upload_api)) == 1
