"""A Host of the longest name is served and takes a machine; a longer one, whose lease is refused, says what is wrong."""

from __future__ import annotations

from pathlib import Path

from homeostat.models.host import HOST_NAME_MAX
from tests.kubernetes.operating import message_of, operating, ready, reason_of, wait_ready
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

LABELS = [*["n" * 63] * 3, "n" * (HOST_NAME_MAX - 3 * 64)]
LONGEST = ".".join(LABELS)


def test_it_takes_a_machine(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    assert len(LONGEST) == HOST_NAME_MAX
    with operating(plane, tmp_path / "state", "--host", LONGEST):
        plane.kubectl.wait_for("host", LONGEST, ready)
        kubectl.create(machine(named="web"))
        wait_ready(kubectl, "web")
        assert kubectl.get("vm", "web")["status"]["host"] == LONGEST


def test_a_longer_one_says_that_it_is(crds: list[str], plane: ControlPlane, tmp_path: Path) -> None:
    """The definition does not refuse it: a server would then not let one go that it has already."""
    with operating(plane, tmp_path / "state"):
        plane.kubectl.create(thing("Host", f"{LONGEST}n", {}))
        found = plane.kubectl.wait_for("host", f"{LONGEST}n", lambda host: reason_of(host, "Ready") == "InvalidSpec")
        assert f"a host's name has at most {HOST_NAME_MAX}" in message_of(found, "Ready")
        plane.kubectl("delete", "host", f"{LONGEST}n", "--timeout=20s")
