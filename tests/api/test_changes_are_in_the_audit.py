"""Who did what over the API, from where, and how it ended: what was refused, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from tests.api import inside
from tests.api.harness import Api, refused, serving
from tests.api.people import Person, settle


def test_by_accounts(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER, eve=Role.USER)
    with serving(tmp_path, "--trusted-proxy", "127.0.0.1") as api:
        bob, eve, root = (Person(api.http, name) for name in ("bob", "eve", "root"))
        bob.headers = {**bob.headers, "X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
        assert bob.status("POST", "disks", json={"name": "data", "spec": {"size": "1Gi"}}) == 201
        assert bob.status("PUT", "disks/data/spec", json={"size": "2Gi"}) == 200
        assert bob.status("POST", "disks?dryRun=true", json={"name": "more", "spec": {"size": "1Gi"}}) == 200
        assert root.status("POST", "grants", json={"account": "eve", "rights": ["see"], "namespace": "default"}) == 201
        assert eve.status("DELETE", "disks/data") == 403
        assert eve.status("DELETE", "disks/other") == 404
        assert eve.status("POST", "users", json={"name": "mallory"}) == 403
        refused = root.ask("GET", "audit?kind=Request").json()["entries"]
        assert [(e["account"], e["verb"], e["name"], e["outcome"], e["message"]) for e in refused] == [
            ("eve", "POST", "/api/v1/users", "Refused", "This needs the right to administer"),
            ("eve", "DELETE", "/api/v1/disks/other", "Refused", "Disk not found"),
        ]
        assert bob.status("DELETE", "disks/data") in (202, 204)
        found = root.ask("GET", "audit?kind=Disk").json()["entries"]
        assert [(e["account"], e["from"], e["verb"], e["name"], e["outcome"]) for e in found] == [
            ("bob", "198.51.100.7", "delete", "data", "Done"),
            ("eve", "127.0.0.1", "delete", "data", "Refused"),
            ("bob", "198.51.100.7", "change", "data", "Done"),
            ("bob", "198.51.100.7", "create", "data", "Done"),
        ]
        assert [e["message"] for e in found[1:3]] == [
            "Disk data is not yours to change: an administrator can grant it",
            "spec.size",
        ]
        assert {e["account"] for e in eve.ask("GET", "audit").json()["entries"]} == {"eve"}, "one sees one's own"
        if not inside.INSIDE:  # a stream needs a connection
            _follows(api, root, bob)


def _follows(api: Api, root: Person, bob: Person) -> None:
    newest = root.ask("GET", "audit?limit=1").json()["entries"][0]["id"]
    with api.http.stream("GET", f"/api/v1/audit?follow=true&after={newest}&kind=Disk", headers=dict(root.headers)) as answer:
        lines = (line for line in answer.iter_lines() if line)
        assert bob.status("POST", "disks", json={"name": "next", "spec": {"size": "1Gi"}}) == 201
        entry = json.loads(next(lines))
        assert (entry["account"], entry["verb"], entry["name"]) == ("bob", "create", "next")


@pytest.mark.skipif(inside.INSIDE, reason="a stream needs a connection")
def test_a_reader_is_cut_off_where_the_database_goes(tmp_path: Path) -> None:
    settle(tmp_path / "state")
    with serving(tmp_path) as api:
        headers = dict(Person(api.http, "root").headers)
        with api.http.stream("GET", "/api/v1/audit?follow=true&after=0", headers=headers) as answer:
            lines = (line for line in answer.iter_lines() if line)
            assert json.loads(next(lines))["name"] == "root"
            (api.state / "accounts.db").rename(api.state / "elsewhere")
            for line in lines:  # until it ends, as an answer does
                assert json.loads(line)
        refused(api.http.get("/api/v1/audit?follow=true&after=0", headers=headers), 503, "accounts_unavailable")
    assert "Traceback" not in (tmp_path / "api.log").read_text()


def test_without_accounts_nothing_is_noted(tmp_path: Path) -> None:
    with serving(tmp_path) as api:
        assert api.http.post("/api/v1/disks", json={"name": "data", "spec": {"size": "1Gi"}}).status_code == 201
        assert not (api.state / "accounts.db").exists()
        for asked in ("", "?follow=true", "?follow=true&after=0"):
            assert api.http.get(f"/api/v1/audit{asked}").status_code == 409, "an answer, and no stream that breaks"
