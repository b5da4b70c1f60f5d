"""What does not change while the server runs: its OpenAPI document, and the page for people, which runs only its own scripts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import falcon
import falcon.asgi
import pytest
from falcon.testing import TestClient

from homeostat_api.http.answers.web_files import HTML, WEB
from homeostat_api.resources import documents
from homeostat_api.resources.documents import FrontPage, OpenApi


def client(resource: object) -> TestClient:
    app: Any = falcon.asgi.App(media_type=falcon.MEDIA_TEXT)
    app.add_route("/", resource)
    return TestClient(app)


def test_the_document_is_json_and_made_once_it_is_asked_for() -> None:
    made: list[str] = []

    def describe() -> dict[str, object]:
        made.append("once")
        return {"info": {"title": "Größe"}}

    app = client(OpenApi(describe))
    assert not made
    for _ in range(2):
        answer = app.simulate_get("/")
        assert (answer.content, answer.headers["content-type"]) == ('{"info":{"title":"Größe"}}'.encode(), falcon.MEDIA_JSON)
    assert made == ["once"]


def test_the_page_asks_its_own_server_only() -> None:
    answer = client(FrontPage()).simulate_get("/")
    assert (answer.content, answer.headers["content-type"]) == ((WEB / "page" / "index.html").read_bytes(), HTML)
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert {"default-src 'self'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert "unsafe" not in policy and "http" not in policy
    assert not re.findall(rb"https?://|<style|<script>| on[a-z]+=", answer.content)


def test_a_page_that_is_not_built_says_how_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(documents, "WEB", tmp_path)
    answer = client(FrontPage()).simulate_get("/")
    assert answer.status_code == 503 and b"make web" in answer.content
