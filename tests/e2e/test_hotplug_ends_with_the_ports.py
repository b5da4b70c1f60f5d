"""Four devices can be plugged into a running q35 machine; what no PCI port is left for waits for a start, without an error."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, idle


def test_findings_cloudinit_the_fifth_disk_waits_for_a_start(homeostat: Homeostat) -> None:
    def disks(count: int) -> list[dict[str, str]]:
        return [{"name": f"d{number}", "size": "1Mi"} for number in range(count)]

    nics = [{"name": "a", "user": {}}, {"name": "b", "user": {}}]
    homeostat.write("grows", idle(disks=disks(1), nics=nics, guestAgent={}, display={"vnc": {"enabled": False}}))
    homeostat.start()
    homeostat.wait_ready("grows")
    run = homeostat.status("grows").run

    homeostat.edit("grows", lambda spec: spec.update(disks=disks(6)))
    required = homeostat.wait_condition("grows", "RestartRequired")
    assert "all PCI ports of the running machine are taken" in required.message
    homeostat.wait_ready("grows")
    assert [change.field for change in homeostat.status("grows").changes] == ["disks[d5]"]
    assert homeostat.virsh("domblklist", "grows").count(".qcow2") == 5
    assert homeostat.status("grows").run == run

    homeostat.edit("grows", lambda spec: spec.update(restartedAt="once", disks=disks(7)))
    homeostat.wait_for(lambda: homeostat.status("grows").run not in (run, None), "it was restarted")
    homeostat.wait_ready("grows")
    assert homeostat.virsh("domblklist", "grows").count(".qcow2") == 7 and homeostat.status("grows").changes == ()
