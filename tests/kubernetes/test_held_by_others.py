"""Somebody else's finalizer holds an object of which all is gone: it does not say that it is ready, but what it waits for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kubernetes.operating import message_of, operating, reason_of, wait_ready
from tests.kubernetes.things import deployment, machine
from tests.rig.kubernetes.kubectl import Kubectl, Object
from tests.rig.kubernetes.plane import ControlPlane

HOLD = "example.com/hold"


@pytest.mark.parametrize(("kind", "wanted"), [("vm", machine(named="web")), ("vmd", deployment("web", replicas=1))])
def test_it_says_who_holds_it(
    crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path, kind: str, wanted: Object
) -> None:
    with operating(plane, tmp_path / "state"):
        kubectl.create(wanted)
        wait_ready(kubectl, "web", kind=kind)
        finalizers = kubectl.get(kind, "web")["metadata"]["finalizers"]
        kubectl.patch(kind, "web", {"metadata": {"finalizers": [*finalizers, HOLD]}})
        kubectl.delete(kind, "web")

        held = kubectl.wait_for(kind, "web", lambda found: HOLD in message_of(found, "Ready"))

        assert reason_of(held, "Ready") == "Terminating"
        assert [condition["type"] for condition in held["status"]["conditions"]] == ["Ready"]
        assert held["status"]["observedGeneration"] == held["metadata"]["generation"]
        assert kind == "vmd" or held["status"]["state"] == "Terminating"
        kubectl.patch(kind, "web", {"metadata": {"finalizers": None}})
        kubectl.wait_gone(kind, "web")
