"""What does not change while the server runs: its OpenAPI document, and the status page, which runs only its own script."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import falcon
import falcon.asgi
from falcon.testing import TestClient

from homeostat_api.resources.documents import PAGE, OpenApi, StatusPage


def client(resource: object) -> TestClient:
    app: Any = falcon.asgi.App(media_type=falcon.MEDIA_TEXT)
    app.add_route("/", resource)
    return TestClient(app)


def test_the_document_is_json() -> None:
    published = OpenApi()
    assert client(published).simulate_get("/").content == b""
    published.publish({"info": {"title": "Größe"}})
    answer = client(published).simulate_get("/")
    assert (answer.content, answer.headers["content-type"]) == ('{"info":{"title":"Größe"}}'.encode(), falcon.MEDIA_JSON)


def test_the_page_runs_its_own_script_only() -> None:
    answer = client(StatusPage()).simulate_get("/")
    assert (answer.content, answer.headers["content-type"]) == (PAGE.read_bytes(), "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    for element in ("script", "style"):
        (inner,) = re.findall(f"<{element}>(.*?)</{element}>".encode(), answer.content, re.DOTALL)
        assert f"{element}-src 'sha256-{base64.b64encode(hashlib.sha256(inner).digest()).decode()}'" in policy.split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'", "connect-src 'self'"} <= set(policy.split("; "))
