"""A plugin that machines are made from stays: its removal is refused with who uses it, of whom some are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from falcon.testing import TestClient

from homeostat.models.base import Key
from homeostat.service.kinds.plugins import Plugins
from homeostat_api.app import create_app
from homeostat_api.config import ApiConfig

PLUGIN = {"name": "p", "spec": {"version": "1", "rootfs": {"url": "https://plugins.example.com/p.qcow2"}}}


@pytest.mark.parametrize(
    ("users", "named"),
    [(1, "vm/u0"), (3, "vm/u0, vm/u1, vm/u2"), (4, "vm/u0, vm/u1, vm/u2 and 1 more"), (101, "vm/u0, vm/u1, vm/u2 and 98 more")],
)
def test_who_uses_it_is_named(users: int, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "machines").mkdir()
    client = TestClient(create_app(ApiConfig(tmp_path / "machines", tmp_path / "state", shutdown_margin=0.0)))
    assert client.simulate_post("/api/v1/plugins", json=PLUGIN, host="localhost").status_code == 201
    keys = [Key("VirtualMachine", "default", f"u{number}") for number in range(users)]
    monkeypatch.setattr(Plugins, "users", lambda plugins, name: keys)
    refused = client.simulate_delete("/api/v1/plugins/p", host="localhost")
    assert (refused.status_code, refused.json["code"]) == (409, "plugin_in_use")
    assert refused.json["error"] == f"Plugin is in use by {named}: delete these first"
    details = refused.json["details"]
    assert details["used_by"] == [f"vm/u{number}" for number in range(min(users, 100))]
    assert (details["name"], details["used_by_total"]) == ("p", users)
    monkeypatch.setattr(Plugins, "users", lambda plugins, name: [])
    assert client.simulate_delete("/api/v1/plugins/p", host="localhost").status_code in (202, 204)
