"""An image's file in one request, as a body or in a form: whole and judged, or nothing of it is kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.api.harness import Api, refused, serving
from tests.api.image_files import cached, left, qcow2, sha256
from tests.rig.forms import CLOSED, ENDS, unclosed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return qcow2(tmp_path / "disk.bin", 3 * 2**20)


def test_put_makes_an_image_of_it(upload_api: Api, file: Path) -> None:
    answer = upload_api.http.put("/api/v1/images/debian/file", content=file.read_bytes(), params={"sha256": sha256(file)})
    assert answer.status_code == 201, answer.text
    assert answer.json()["spec"] == {"source": {"upload": {}, "sha256": sha256(file)}}
    assert sha256(file) in upload_api.written("images", "debian")
    (kept,) = cached(upload_api)
    assert kept.read_bytes() == file.read_bytes() and kept.stat().st_mode & 0o7777 == 0o444
    assert left(upload_api) == [] and (upload_api.state / "uploads").stat().st_mode & 0o7777 == 0o700


def test_a_form_makes_an_image_of_it(upload_api: Api, file: Path) -> None:
    with file.open("rb") as opened:
        answer = upload_api.http.post("/api/v1/images", data={"name": "debian", "sha256": sha256(file)}, files={"file": opened})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == "/api/v1/images/debian"
    assert [path.read_bytes() for path in cached(upload_api)] == [file.read_bytes()] and left(upload_api) == []


def test_a_body_of_unknown_length_is_taken(upload_api: Api, file: Path) -> None:
    answer = upload_api.http.put("/api/v1/images/debian/file", content=iter([file.read_bytes()]))
    assert answer.status_code == 201 and answer.json()["spec"]["source"]["sha256"] == sha256(file)


def test_an_image_that_was_declared_waits_for_it(upload_api: Api, file: Path) -> None:
    made = upload_api.http.post("/api/v1/images", json={"name": "debian", "source": {"upload": {}}})
    assert made.status_code == 201, made.text
    assert upload_api.http.put("/api/v1/images/debian/file", content=file.read_bytes()).status_code == 201
    assert upload_api.http.get("/api/v1/images/debian").json()["spec"]["source"]["sha256"] == sha256(file)


def test_an_image_that_asks_for_another_file_refuses_it(upload_api: Api, file: Path) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    assert (
        upload_api.http.post("/api/v1/images", json={"name": "debian", "source": {"upload": {}, "sha256": other}}).status_code
        == 201
    )
    refused(upload_api.http.put("/api/v1/images/debian/file", content=file.read_bytes()), 422, "checksum_mismatch")
    assert left(upload_api) == []


def test_a_kernel_is_taken_as_it_is(upload_api: Api) -> None:
    kernel = b"MZ" + bytes(range(256)) * 400
    refused(upload_api.http.put("/api/v1/images/kernel/file", content=kernel), 422, "not_an_image")
    refused(upload_api.http.put("/api/v1/images/kernel/file", content=kernel, params={"format": "qcow2"}), 400, "invalid_request")
    answer = upload_api.http.put("/api/v1/images/kernel/file", content=kernel, params={"format": "raw"})
    assert answer.status_code == 201 and answer.json()["spec"]["format"] == "raw"


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"\x1f\x8b" + bytes(2**20), b"hello " * 1000])
def test_what_is_no_image_is_refused_and_nothing_is_kept(upload_api: Api, content: bytes) -> None:
    refused(upload_api.http.put("/api/v1/images/debian/file", content=content), 422, "not_an_image")
    answer = upload_api.http.post("/api/v1/images", data={"name": "debian"}, files={"file": content})
    refused(answer, 422, "not_an_image")
    assert left(upload_api) == [] and cached(upload_api) == [] and upload_api.http.get("/api/v1/images").json() == {"images": []}


def test_another_checksum_is_refused_and_nothing_is_kept(upload_api: Api, file: Path) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    answer = upload_api.http.put("/api/v1/images/debian/file", content=file.read_bytes(), params={"sha256": other})
    refused(answer, 422, "checksum_mismatch")
    assert left(upload_api) == [] and cached(upload_api) == []


def test_one_that_is_too_large_is_refused(tmp_path: Path, file: Path) -> None:
    with serving(tmp_path, "--max-upload", "1Mi") as api:
        refused(api.http.put("/api/v1/images/debian/file", content=file.read_bytes()), 413, "upload_too_large")
        refused(api.http.put("/api/v1/images/debian/file", content=iter([file.read_bytes()])), 413, "upload_too_large")
        assert left(api) == []


@pytest.mark.parametrize("name", ["..", "a%2Fb", "UPPER", "a'b", "$(id)", "a" * 64])
def test_names_that_are_none_are_refused(upload_api: Api, name: str, file: Path) -> None:
    answer = upload_api.http.put(f"/api/v1/images/{name}/file", content=file.read_bytes())
    assert answer.status_code in (400, 404), answer.text
    if name != "..":
        refused(
            upload_api.http.post("/api/v1/images", data={"name": name}, files={"file": file.read_bytes()}), 400, "invalid_request"
        )
    assert cached(upload_api) == []


def test_a_name_that_is_taken_is_refused(upload_api: Api, file: Path) -> None:
    source = {"url": "https://example.org/debian.qcow2"}
    assert upload_api.http.post("/api/v1/images", json={"name": "debian", "source": source}).status_code == 201
    assert "format" not in upload_api.written("images", "debian")  # nobody said one
    refused(upload_api.http.put("/api/v1/images/debian/file", content=file.read_bytes()), 409, "upload_conflict")


def test_a_form_is_refused_where_it_is_none(upload_api: Api) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(upload_api.http.post("/api/v1/images", content=b"--x\r\n", headers=headers), 400, "malformed_form")
    odd = b"--x\r\nContent-Disposition: form-data; name=\xff\r\n\r\ny\r\n--x--\r\n"
    refused(upload_api.http.post("/api/v1/images", content=odd, headers=headers), 400, "malformed_form")
    refused(upload_api.http.post("/api/v1/images", data={"name": "a"}, files={"other": b"x"}), 400, "invalid_request")
    refused(upload_api.http.post("/api/v1/images", files={"file": b"x"}), 400, "invalid_request")


def test_of_a_form_without_its_end_nothing_is_kept(upload_api: Api, file: Path) -> None:
    for end in ENDS:
        answer = upload_api.http.post("/api/v1/images", **unclosed(file.read_bytes(), end, name="debian"))
        refused(answer, 400, "malformed_form")
    assert cached(upload_api) == [] and left(upload_api) == []
    assert upload_api.http.get("/api/v1/images/debian").status_code == 404
    answer = upload_api.http.post("/api/v1/images", **unclosed(file.read_bytes(), CLOSED, name="debian"))
    assert answer.status_code == 201, answer.text
    assert [path.read_bytes() for path in cached(upload_api)] == [file.read_bytes()]


def test_an_image_that_is_named_is_not_deleted(upload_api: Api, file: Path) -> None:
    assert upload_api.http.put("/api/v1/images/debian/file", content=file.read_bytes()).status_code == 201
    disks = [{"name": "root", "image": {"imageRef": {"name": "debian"}}}]
    assert upload_api.http.post("/api/v1/vms", json={"name": "web", "spec": {"disks": disks}}).status_code in (200, 201)
    details = refused(upload_api.http.delete("/api/v1/images/debian"), 409, "image_in_use")
    assert details["used_by"] == ["vm/web"]
    assert upload_api.http.delete("/api/v1/images/none").status_code == 404
