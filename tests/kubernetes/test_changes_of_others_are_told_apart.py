"""By what an API server says of an object, the audit tells what others changed from what Homeostat notes by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.store.index import unaudited
from homeostat.store.index.index import Index
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.mirror import Mirror
from homeostat.store.kubernetes.writer import COMMANDS, MANAGER, ClusterWriter
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

HELD = {"metadata": {"finalizers": ["test.homeostat.dev/held"]}}


@asynccontextmanager
async def writing(plane: ControlPlane, path: Path, manager: str) -> AsyncIterator[ClusterWriter]:
    index = Index.open(path / f"{manager}.sqlite")
    writer = ClusterWriter(index, Mirror(index, told=True), Access(plane.kubeconfig), manager)
    try:
        yield writer
    finally:
        await writer.close()
        index.close()


def web(kubectl: Kubectl, **spec: Any) -> dict[str, Any]:
    found = machine("web", **spec)
    return {**found, "metadata": {**found["metadata"], "namespace": kubectl.namespace}}


def noted(writer: ClusterWriter) -> list[tuple[str, str, str]]:
    return [(e.verb, e.editor.author, e.message) for e in unaudited.read(writer.index, 100)]


@pytest.mark.parametrize("manager", [MANAGER, COMMANDS])
async def test_what_is_written_here_and_by_kubectl(
    plane: ControlPlane, crds: list[str], kubectl: Kubectl, tmp_path: Path, manager: str
) -> None:
    async with writing(plane, tmp_path, manager) as writer:
        key = Key("VirtualMachine", kubectl.namespace, "web")
        await writer.create("VirtualMachine", web(kubectl, driftPolicy="Report"), "bob")
        writer.mirror.take([kubectl.get("vm", "web")])
        await writer.patch(key, {"spec": {"runStrategy": "Halted"}}, "bob")
        kubectl.patch("vm", "web", {**HELD, "spec": {"resources": {"vcpu": 2}}})
        writer.mirror.take([kubectl.get("vm", "web")])
        await writer.delete(key, "bob")
        writer.mirror.take([kubectl.get("vm", "web")])
        kubectl.patch("vm", "web", {"metadata": {"finalizers": None}})
        ours = (
            [("create", "cli", ""), ("change", "cli", "spec.runStrategy"), ("delete", "cli", "")] if manager == COMMANDS else []
        )
        theirs = ("change", "kubectl-patch", "spec.resources")
        assert sorted(noted(writer)) == sorted([*ours, theirs])


async def test_what_kubectl_deletes(plane: ControlPlane, crds: list[str], kubectl: Kubectl, tmp_path: Path) -> None:
    async with writing(plane, tmp_path, MANAGER) as writer:
        await writer.create("VirtualMachine", web(kubectl), "bob")
        kubectl.patch("vm", "web", HELD)
        kubectl.run("delete", "vm", "web", "--wait=false")
        writer.mirror.take([kubectl.get("vm", "web")])
        kubectl.patch("vm", "web", {"metadata": {"finalizers": None}})
        assert noted(writer) == [("delete", "", "")]
