"""The status page in a real browser: it shows the machines, and follows what becomes of them without being loaded again."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.models.machine import MachineState
from tests.api.harness import Api
from tests.rig.browser import browse
from tests.rig.waiting import wait_until


@pytest.mark.timeout(120)
def test_a_machine_is_shown_and_followed(own_api: Api, tmp_path: Path) -> None:
    own_api.http.post("/api/v1/vms", json={"name": "shown", "spec": {}}).raise_for_status()
    own_api.operator.report("shown", MachineState.RUNNING, ip="192.0.2.7")
    with browse(f"{own_api.http.base_url}/", tmp_path / "profile") as page:
        wait_until(lambda: "192.0.2.7" in page.text(), 20, "the page shows the machine's address")
        assert "shown" in page.text()
        own_api.http.post("/api/v1/vms", json={"name": "later", "spec": {}}).raise_for_status()
        own_api.operator.report("later", MachineState.RUNNING, ip="192.0.2.8")
        own_api.operator.event("later", "Started")
        wait_until(lambda: "192.0.2.8" in page.text(), 20, "the page shows what came after it was loaded")
