"""An operator that libvirt's socket does not let in says so, with what to do, and goes on once it does."""

from __future__ import annotations

import os

from tests.e2e.homeostat import Homeostat, idle

NOBODY = 65534
# Nobody, but able to read everything: Python itself may lie in root's home. Connecting to a socket takes writing.
AS_NOBODY = (
    *("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"),
    *("--inh-caps", "-all,+dac_read_search", "--ambient-caps", "-all,+dac_read_search"),
)


def test_it_says_what_to_do(homeostat: Homeostat) -> None:
    homeostat.state.mkdir()
    homeostat.write("locked", idle())
    for room in (homeostat.state, homeostat.folder):
        os.chown(room, NOBODY, NOBODY)
    homeostat.rig.socket.chmod(0o700)
    try:
        homeostat.start(prefix=AS_NOBODY)
        homeostat.wait_for((homeostat.state / "index.sqlite").exists, "it has an index")
        waiting = homeostat.wait_condition("locked", "Reconciling", "HostUnreachable")
        assert "add your user to the group libvirt (usermod -aG libvirt NAME)" in waiting.message
        assert "usermod" in homeostat.said()
    finally:
        homeostat.rig.socket.chmod(0o777)
    homeostat.wait_ready("locked")
