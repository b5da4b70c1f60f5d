"""The rig's API server, killed and started again, is the same to its clients: address, certificate, tokens, objects."""

from __future__ import annotations

import urllib.error

import pytest

from tests.kubernetes import widget
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane


def test_objects_outlive_a_kill_of_the_api_server(plane: ControlPlane, kubectl: Kubectl) -> None:
    widget.install(kubectl)
    kubectl.apply(widget.widget("kept"))
    before = kubectl.get("widget", "kept")

    plane.kill_apiserver()
    with pytest.raises(urllib.error.URLError):
        plane.api("GET", "/readyz")
    plane.start_apiserver()

    assert kubectl.get("widget", "kept") == before
