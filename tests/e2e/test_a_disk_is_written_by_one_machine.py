"""A disk that another domain has open for writing is not opened a second time (invariant 1)."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, idle, remove_domain

XML = """<domain type='qemu'><name>thief</name><memory>32768</memory><os><type>hvm</type></os><devices>
<disk type='file'><driver type='qcow2'/><source file='{}'/><target dev='vda' bus='virtio'/></disk></devices></domain>"""


def test_its_machine_waits_until_it_is_free(homeostat: Homeostat) -> None:
    homeostat.write("owner", idle(runStrategy="Halted", disks=[{"name": "data", "size": "1Mi"}]))
    homeostat.start()
    homeostat.wait_ready("owner")
    path = homeostat.root / "thief.xml"
    path.write_text(XML.format(homeostat.disk("owner", "data")))
    homeostat.virsh("define", str(path))
    try:
        homeostat.virsh("start", "thief")
        homeostat.edit("owner", lambda spec: spec.update(runStrategy="Always"))
        waiting = homeostat.wait_condition("owner", "Reconciling", "ResourceInUse")
        assert "another process has the file open for writing" in waiting.message
        assert homeostat.state_of("owner") == "shut off"
    finally:
        remove_domain(homeostat.rig, "thief")
    homeostat.wait_ready("owner", timeout=60)
