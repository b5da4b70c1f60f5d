"""What an upload by tus begins with: the version, a length, and metadata, each as the protocol writes it."""

from __future__ import annotations

import base64
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.api.harness import Api, refused
from tests.api.tus_requests import PART, TUS, begin, send

UPLOADS = "/api/v1/uploads"


@pytest.fixture
def api(upload_api: Api) -> Api:
    return upload_api


def asked(api: Api, metadata: str, length: str = "1000", **more: str) -> httpx.Response:
    headers = {**TUS, "Upload-Length": length, "Upload-Metadata": metadata, **more}
    return api.http.post(UPLOADS, headers=headers)


def base(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_it_says_where_it_is_and_how_far(api: Api) -> None:
    made = asked(api, f"name {base('debian')}")
    assert made.status_code == 201, made.text
    assert (made.headers["Tus-Resumable"], made.headers["Upload-Offset"]) == ("1.0.0", "0")
    (listed,) = api.http.get(UPLOADS).json()["uploads"]
    assert made.headers["Location"] == f"{UPLOADS}/{listed['id']}"
    assert (listed["name"], listed["offset"], listed["length"]) == ("debian", 0, 1000)
    expires = datetime.fromisoformat(listed["expires"])
    assert parsedate_to_datetime(made.headers["Upload-Expires"]) == expires


def test_it_is_asked_how_far_it_is(api: Api) -> None:
    place = begin(api, 10_000, name="debian").headers["Location"]
    part = b"QFI\xfb\x00\x00\x00\x03" + bytes(600)
    sent = send(api, place, 0, part)
    assert (sent.status_code, sent.content) == (204, b"")
    assert (sent.headers["Upload-Offset"], sent.headers["Tus-Resumable"]) == ("608", "1.0.0")
    head = api.http.head(place, headers=TUS)
    assert (head.status_code, head.headers["Upload-Length"], head.headers["Upload-Offset"]) == (200, "10000", "608")
    assert head.headers["Cache-Control"] == "no-store" and head.headers["Tus-Resumable"] == "1.0.0"
    found = api.http.get(place)  # by people, who need not say a version
    assert found.status_code == 200 and found.json()["offset"] == 608


@pytest.mark.parametrize("version", ["0.2.2", "1.0", ""])
def test_another_version_is_refused(api: Api, version: str) -> None:
    place = begin(api, 1000, name="debian").headers["Location"]
    other = {"Tus-Resumable": version}
    begun = api.http.post(UPLOADS, headers={**other, "Upload-Length": "1", "Upload-Metadata": f"name {base('a')}"})
    refused(begun, 412, "precondition_failed")
    assert begun.headers["Tus-Version"] == "1.0.0"
    assert api.http.head(place, headers=other).status_code == 412
    refused(api.http.patch(place, content=b"x", headers={**PART, "Upload-Offset": "0", **other}), 412, "precondition_failed")
    refused(api.http.delete(place, headers=other), 412, "precondition_failed")
    assert len(api.http.get(UPLOADS).json()["uploads"]) == 1


def test_one_that_ends_says_the_version(api: Api) -> None:
    ended = api.http.delete(begin(api, 1000, name="debian").headers["Location"], headers=TUS)
    assert (ended.status_code, ended.headers["Tus-Resumable"], ended.content) == (204, "1.0.0", b"")
    assert api.http.get(UPLOADS).json() == {"uploads": []}


def test_the_protocol_is_told(api: Api) -> None:
    said = api.http.options(UPLOADS).headers
    assert (said["Tus-Resumable"], said["Tus-Checksum-Algorithm"]) == ("1.0.0", "sha256,sha1,md5")


@pytest.mark.parametrize("length", ["", "x", "-1", "1.5", "1e3", "1" * 19])
def test_a_length_that_is_none_is_refused(api: Api, length: str) -> None:
    assert refused(asked(api, f"name {base('debian')}", length), 400, "invalid_request")["given"] == length


def test_a_length_of_18_digits_is_one(api: Api) -> None:
    refused(asked(api, f"name {base('debian')}", "9" * 18), 413, "upload_too_large")


def test_what_was_given_is_cut(api: Api) -> None:
    assert refused(asked(api, f"name {base('debian')}", "x" * 200), 400, "invalid_request")["given"] == "x" * 64


def test_a_length_that_comes_later_is_refused(api: Api) -> None:
    answer = asked(api, f"name {base('debian')}", **{"Upload-Defer-Length": "1"})
    assert "the length must be known" in answer.json()["error"]
    refused(answer, 400, "invalid_request")


@pytest.mark.parametrize(
    "metadata",
    [
        f"name {base('debian')}",
        f"any  , name {base('debian')} , ,x",
        f"filename {base('other.img')},name {base('debian')}",
        f"format {base('raw')},name {base('debian')}",
        f"name {base('debian')},any",
        f"filename {base('Debian.qcow2')}",
        f"filename {base('C/a.b/--Debian__.img')}",
        f"filename {base('debian')}",
        f"filename {base('/debian.')}",
    ],
)
def test_metadata_gives_its_name(api: Api, metadata: str) -> None:
    assert asked(api, metadata).status_code == 201
    assert [one["name"] for one in api.http.get(UPLOADS).json()["uploads"]] == ["debian"]


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("Debian_12.1.qcow2", "debian-12-1"),
        ("ä" + "x" * 70, "x" * 63),
        ("x" * 62 + "-" + "y.img", "x" * 62),
        ("a²٣b", "a--b"),
    ],
)
def test_a_name_is_made_of_that_of_a_file(api: Api, filename: str, name: str) -> None:
    assert begin(api, 1000, filename=filename).status_code == 201
    assert [one["name"] for one in api.http.get(UPLOADS).json()["uploads"]] == [name]


@pytest.mark.parametrize("metadata", ["", "name", f"name {base('Debian')}", f"filename {base('.')}", "other " + base("a")])
def test_without_a_name_it_is_refused(api: Api, metadata: str) -> None:
    refused(asked(api, metadata), 400, "invalid_request")


@pytest.mark.parametrize("value", ["%", "abc", "/w=="])
def test_metadata_that_is_no_base64_of_a_text_is_refused(api: Api, value: str) -> None:
    answer = asked(api, f"{'k' * 40} {value}")
    refused(answer, 400, "invalid_request")
    assert f"the value of {'k' * 32} is no base64" in answer.json()["error"]


@pytest.mark.parametrize("more", [{"sha256": "x" * 64}, {"sha256": "a" * 63}, {"format": "qcow2"}])
def test_metadata_that_cannot_be_is_refused(api: Api, more: dict[str, str]) -> None:
    refused(begin(api, 1000, name="debian", **more), 400, "invalid_request")


@pytest.mark.parametrize("checksum", ["md4 AAAA", "sha1", "sha1,md5 AAAA", "sha1 %", "x" * 40 + " AAAA"])
def test_a_checksum_of_a_part_that_is_none_is_refused(api: Api, checksum: str) -> None:
    place = begin(api, 1000, name="debian").headers["Location"]
    answer = send(api, place, 0, b"x", **{"Upload-Checksum": checksum})
    assert answer.status_code == (460 if checksum == "sha1" else 400), answer.text
    if checksum.startswith("xx"):
        assert answer.json()["details"]["given"] == "x" * 32
    assert api.http.get(place).json()["offset"] == 0


@pytest.mark.parametrize("offset", ["", "x", "-1"])
def test_an_offset_that_is_none_is_refused(api: Api, offset: str) -> None:
    place = begin(api, 1000, name="debian").headers["Location"]
    answer = api.http.patch(place, content=b"x", headers={**PART, "Upload-Offset": offset})
    assert refused(answer, 400, "invalid_request")["given"] == offset
