"""While the operators of several hosts are upgraded one after another, those of the earlier version read what the later ones say
of their hosts and machines: a field that they do not know does not hide the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes.operating import LEASES, SOON, OperatorProcess, operating, reason_of
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.crds import path_of, set_status
from tests.rig.kubernetes.earlier import with_the_field
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

NEW = "laterField"
OPEN = {"type": "Schedulable", "status": "True", "reason": "Open", "observedGeneration": 1}
FAR, NODE = (f"{host}.host.homeostat.dev/teardown" for host in ("far", "node"))


@pytest.fixture
def operator(crds: list[str], plane: ControlPlane, tmp_path: Path) -> Iterator[OperatorProcess]:
    """Serves the host `node`, once it is started, beside the Host `far` that an operator of a later version reports on."""
    with ExitStack() as stack:
        for plural in ("hosts", "virtualmachines"):
            stack.enter_context(with_the_field(plane, plural, "status", NEW))
        operator = stack.enter_context(operating(plane, tmp_path / "state", start=False))
        plane.kubectl.apply(thing("Host", "far", {}))
        _hold_lease(plane)
        _says(plane, path_of("hosts", "far"), conditions=[OPEN], operator="later")
        yield operator


def _hold_lease(plane: ControlPlane) -> None:
    """Holds the lease of `far` for longer than a test takes."""
    held = {"holderIdentity": "later", "leaseDurationSeconds": 3600, "renewTime": f"{datetime.now(UTC):%FT%T.%fZ}"}
    lease = {"metadata": {"name": "homeostat-host-far"}, "spec": held}
    plane.api("POST", f"/apis/coordination.k8s.io/v1/namespaces/{LEASES}/leases", lease)


def _says(plane: ControlPlane, path: str, **status: Any) -> None:
    """Writes a status with the new field, as soon as the server knows that."""

    def kept() -> bool:
        set_status(plane, path, **status, **{NEW: "x"})
        return NEW in plane.api("GET", path)["status"]

    wait_until(kept, SOON, "the definition has the new field")


def test_a_machine_goes_to_its_host(kubectl: Kubectl, operator: OperatorProcess) -> None:
    operator.start()
    kubectl.create(machine(hostSelector={"kubernetes.io/hostname": "far"}))
    kubectl.wait_for("vm", "web", lambda vm: FAR in vm["metadata"].get("finalizers", []))


def test_a_machine_of_its_host_is_not_made_a_second_time(
    plane: ControlPlane, kubectl: Kubectl, operator: OperatorProcess
) -> None:
    web = machine()
    web["metadata"]["finalizers"] = [NODE]
    kubectl.create(web)
    _says(plane, path_of("virtualmachines", "web", kubectl.namespace), host="far", state="Running")
    operator.start()
    web = kubectl.wait_for("vm", "web", lambda vm: reason_of(vm, "Ready") in {"OnAnotherHost", "InSync"})
    assert reason_of(web, "Ready") == "OnAnotherHost"
