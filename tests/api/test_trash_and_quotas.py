"""Who has a quota of disks puts none back from the trash: there they would count for nobody. He sees and erases what was his."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from homeostat.driver.storage import Storage
from homeostat.models.base import API_VERSION
from homeostat.planner.actions import SetAside
from tests.api.harness import refused, serving
from tests.api.people import Person, settle
from tests.unit.images import qcow2

ENTRY = "/api/v1/trash/default.web-1"


def set_aside(state: Path) -> Path:
    folder = state / "machines" / "default" / "web"
    folder.mkdir(parents=True)
    disk = folder / "root.qcow2"
    disk.write_bytes(qcow2())
    action = SetAside("default.web-1", "default", "web", "uid", (("root", str(disk)),), 60.0, True, "deleted")
    asyncio.run(Storage(state, None).execute(action))
    return disk


@pytest.mark.parametrize("limited", [True, False], ids=["with a quota", "without"])
def test_disks_are_put_back_only_where_none_are_counted(tmp_path: Path, limited: bool) -> None:
    settle(tmp_path / "state", ann=Role.USER)
    with serving(tmp_path) as api:
        root, ann = Person(api.http, "root"), Person(api.http, "ann")
        machine = {"apiVersion": API_VERSION, "kind": "VirtualMachine", "metadata": {"name": "web"}, "spec": {}}
        ann.ask("POST", "resources/virtualmachines", json=machine).raise_for_status()
        disk = set_aside(api.state)
        if limited:
            root.ask("PATCH", "quotas/roles/user", json={"disk": "9Gi"}).raise_for_status()
        assert [one["entry"] for one in ann.ask("GET", "trash").json()["entries"]] == ["default.web-1"]
        answer = api.http.post(f"{ENTRY}/restore", headers=ann.headers)
        assert disk.exists() is not limited
        if limited:
            refused(answer, 403, "quota_exceeded")
            assert "Make VirtualMachine web again" in answer.json()["error"]
            assert api.http.delete(ENTRY, headers=ann.headers).json()["erased"] == ["default.web-1"]
        else:
            assert answer.json()["restored"] == [str(disk)]
