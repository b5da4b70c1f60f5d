"""A machine that ran with a VNC port, as each did once, keeps it until its next boot. Then its consoles show it without one."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, idle

NAME = "box"


def test_the_port_goes_with_the_next_boot(homeostat: Homeostat) -> None:
    screen = {"video": "vga", "vnc": {"listen": "127.0.0.1"}}
    homeostat.write(NAME, idle(display=screen))
    homeostat.start()
    homeostat.wait_ready(NAME)
    before = homeostat.status(NAME)
    assert before.vnc is not None

    homeostat.edit(NAME, lambda spec: spec.update(display={"video": "vga"}))
    homeostat.wait_ready(NAME)
    after = homeostat.status(NAME)
    assert (after.vnc, after.run, homeostat.condition(NAME, "RestartRequired")) == (before.vnc, before.run, None)

    done = homeostat.run("restart", NAME)
    assert done.returncode == 0, done.stderr
    homeostat.wait_for(lambda: homeostat.status(NAME).run not in (None, before.run), "it has booted again")
    assert homeostat.status(NAME).vnc is None
    assert "listen type='none'" in homeostat.virsh("dumpxml", NAME)
