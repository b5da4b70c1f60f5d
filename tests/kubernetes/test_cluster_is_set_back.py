"""A cluster that is restored from a backup while operators run is what it was then to them, too: what was changed since, what was
deleted since, and what is changed from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.store.index.index import Index
from homeostat.store.kubernetes import informer as informers
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.cluster import Cluster, ObjectCount
from homeostat.store.kubernetes.informer import Informer
from homeostat.store.kubernetes.mirror import Mirror
from homeostat.store.kubernetes.paths import ApiPath
from tests.kubernetes.things import machine
from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

SOON = 30.0  # seconds


@pytest.fixture(scope="module")
def own_plane() -> Iterator[ControlPlane]:
    """A cluster that no other test is in."""
    with ControlPlane() as plane:
        install_crds(plane)
        yield plane


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by each answer to how many there are: at which version the cluster was."""
    answers: list[int] = []
    as_it_is = Cluster.count

    async def noted(self: Cluster, path: ApiPath) -> ObjectCount:
        found = await as_it_is(self, path)
        answers.append(int(found.version))
        return found

    monkeypatch.setattr(Cluster, "count", noted)
    monkeypatch.setattr(informers, "COUNTED", 0.5)
    return answers


@pytest.fixture
def index(own_plane: ControlPlane, counts: list[int], tmp_path: Path) -> Iterator[Index]:
    """What an informer knows."""
    index = Index.open(tmp_path / "index.sqlite")
    informer = Informer(Access(own_plane.kubeconfig), Mirror(index), [VirtualMachine], lambda words: None)
    informer.begin()
    yield index
    asyncio.run(informer.stop())
    index.close()


def knows(index: Index, name: str, words: str) -> bool:
    row = index.row(Key(VirtualMachine.KIND, "default", name))
    return row is not None and words in row.spec


def test_all_is_as_it_was_then_and_goes_on_from_there(own_plane: ControlPlane, counts: list[int], index: Index) -> None:
    kubectl = own_plane.kubectl
    kubectl.create(machine(named="changed", resources={"memory": "64Mi"}), machine(named="deleted"))
    backup = own_plane.backup()
    kubectl("patch", "vm", "changed", "--type=merge", "-p", '{"spec": {"resources": {"memory": "96Mi"}}}')
    kubectl("delete", "vm", "deleted")
    kubectl.create(*(machine(named=f"made-{number}") for number in range(40)))  # so that it takes a while to come so far again
    latest = int(kubectl.get("vm", "made-39")["metadata"]["resourceVersion"])
    wait_until(lambda: knows(index, "changed", "96Mi") and knows(index, "made-39", ""), SOON, "it knows what was changed")
    wait_until(lambda: counts[-1] >= latest, SOON, "it has counted since")

    own_plane.restore(backup)

    wait_until(lambda: knows(index, "changed", "64Mi"), SOON, "it knows what is there again")
    wait_until(lambda: knows(index, "deleted", ""), SOON, "it knows what had been deleted")
    wait_until(lambda: not knows(index, "made-39", ""), SOON, "it has forgotten what was made since")
    kubectl("patch", "vm", "changed", "--type=merge", "-p", '{"spec": {"resources": {"memory": "128Mi"}}}')
    wait_until(lambda: knows(index, "changed", "128Mi"), SOON, "it sees what is changed from then on")
