"""Maintenance of hosts over REST: an administrator begins and ends it, and nothing else of a host changes there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from homeostat.accounts.rights import Role
from homeostat.store.files.hosts import KnownHost, write_hosts
from homeostat.store.files.state import StateFolder
from tests.api import inside
from tests.api.commanding import bob_at_home
from tests.api.harness import Api, serving
from tests.api.modes import of_a_folder
from tests.api.people import Person, settle

pytestmark = [of_a_folder, pytest.mark.skipif(inside.INSIDE, reason="the command needs a server to connect to")]
HOST = "resources/hosts/rack7"
DOCUMENT = "apiVersion: homeostat.dev/v1alpha1\nkind: Host\nmetadata: {name: rack7}  # the tall one\n"
BEGIN = {"spec": {"maintenance": True}}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    settle(tmp_path / "state", mod=Role.MODERATOR, bob=Role.USER)
    write_hosts(StateFolder.open(tmp_path / "state"), {"rack7": KnownHost("test:///default")})
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines/hosts.yaml").write_text(DOCUMENT)
    with serving(tmp_path) as found:
        yield found


def in_the_folder(api: Api, root: Path) -> dict[str, Any]:
    text = (root / "machines/hosts.yaml").read_text()
    assert "# the tall one" in text
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def test_an_administrator_begins_and_ends_it(api: Api, tmp_path: Path) -> None:
    root = Person(api.http, "root")
    planned = root.ask("PATCH", f"{HOST}?dryRun=true", json=BEGIN).json()
    assert [(one["field"], one["old"], one["new"]) for one in planned["changes"]] == [("maintenance", "none", "true")]
    assert "spec" not in in_the_folder(api, tmp_path)
    answer = root.ask("PATCH", HOST, json=BEGIN)
    assert (answer.status_code, answer.json()["resource"]["spec"]) == (200, {"maintenance": True})
    assert in_the_folder(api, tmp_path)["spec"] == {"maintenance": True}
    stale = {**root.headers, "If-Match": '"1"'}
    assert api.http.patch(f"/api/v1/{HOST}", json={"spec": {"maintenance": False}}, headers=stale).status_code == 412
    assert root.status("PATCH", HOST, json={"spec": {"maintenance": None}}) == 200
    assert not in_the_folder(api, tmp_path).get("spec")
    entries = root.ask("GET", "audit?kind=Host&name=rack7").json()["entries"]
    done = [(one["verb"], one["account"], one["message"]) for one in entries if one["outcome"] == "Done"]
    assert done == [("change", "root", "spec.maintenance")] * 2


def test_nobody_else_does(api: Api, tmp_path: Path) -> None:
    refused = Person(api.http, "mod").ask("PATCH", HOST, json=BEGIN)
    assert (refused.status_code, refused.json()["error"]) == (403, "Host rack7 is changed by administrators only")
    assert Person(api.http, "bob").status("PATCH", HOST, json=BEGIN) == 404
    assert "spec" not in in_the_folder(api, tmp_path)


@pytest.mark.parametrize("spec", [{"uri": "qemu+ssh://elsewhere/system"}, {"maintenance": True, "uri": "test:///default"}])
def test_its_address_is_not_changed(api: Api, tmp_path: Path, spec: dict[str, Any]) -> None:
    refused = Person(api.http, "root").ask("PATCH", HOST, json={"spec": spec})
    assert refused.status_code == 400 and "only their spec.maintenance" in refused.json()["error"]
    assert "spec" not in in_the_folder(api, tmp_path)


def test_by_command(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    user = bob_at_home(api, tmp_path, monkeypatch, capsys)
    assert '"rack7" not found' in user.there("cordon", "rack7").err
    user.login("root")
    assert user.there("cordon", "rack7").out == "host.homeostat.dev/rack7 cordoned\n"
    assert in_the_folder(api, tmp_path)["spec"] == {"maintenance": True}
    assert user.there("cordon", "rack7").out == "host.homeostat.dev/rack7 unchanged (it is so already)\n"
    assert user.there("uncordon", "rack7").out == "host.homeostat.dev/rack7 uncordoned\n"
    user.login("mod")
    said = user.there("cordon", "rack7")
    assert said.code == 1 and "is changed by administrators only" in said.err and "Traceback" not in said.err
