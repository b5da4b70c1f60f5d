"""What a definition of an earlier version would drop of a spec is refused with the field and with what to do, and nothing of it
is written."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from homeostat.models.machine import VirtualMachine
from homeostat.store.errors import Invalid
from homeostat.store.index.index import Index
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.mirror import Mirror
from homeostat.store.kubernetes.writer import ClusterWriter
from tests.api.harness import Api, refused
from tests.kubernetes.things import machine
from tests.rig.kubernetes.earlier import without_the_field
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

SPEC = {"hostSelector": {"disk": "ssd"}, "resources": {"vcpu": 1}}
DISK = {"name": "data", "size": "1Mi", "bus": "scsi"}
WHY = "is not in the cluster's definition of virtualmachines.homeostat.dev, which is older than this version: apply those of"


@pytest.fixture
def earlier(plane: ControlPlane, mine: Kubectl) -> Iterator[None]:
    """Definitions that lack a field of the spec, and one of each disk."""
    mine.apply(machine("probe"))

    def drops() -> bool:
        mine.patch("vm", "probe", {"spec": {**SPEC, "disks": [DISK]}})
        spec = mine.get("vm", "probe")["spec"]
        return "hostSelector" not in spec and "bus" not in spec["disks"][0]

    with (
        without_the_field(plane, "virtualmachines", "spec", "hostSelector"),
        without_the_field(plane, "virtualmachines", "spec", "disks", "[]", "bus"),
    ):
        wait_until(drops, 20, "the earlier definition is in force", interval=0.3)
        yield


def told(answer: httpx.Response, field: str) -> None:
    refused(answer, 400, "invalid_request")
    assert f"{field}: {WHY}" in answer.json()["error"], answer.text
    assert "`homeostat crds | kubectl apply -f -`" in answer.json()["error"]


def test_by_rest(api: Api, mine: Kubectl, earlier: None) -> None:
    told(api.http.post("/api/v1/vms", json={"name": "made", "spec": SPEC}), "spec.hostSelector")
    assert not mine.exists("vm", "made")

    api.create("there", spec={"resources": {"vcpu": 1}, "runStrategy": "Halted"})
    before = mine.get("vm", "there")
    told(api.http.patch("/api/v1/vms/there/spec", json=SPEC), "spec.hostSelector")
    told(api.http.patch("/api/v1/vms/there/spec", json={"disks": [DISK]}), 'spec.disks[name="data"].bus')
    told(api.http.patch("/api/v1/resources/virtualmachines/there", json={"spec": SPEC}), "spec.hostSelector")
    told(api.http.patch("/api/v1/vms/there/spec", json={**SPEC, "runStrategy": None}), "spec.hostSelector")
    told(api.http.patch("/api/v1/vms/there/spec?dryRun=true", json=SPEC), "spec.hostSelector")
    assert mine.get("vm", "there") == before
    assert api.http.patch("/api/v1/vms/there/spec", json={"resources": {"vcpu": 2}}).status_code == 200


async def test_by_apply(plane: ControlPlane, mine: Kubectl, earlier: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    index = Index.open(tmp_path_factory.mktemp("index") / "index.sqlite")
    writer = ClusterWriter(index, Mirror(index), Access(plane.kubeconfig))
    wanted = VirtualMachine.model_validate({"metadata": {"name": "applied", "namespace": mine.namespace}, "spec": SPEC})
    try:
        with pytest.raises(Invalid, match=r"spec\.hostSelector: is not in the cluster's definition"):
            await writer.apply(wanted, "cli")
    finally:
        await writer.close()
        index.close()
    assert not mine.exists("vm", "applied")
