"""The rig's controllers: a deleted namespace goes away, and so does what has lost its owner; also after a restart."""

from __future__ import annotations

from tests.kubernetes import widget
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane


def test_a_deleted_namespace_goes_with_its_objects(controllers: ControlPlane, kubectl: Kubectl) -> None:
    kubectl("create", "namespace", f"{kubectl.namespace}-b")
    kubectl.within(f"{kubectl.namespace}-b")("create", "configmap", "content")

    kubectl.delete("namespace", f"{kubectl.namespace}-b")

    kubectl.wait_gone("namespace", f"{kubectl.namespace}-b")


def test_children_go_with_their_owner(controllers: ControlPlane, kubectl: Kubectl) -> None:
    widget.install(kubectl)
    controllers.restart_controllers()
    kubectl.apply(widget.widget("owner"))
    owner = kubectl.get("widget", "owner")["metadata"]
    reference = {"apiVersion": "rig.example/v1", "kind": "Widget", "name": "owner", "uid": owner["uid"]}
    kubectl.apply(widget.widget("child", ownerReferences=[reference]), widget.widget("orphan"))

    kubectl.delete("widget", "owner")

    kubectl.wait_gone("widget", "child")
    assert kubectl.exists("widget", "orphan")


def test_controllers_carry_on_after_a_restart_of_the_api_server(controllers: ControlPlane, kubectl: Kubectl) -> None:
    controllers.kill_apiserver()
    controllers.start_apiserver()
    kubectl("create", "namespace", f"{kubectl.namespace}-c")

    kubectl.delete("namespace", f"{kubectl.namespace}-c")

    kubectl.wait_gone("namespace", f"{kubectl.namespace}-c")
