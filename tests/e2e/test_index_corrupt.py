"""The SQLite file is destroyed: the operator says so, rebuilds it from YAML and libvirt, and no guest notices."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.watching import LibvirtEvents


def test_it_is_rebuilt_and_guests_run_on(homeostat: Homeostat) -> None:
    homeostat.write("durable", idle(disks=[{"name": "data", "size": "1Mi"}]))
    homeostat.start()
    homeostat.wait_ready("durable")
    before, definition = homeostat.status("durable"), homeostat.virsh("dumpxml", "durable")
    homeostat.kill9()
    homeostat.forget_reader()
    for path in homeostat.state.glob("index.sqlite*"):
        path.write_bytes(b"not a database at all " * 500)
    refused = homeostat.run("get", "vms")
    assert refused.returncode == 1 and "`homeostat up`" in refused.stderr

    with LibvirtEvents(homeostat.rig) as told:
        homeostat.start()
        homeostat.wait_for(lambda: "was damaged and has been moved to" in homeostat.said(), "it says so")
        homeostat.wait_ready("durable")
    after = homeostat.status("durable")
    assert told.of_machines == []
    assert homeostat.virsh("dumpxml", "durable") == definition
    assert (after.run, after.domain_uuid, after.pid) == (before.run, before.domain_uuid, before.pid)
