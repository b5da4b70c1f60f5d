"""The rig's API server takes a new kind, and checks objects by its schema."""

from __future__ import annotations

from tests.kubernetes import widget
from tests.rig.kubernetes.kubectl import Kubectl


def test_an_object_of_a_new_kind_is_stored(kubectl: Kubectl) -> None:
    widget.install(kubectl)

    kubectl.apply(widget.widget("one", size=3))

    stored = kubectl.get("widget", "one")
    assert stored["spec"] == {"size": 3}
    assert stored["metadata"]["namespace"] == kubectl.namespace


def test_an_object_against_the_schema_is_refused(kubectl: Kubectl) -> None:
    widget.install(kubectl)

    message = kubectl.refused(
        "apply",
        "--validate=false",
        "-f",
        "-",
        stdin='{"apiVersion": "rig.example/v1", "kind": "Widget", "metadata": {"name": "bad"}, "spec": {"size": "huge"}}',
    )

    assert "spec.size" in message
