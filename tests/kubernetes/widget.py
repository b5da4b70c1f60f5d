"""A kind that is nobody's, for tests of the rig itself."""

from __future__ import annotations

from typing import Any

from tests.rig.kubernetes.kubectl import Kubectl, condition_of

NAME = "widgets.rig.example"
KIND: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": NAME},
    "spec": {
        "group": "rig.example",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                    }
                },
            }
        ],
    },
}


def install(kubectl: Kubectl) -> None:
    kubectl.apply(KIND)
    kubectl.wait_for("crd", NAME, lambda crd: condition_of(crd, "Established").get("status") == "True")


def widget(name: str, size: int = 1, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "rig.example/v1", "kind": "Widget", "metadata": {"name": name, **metadata}, "spec": {"size": size}}
