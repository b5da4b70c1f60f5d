"""`homeostat apply` over a cluster is one more server-side applier: what it never set is left alone, what it set goes with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.clock import timestamp
from homeostat.runtime.machine.commands import REPLACED, start, stop
from homeostat.store.errors import AlreadyExists
from homeostat.store.index.index import Index
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.mirror import Mirror
from homeostat.store.kubernetes.writer import ClusterWriter
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

ROOT, DATA = ({"name": name, "size": "1Gi"} for name in ("root", "data"))


@pytest.fixture
async def writer(plane: ControlPlane, crds: list[str], tmp_path: Path) -> AsyncIterator[ClusterWriter]:
    index = Index.open(tmp_path / "index.sqlite")
    found = ClusterWriter(index, Mirror(index), Access(plane.kubeconfig))
    yield found
    await found.close()
    index.close()


def given(kubectl: Kubectl, name: str, **spec: Any) -> VirtualMachine:
    metadata = {"name": name, "namespace": kubectl.namespace, "labels": {"app": "web"}}
    return VirtualMachine.model_validate({"metadata": metadata, "spec": spec})


async def test_what_others_set_stays_and_what_it_set_goes(writer: ClusterWriter, kubectl: Kubectl) -> None:
    first = given(kubectl, "web", driftPolicy="Report", resources={"vcpu": 1}, disks=[ROOT])
    assert (await writer.apply(first, "cli")).outcome == "created"
    assert (await writer.apply(first, "cli")).outcome == "unchanged"
    await writer.patch(first.key, {"spec": {"runStrategy": "Halted", "disks": [ROOT, DATA]}}, "cli")
    kubectl.patch("vm", "web", {"spec": {"resources": {"memory": "1Gi"}}, "metadata": {"annotations": {"by": "hand"}}})

    second = given(kubectl, "web", resources={"vcpu": 2}, disks=[ROOT])
    before = kubectl.get("vm", "web")["spec"]
    assert (await writer.apply(second, "cli", dry=True)).outcome == "configured"
    assert kubectl.get("vm", "web")["spec"] == before
    assert (await writer.apply(second, "cli")).outcome == "configured"

    found = kubectl.get("vm", "web")
    assert found["spec"] == {"runStrategy": "Halted", "resources": {"vcpu": 2, "memory": "1Gi"}, "disks": [ROOT, DATA]}
    assert found["metadata"]["annotations"]["by"] == "hand" and found["metadata"]["labels"] == {"app": "web"}


async def test_what_was_made_by_others_is_left_alone_and_named(writer: ClusterWriter, kubectl: Kubectl) -> None:
    kubectl.apply(machine("theirs", driftPolicy="Report", resources={"vcpu": 4}))
    applied = await writer.apply(given(kubectl, "theirs", resources={"vcpu": 2}), "cli")
    assert (applied.outcome, applied.left) == ("configured", ("spec.driftPolicy",))
    assert kubectl.get("vm", "theirs")["spec"] == {"driftPolicy": "Report", "resources": {"vcpu": 2}}
    assert (await writer.apply(given(kubectl, "theirs", resources={"vcpu": 2}), "cli")).left == ()


async def test_what_is_being_deleted_is_not_applied_to(writer: ClusterWriter, kubectl: Kubectl) -> None:
    kubectl.apply(machine("going"))
    kubectl.patch("vm", "going", {"metadata": {"finalizers": ["test.homeostat.dev/held"]}})
    kubectl.run("delete", "vm", "going", "--wait=false")
    with pytest.raises(AlreadyExists, match="still being deleted"):
        await writer.apply(given(kubectl, "going"), "cli")
    kubectl.patch("vm", "going", {"metadata": {"finalizers": None}})


@pytest.mark.parametrize("way", ["apply", "patch"])
async def test_what_lets_a_machine_run_again_ends_what_stop_noted(writer: ClusterWriter, kubectl: Kubectl, way: str) -> None:
    name = f"noted-{way}"
    first = given(kubectl, name, runStrategy="Once")
    await writer.apply(first, "cli")
    stopped = await writer.patch(first.key, stop(first, False, timestamp()), "cli")
    assert stopped.metadata.annotations[REPLACED] == "Once"
    again = given(kubectl, name, runStrategy="Always")
    if way == "apply":
        await writer.apply(again, "cli", dry=True)
        assert kubectl.get("vm", name)["metadata"]["annotations"][REPLACED] == "Once"
        assert (await writer.apply(again, "cli")).outcome == "configured"
    else:
        await writer.patch(first.key, {"spec": {"runStrategy": "Always"}}, "api")
    found = kubectl.get("vm", name)
    assert found["spec"]["runStrategy"] == "Always" and REPLACED not in found["metadata"].get("annotations", {})


@pytest.mark.parametrize("between", ["Always", "RerunOnFailure", None])
async def test_an_edit_by_kubectl_makes_what_stop_noted_void(
    writer: ClusterWriter, kubectl: Kubectl, between: str | None
) -> None:
    """The API server remembers who wrote the strategy last, so a new mirror finds the same."""
    name = f"edited-{between or 'removed'}".lower()
    first = given(kubectl, name, runStrategy="Once")
    await writer.apply(first, "cli")
    await writer.patch(first.key, stop(first, False, timestamp()), "cli")
    kubectl.patch("vm", name, {"spec": {"runStrategy": between}})
    kubectl.patch("vm", name, {"spec": {"runStrategy": "Halted"}})
    seen = await writer.patch(first.key, {}, "api")
    assert isinstance(seen, VirtualMachine) and REPLACED not in seen.metadata.annotations
    await writer.patch(first.key, start(seen, timestamp()), "api")
    found = kubectl.get("vm", name)
    assert found["spec"]["runStrategy"] == "Always" and REPLACED not in found["metadata"].get("annotations", {})


async def test_other_edits_by_kubectl_keep_what_stop_noted(writer: ClusterWriter, kubectl: Kubectl) -> None:
    first = given(kubectl, "kept", runStrategy="Once")
    await writer.apply(first, "cli")
    await writer.patch(first.key, stop(first, False, timestamp()), "cli")
    kubectl.patch("vm", "kept", {"spec": {"resources": {"vcpu": 2}}, "metadata": {"labels": {"by": "hand"}}})
    kubectl.patch("vm", "kept", {"spec": {"runStrategy": "Halted"}})
    seen = await writer.patch(first.key, {}, "api")
    assert isinstance(seen, VirtualMachine)
    await writer.patch(first.key, start(seen, timestamp()), "api")
    assert kubectl.get("vm", "kept")["spec"]["runStrategy"] == "Once"
