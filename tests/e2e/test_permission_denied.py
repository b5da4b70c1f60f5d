"""An operator that libvirt's socket does not let in says so, with what to do, and goes on once it does."""

from __future__ import annotations

import os

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.nursery import Nursery

NOBODY = 65534


def test_it_says_what_to_do(homeostat: Homeostat) -> None:
    homeostat.state.mkdir()
    for room in (homeostat.root, homeostat.state, homeostat.folder):
        os.chown(room, NOBODY, NOBODY)
    homeostat.write("locked", idle())
    homeostat.rig.socket.chmod(0o700)
    nursery = Nursery(homeostat.root / "nursery.log")
    try:
        nursery.start(homeostat.folder, homeostat.state, homeostat.rig.uri, user=NOBODY)
        homeostat.wait_for((homeostat.state / "index.sqlite").exists, "it has an index")
        waiting = homeostat.wait_condition("locked", "Reconciling", "HostUnreachable")
        assert "add your user to the group libvirt (usermod -aG libvirt NAME)" in waiting.message
        homeostat.rig.socket.chmod(0o777)
        homeostat.wait_ready("locked")
    finally:
        homeostat.rig.socket.chmod(0o777)
        nursery.stop()
        nursery.close()
