"""Quotas over REST: nobody gets more than he may, however many ask at once, and what was deleted counts no more."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from homeostat.accounts.database.database import sqlite_url
from homeostat.accounts.rights import Role
from homeostat.models.machine import MachineDisk, MachineState
from homeostat.store.files.state import StateFolder
from tests.api.harness import serving
from tests.api.people import Person, settle

GIB = 2**30
# Two minutes ago a server charged bob for what it never made.
DIES = """
import os, signal, sys
from datetime import timedelta
from homeostat.accounts.charges.charges import Charged, Charges
from homeostat.accounts.clock import wall_clock
from homeostat.accounts.database.database import Database
from homeostat.accounts.charges.measures import Measure
charges = Charges(Database.open(sys.argv[1]), lambda: wall_clock() - timedelta(minutes=2))
assert charges.charge("bob", Charged("Disk", "default", "lost"), {Measure.DISK: 2**30}) is not None
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_by_accounts(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER, eve=Role.USER)
    with serving(tmp_path) as api:
        bob, eve, root = (Person(api.http, name) for name in ("bob", "eve", "root"))
        assert root.status("PATCH", "quotas/roles/user", json={"disk": "4Gi"}) == 200
        changed = root.ask("PATCH", "users/bob/quota", json={"machines": 3, "vcpus": "unlimited"}).json()
        assert changed["quotas"]["machines"] == {"used": 0, "limit": 3, "own": True}
        assert root.ask("GET", "quotas/roles").json()["roles"][0]["limits"]["disk"] == 4 * GIB

        disk = {"name": "data", "spec": {"size": "3Gi"}}
        assert bob.status("POST", "disks", json=disk) == 201
        refused = bob.ask("POST", "disks", json={"name": "more", "spec": {"size": "2Gi"}})
        assert refused.status_code == 403
        error = refused.json()
        assert error["code"] == "quota_exceeded"
        assert error["error"].startswith("the quota of bob is exceeded: disk: 3Gi used, 2Gi more asked for, 4Gi allowed; ")
        assert error["details"]["exceeded"] == [{"measure": "disk", "used": 3 * GIB, "requested": 2 * GIB, "limit": 4 * GIB}]
        assert bob.status("POST", "disks?dryRun=true", json={"name": "more", "spec": {"size": "2Gi"}}) == 403
        assert bob.status("POST", "disks?dryRun=true", json={"name": "more", "spec": {"size": "1Gi"}}) == 200
        assert bob.status("PUT", "disks/data/spec", json={"size": "5Gi"}) == 403
        assert bob.status("PUT", "disks/data/spec", json={"size": "4Gi"}) == 200
        assert eve.status("POST", "disks", json={"name": "hers", "spec": {"size": "4Gi"}}) == 201
        assert root.status("POST", "disks", json={"name": "roots", "spec": {"size": "40Gi"}}) == 201
        assert bob.status("DELETE", "disks/data") in (202, 204)
        assert bob.status("POST", "disks", json={"name": "more", "spec": {"size": "2Gi"}}) == 403, "it has not gone yet"
        api.operator.release("data", "Disk")
        assert bob.status("POST", "disks", json={"name": "more", "spec": {"size": "2Gi"}}) == 201

        assert [found["account"] for found in bob.ask("GET", "quotas").json()["quotas"]] == ["bob"]
        assert [found["account"] for found in root.ask("GET", "quotas").json()["quotas"]] == ["bob", "eve", "root"]
        assert bob.status("GET", "quotas?account=eve") == 404
        assert bob.status("PATCH", "users/bob/quota", json={"machines": 30}) == 403
        assert root.status("PATCH", "users/bob/quota", json={"machines": "lots"}) == 400
        assert root.status("PATCH", "quotas/roles/king", json={"machines": 1}) == 400
        noted = root.ask("GET", "audit?kind=Disk&account=bob&outcome=Refused").json()["entries"]
        assert {entry["message"].split(":")[0] for entry in noted} == {"the quota of bob is exceeded"}


def test_a_hundred_at_once_have_room_for_three(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path, "--workers", "2") as api:
        bob, root = Person(api.http, "bob"), Person(api.http, "root")
        assert root.status("PATCH", "users/bob/quota", json={"machines": 3}) == 200

        def make(number: int) -> int:
            asked = {"name": f"vm{number}", "spec": {"runStrategy": "Halted"}}
            while (status := bob.status("POST", "vms", json=asked)) == 503:  # too many wait for the database: once more
                pass
            return status

        with ThreadPoolExecutor(20) as threads:
            answers = sorted(threads.map(make, range(100)))
        assert answers == [201] * 3 + [403] * 97
        assert len(api.operator.machines()) == 3
        (quota,) = bob.ask("GET", "quotas").json()["quotas"]
        assert quota["quotas"]["machines"] == {"used": 3, "limit": 3, "own": True}


def test_killed_between_the_charge_and_the_disk(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER)
    url = sqlite_url(StateFolder.named(tmp_path / "state").accounts)
    assert subprocess.run([sys.executable, "-c", DIES, url], check=False).returncode == -signal.SIGKILL
    with serving(tmp_path) as api:
        bob, root = Person(api.http, "bob"), Person(api.http, "root")
        assert root.status("PATCH", "users/bob/quota", json={"disk": "1Gi"}) == 200
        assert bob.status("POST", "disks", json={"name": "data", "spec": {"size": "1Gi"}}) == 201
        (quota,) = bob.ask("GET", "quotas").json()["quotas"]
        assert quota["quotas"]["disk"] == {"used": GIB, "limit": GIB, "own": True}


def test_a_disk_of_its_images_size_counts_once_that_is_known(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path) as api:
        bob, root = Person(api.http, "bob"), Person(api.http, "root")
        assert root.status("PATCH", "users/bob/quota", json={"disk": "1Gi"}) == 200

        def make(name: str, size: str | None = None) -> int:
            disk = {"name": "root", "image": {"url": "https://images.example/debian.qcow2"}, **({"size": size} if size else {})}
            return bob.status("POST", "vms", json={"name": name, "spec": {"runStrategy": "Halted", "disks": [disk]}})

        assert [make("web"), make("db")] == [201, 201], "nobody knows yet how much it is"
        api.operator.report("web", MachineState.STOPPED, disks=(MachineDisk(name="root", size=2 * GIB),))
        refused = bob.ask("POST", "disks", json={"name": "data", "spec": {"size": "3Gi"}})  # it counts before it refuses
        assert refused.status_code == 403
        assert "disk: 2Gi used, 3Gi more asked for, 1Gi allowed" in refused.json()["error"]
        assert bob.status("POST", "disks", json={"name": "data", "spec": {"size": "1Mi"}}) == 403
        assert make("more", "1Mi") == 403
        assert bob.status("PATCH", "vms/web/spec", json={"runStrategy": "Always"}) in (200, 202), "that asks for no more of it"
        (quota,) = bob.ask("GET", "quotas").json()["quotas"]
        assert quota["quotas"]["disk"] == {"used": 2 * GIB, "limit": GIB, "own": True}
