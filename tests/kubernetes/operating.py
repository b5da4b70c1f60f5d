"""`homeostat operator` as a program, on libvirt's test driver or on the rig's libvirtd, and nothing left of it afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.rig.kubernetes.kubectl import Kubectl, Object, condition_of
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.program import Running, launch
from tests.rig.waiting import CROWDED, ended, wait_until

SOON = 30.0  # seconds for anything that needs neither a boot nor a lease to expire
PATIENT = f"--timeout={SOON * CROWDED:.0f}s"  # for kubectl, which does not see that a machine is crowded
LEASES = "homeostat-system"
KINDS = (
    *("snapshotschedules", "snapshots", "virtualmachinedeployments", "virtualmachines", "plugins", "machinerevisions", "disks"),
    *("images", "networks", "hosts"),
)


class OperatorProcess:
    """One operator. ``state`` may be another one's: several operators of one host share it."""

    def __init__(
        self,
        plane: ControlPlane,
        state: Path,
        *options: str,
        uri: str = "test:///default",
        kubeconfig: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.plane, self.state, self.uri = plane, state, uri
        self.log = state.parent / f"{state.name}.{time.monotonic_ns()}.log"
        self._options = options or ("--host", "node")
        self._kubeconfig = kubeconfig
        self._environment = dict(environment or {})
        self._running: Running | None = None

    def start(self) -> None:
        """Without waiting for anything."""
        assert self._running is None, "it runs already"
        kubeconfig = self._kubeconfig or self.plane.kubeconfig
        command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(self.state), "--connect", self.uri]
        with self.log.open("ab") as output:
            self._running = launch(
                [*command, "operator", "--kubeconfig", str(kubeconfig), *self._options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self._environment},
            )

    @property
    def pid(self) -> int:
        assert self._running is not None, "it does not run"
        return self._running.pid

    @property
    def runs(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def stop(self) -> int:
        """In order; its exit code."""
        return self._end(signal.SIGTERM)

    def kill9(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        assert self._running is not None, "it does not run"
        self._running.send_signal(how)
        code = ended(self._running, SOON)
        self._running = None
        return code

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_said(self, words: str, timeout: float = SOON, times: int = 1) -> None:
        wait_until(lambda: self.said().count(words) >= times, timeout, f"the operator says {words!r}; it said: {self.said()}")


@contextlib.contextmanager
def operating(plane: ControlPlane, state: Path, *options: str, start: bool = True, **settings: Any) -> Iterator[OperatorProcess]:
    """An operator, serving host `node` unless told otherwise. At the end nothing of it is left in the cluster, and its log is
    shown where the test failed; a defect of its own fails the test."""
    operator = OperatorProcess(plane, state, *options, **settings)
    with contextlib.suppress(Exception):
        plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": LEASES}})
    try:
        if start:
            operator.start()
        yield operator
        if operator.runs:
            assert operator.stop() == 0, operator.said()
        said = operator.said()
        assert "Traceback" not in said and "unexpected failure" not in said, said
    except BaseException as error:
        error.add_note(f"--- {operator.log.name}:\n{operator.said()[-6000:]}")
        raise
    finally:
        if operator.runs:
            operator.kill9()
        clear(plane)


def clear(plane: ControlPlane) -> None:
    """Everything of ours but the kinds, by force: no test is about this."""
    plane.start_apiserver()
    for plural in KINDS:
        for found in _all_of(plane, plural):
            path = found["metadata"]["selfLink"]
            with contextlib.suppress(Exception):
                plane.api("DELETE", path, {"propagationPolicy": "Background"})
            for change in ({}, {"spec": None}):  # without a spec it is valid where one need not be there, whatever it was
                with contextlib.suppress(Exception):
                    plane.api("PATCH", path, {"metadata": {"finalizers": None}, **change}, "application/merge-patch+json")
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{LEASES}/leases"
    plane.api("DELETE", leases)


def _all_of(plane: ControlPlane, plural: str) -> Sequence[Object]:
    root = "/apis/homeostat.dev/v1alpha1"
    try:
        items: list[Object] = plane.api("GET", f"{root}/{plural}")["items"]
    except Exception:  # the kind is not installed
        return ()
    for item in items:
        meta = item["metadata"]
        within = f"/namespaces/{meta['namespace']}" if "namespace" in meta else ""
        meta["selfLink"] = f"{root}{within}/{plural}/{meta['name']}"
    return items


def ready(thing: Object) -> bool:
    """Ready, by a status that speaks of the newest spec."""
    condition = condition_of(thing, "Ready")
    return condition.get("status") == "True" and condition.get("observedGeneration") == thing["metadata"]["generation"]


def wait_ready(kubectl: Kubectl, *names: str, kind: str = "vm", timeout: float = SOON) -> None:
    for name in names:
        kubectl.wait_for(kind, name, ready, timeout, f"{kind}/{name} is Ready")


def reason_of(thing: Object, kind: str) -> str:
    return str(condition_of(thing, kind).get("reason", ""))


def message_of(thing: Object, kind: str) -> str:
    return str(condition_of(thing, kind).get("message", ""))


def events_of(kubectl: Kubectl, name: str) -> list[Object]:
    return kubectl.list("events", f"--field-selector=involvedObject.name={name}")
