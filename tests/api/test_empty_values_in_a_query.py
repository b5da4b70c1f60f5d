"""A value that is empty is refused, where it would mean the same as one that is left out: `?host=$HOST` of a script."""

from __future__ import annotations

import pytest

from tests.api.harness import Api, refused

NAMED = [
    ("GET", "/api/v1/watch", "kinds"),
    ("PUT", "/api/v1/images/unsaid/file", "sha256"),
    ("PUT", "/api/v1/images/unsaid/file", "format"),
    ("DELETE", "/api/v1/trash/unsaid", "host"),
    ("POST", "/api/v1/trash/unsaid/restore", "host"),
]


@pytest.mark.parametrize(("method", "path", "name"), NAMED, ids=[f"{method} {path} {name}" for method, path, name in NAMED])
def test_it_is_refused(api: Api, method: str, path: str, name: str) -> None:
    details = refused(api.http.request(method, path, params={name: ""}), 400, "invalid_request")
    assert details["parameter"] == name
