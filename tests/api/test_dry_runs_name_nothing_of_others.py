"""A dry run, a status and a list tell an account what is so of its machine, and not whose machine is in the way."""

from __future__ import annotations

import json
from pathlib import Path

from homeostat.accounts.rights import Role
from homeostat.models.condition import Condition
from homeostat.models.machine import MachineState
from tests.api.harness import serving
from tests.api.people import Person, settle
from tests.unit.serving import condition

NICS = {"nics": [{"name": "n", "network": "default", "mac": "52:54:00:aa:bb:cc"}]}
HIDDEN = "is taken by machine (not yours): choose another mac"


def test_findings_and_conditions_over_rest(tmp_path: Path) -> None:
    settle(tmp_path / "state", alice=Role.USER, bob=Role.USER)
    (tmp_path / "state" / "libvirt").write_text("test:///default\n")
    with serving(tmp_path) as api:
        root, alice, bob = Person(api.http, "root"), Person(api.http, "alice"), Person(api.http, "bob")
        assert alice.ask("POST", "vms", json={"name": "secretive", "spec": NICS}).status_code == 201
        dry = {"params": {"dryRun": "true"}, "json": {"name": "new", "spec": NICS}}
        for person, hidden in ((bob, True), (root, False)):
            (found,) = person.ask("POST", "vms", **dry).json()["host"]["findings"]
            assert found["reason"] == "MacTaken" and (HIDDEN in found["message"]) is hidden
            assert ("machine secretive" in found["message"]) is not hidden

        assert bob.ask("POST", "vms", json={"name": "his", "spec": NICS}).status_code == 201
        said = condition("Ready", "False", "mac 52:54 is taken by machine secretive: choose another mac", "MacTaken")
        api.operator.report("his", MachineState.PENDING, conditions=(Condition.model_validate(said),))
        for path in ("vms/his?view=resource", "vms?view=resource"):
            for person, hidden in ((bob, True), (root, False)):
                shown = json.dumps(person.ask("GET", path).json())
                assert (HIDDEN in shown) is hidden and ("machine secretive" in shown) is not hidden
