"""kill -9 of the operator while machines run: they run on, and the next operator, with nothing to do, writes nothing."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, idle
from tests.e2e.watching import LibvirtEvents
from tests.rig import processes


def test_the_next_operator_writes_nothing(homeostat: Homeostat) -> None:
    """Invariant 8, by the store's counters, and by libvirt's definitions and the times of its files."""
    homeostat.write("calm", idle(disks=[{"name": "data", "size": "1Mi"}]))
    homeostat.write("off", idle(runStrategy="Halted"))
    homeostat.start()
    homeostat.wait_ready("calm", "off")
    homeostat.kill9()
    pid, before, events = homeostat.qemu_pid("calm"), traces(homeostat), homeostat.store.events(0)

    with LibvirtEvents(homeostat.rig) as told:
        homeostat.start("--until-ready", "--no-api")
        assert homeostat.wait_ended() == 0, homeostat.said()
    assert told.of_machines == []
    assert processes.alive(pid)
    assert (traces(homeostat), homeostat.store.events(0)) == (before, events)


def traces(homeostat: Homeostat) -> dict[str, object]:
    """All that a write would leave behind."""
    etc = homeostat.rig.directory / "etc" / "qemu"
    return {
        "version": homeostat.version(),
        **{str(path): path.lstat().st_mtime_ns for path in etc.rglob("*.xml")},
        **{name: homeostat.virsh("dumpxml", name) for name in ("calm", "off")},
        **{str(path): path.stat().st_mtime_ns for path in (homeostat.state / "machines").rglob("*")},
    }
