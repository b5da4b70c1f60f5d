"""An object that the CRD lets in and the models refuse, over REST: it is shown as it is, and hides no other one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from homeostat.accounts.rights import Role
from tests.api.harness import serving
from tests.api.modes import Namespace
from tests.api.people import Person
from tests.kubernetes.operating import SOON
from tests.kubernetes.people import shared_accounts
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

PLURALS = "virtualmachines,virtualmachinedeployments,networks,plugins,snapshotschedules"
WRONG = {"vcpu": 4, "maxVcpu": 2, "memory": "64Mi"}
REFUSED = [
    thing("VirtualMachineDeployment", "badvmd", {"replicas": 1, "template": {"spec": {"resources": WRONG}}}),
    thing("Network", "badnet", {}),
    thing("Plugin", "badplug", {"version": "1"}),
    thing("SnapshotSchedule", "badplan", {"schedule": "* * * * 99", "template": {"spec": {"machineRef": {"name": "web"}}}}),
]


@pytest.fixture
def url() -> Iterator[str]:
    with shared_accounts(bob=Role.USER, eve=Role.USER) as found:
        yield found


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return sorted(one["metadata"]["name"] for one in answer.json()["items"])


def test_it_is_listed_and_refused_and_deleted(
    plane: ControlPlane, namespace: str, crds: list[str], url: str, tmp_path: Path
) -> None:
    where = Namespace(plane, namespace)
    kubectl = plane.kubectl.within(where.name)
    with serving(tmp_path, "--require-accounts", "--accounts-database", url, where=where) as api:
        root, bob, eve = (Person(api.http, name) for name in ("root", "bob", "eve"))
        bad = machine(named="badvm", resources=WRONG)
        bad["metadata"]["labels"] = {"homeostat.dev/owner": "bob"}
        kubectl.create(bad, machine(named="good"), *REFUSED)
        listed = "resources/virtualmachines"
        wait_until(lambda: {"badvm", "good"} <= set(names(root.ask("GET", listed))), SOON, "both are listed")
        wait_until(lambda: len(root.ask("GET", "errors").json()["errors"]) == 5, SOON, "each is told of")
        (shown,) = [one for one in root.ask("GET", listed).json()["items"] if one["metadata"]["name"] == "badvm"]
        assert shown["spec"]["resources"] == WRONG, "as it was written"
        assert root.status("GET", "vms") == root.status("GET", "system/info") == 200
        for plural in PLURALS.split(","):
            assert root.status("GET", f"resources/{plural}") == 200, plural
        assert {"badvm"} <= set(names(bob.ask("GET", listed))) and "badvm" not in names(eve.ask("GET", listed))

        for path in ("vms/badvm", f"{listed}/badvm"):
            said = bob.ask("GET", path)
            assert (said.status_code, said.json()["code"]) == (409, "invalid_spec"), said.text
            assert "maxVcpu is 2" in said.json()["error"] and "kubectl" in said.json()["error"]
            hidden = eve.ask("GET", path)
            assert hidden.status_code == 404 and "maxVcpu" not in hidden.text
        assert eve.status("DELETE", f"{listed}/badvm") == 404
        errors = root.ask("GET", "errors").json()["errors"]
        assert {one["name"] for one in errors} == {"badvm", "badvmd", "badnet", "badplug", "badplan"}
        assert bob.ask("GET", "errors").json()["errors"] == []
        assert bob.status("DELETE", f"{listed}/badvm") in (202, 204)
        wait_until(lambda: "badvm" not in names(root.ask("GET", listed)), SOON, "it goes")


def test_it_is_watched_beside_all_others(plane: ControlPlane, namespace: str, crds: list[str], tmp_path: Path) -> None:
    where = Namespace(plane, namespace)
    with serving(tmp_path, where=where) as api:
        plane.kubectl.within(where.name).create(machine(named="badvm", resources=WRONG), machine(named="good"), *REFUSED)
        there = {"badvm", "good", "badvmd", "badnet", "badplug", "badplan"}

        def known() -> set[str]:
            return {name for kind in PLURALS.split(",") for name in names(api.http.get(f"/api/v1/resources/{kind}"))}

        wait_until(lambda: known() == there, SOON, "all are known")
        found = set()
        with api.http.stream("GET", "/api/v1/watch", params={"kinds": PLURALS}) as answer:
            for line in answer.iter_lines():
                said = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if said.get("type") == "BOOKMARK":
                    break
                if said.get("type") == "ADDED":
                    found.add(said["object"]["metadata"]["name"])
        assert found == there
