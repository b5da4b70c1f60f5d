"""Over REST a name that another account had is taken, and what it left is not found by it."""

from __future__ import annotations

from pathlib import Path

from homeostat.accounts.rights import Role
from tests.api.harness import refused, serving
from tests.api.people import Person, settle


def test_a_machine_of_that_name_is_not_made(tmp_path: Path) -> None:
    settle(tmp_path / "state", alice=Role.USER, bob=Role.USER)
    with serving(tmp_path) as api:
        root, alice, bob = (Person(api.http, name) for name in ("root", "alice", "bob"))
        assert alice.status("POST", "vms", json={"name": "web"}) == 201
        there = refused(bob.ask("POST", "vms", json={"name": "web"}), 409, "vm_exists")
        assert alice.status("DELETE", "vms/web", params={"wait": "0"}) == 202
        going = bob.ask("POST", "vms", json={"name": "web"})
        api.operator.release("web")
        gone = bob.ask("POST", "vms", json={"name": "web"})
        assert refused(going, 409, "vm_exists") == refused(gone, 409, "vm_exists") == there
        assert bob.ask("POST", "vms", json={"name": "web"}, params={"dryRun": "true"}).text == gone.text
        assert bob.status("GET", "vms/web/config/history") == 404
        assert alice.status("POST", "vms", json={"name": "web"}) == 201
        assert root.status("POST", "vms", json={"name": "db"}) == 201
