"""Small documents of each kind; a field that is None is left out."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def thing(kind: str, name: str, spec: Document) -> Document:
    given = {field: value for field, value in spec.items() if value is not None}
    return {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": given}


def machine(named: str = "web", **spec: Any) -> Document:
    return thing("VirtualMachine", named, spec)


def deployment(named: str = "web", **spec: Any) -> Document:
    return thing("VirtualMachineDeployment", named, {"template": {"spec": {}}} | spec)


def plugin(named: str = "page", **spec: Any) -> Document:
    return thing("Plugin", named, {"version": "1"} | spec)
