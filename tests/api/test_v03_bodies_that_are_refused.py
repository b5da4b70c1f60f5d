from __future__ import annotations

import pytest

from tests.api.harness import Api, refused

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("body", ["{", "", "[]", '"text"', '{"name": NaN}', '{"name":"a","name":"b"}', "[" * 100_000])
def test_v03_what_is_not_a_json_object_is_400(api: Api, body: str) -> None:
    answer = api.http.post("/api/v1/vms", content=body, headers=JSON)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "code", "details"}


def test_v03_bytes_that_are_not_utf8_are_400(api: Api) -> None:
    refused(api.http.post("/api/v1/vms", content=b'{"name":"\xff"}', headers=JSON), 400, "malformed_json")


def test_v03_a_body_over_the_limit_is_413(api: Api) -> None:
    body = b'{"name":"' + b"a" * 2**20 + b'"}'
    assert refused(api.http.post("/api/v1/vms", content=body, headers=JSON), 413, "body_too_large") == {"limit": 2**20}


def test_v03_a_chunked_body_over_the_limit_is_413(api: Api) -> None:
    chunks = (b" " * 2**16 for _ in range(17))
    refused(api.http.post("/api/v1/vms", content=chunks, headers=JSON), 413, "body_too_large")


def test_v03_another_media_type_is_415(api: Api) -> None:
    answer = api.http.post("/api/v1/vms", content="name: a", headers={"Content-Type": "application/yaml"})
    refused(answer, 415, "unsupported_media_type")
    assert (
        answer.json()["error"] == "a body of the Content-Type application/yaml is not taken here: send JSON, as application/json"
    )
