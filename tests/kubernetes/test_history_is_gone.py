"""Who was cut off for so long that the server forgot what happened (410 Gone) lists anew, and then knows what there is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from homeostat.models.base import Resource
from homeostat.models.machine import VirtualMachine
from homeostat.store.index.index import Index
from homeostat.store.kubernetes import informer as informers
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.informer import Informer
from homeostat.store.kubernetes.mirror import Mirror
from tests.kubernetes.things import machine
from tests.rig.cable import Cable
from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

SOON = 30.0  # seconds


@pytest.fixture(scope="module")
def forgetful() -> Iterator[ControlPlane]:
    """A server that remembers no more than etcd does."""
    with ControlPlane(apiserver_flags=["--watch-cache=false"]) as plane:
        install_crds(plane)
        yield plane


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by each list that an informer asks for itself."""
    asked: list[str] = []
    as_it_is = Informer._list

    async def noted(self: Informer, kind: type[Resource]) -> None:
        await as_it_is(self, kind)
        asked.append(kind.KIND)

    monkeypatch.setattr(Informer, "_list", noted)
    return asked


@pytest.fixture
def machines(forgetful: ControlPlane) -> Iterator[Kubectl]:
    yield forgetful.kubectl
    forgetful.kubectl("delete", "vm", "--all")


class Follower:
    """What an informer knows that is connected by a cable."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.cable = Cable(plane.port)
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(plane.kubeconfig.read_text().replace(f":{plane.port}", f":{self.cable.port}"))
        self._index = Index.open(folder / "index.sqlite")
        self._mirror = Mirror(self._index)
        self._informer = Informer(Access(kubeconfig), self._mirror, [VirtualMachine], lambda words: None)

    def __enter__(self) -> Follower:
        self.cable.__enter__()
        self._informer.begin()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run(self._informer.stop())
        self.cable.__exit__(None, None, None)
        self._index.close()

    def comes_to_know(self, *names: str) -> None:
        def known() -> set[str]:
            return {key.name for key in self._mirror.known("VirtualMachine").versions}

        wait_until(lambda: known() == set(names), SOON, f"it knows {', '.join(names) or 'none'}")


def is_gone(plane: ControlPlane, version: str) -> bool:
    """Whether a watch since then is refused."""
    query = urlencode({"watch": "true", "resourceVersion": version, "timeoutSeconds": "1"})
    said = plane.kubectl("get", "--raw", f"/apis/homeostat.dev/v1alpha1/virtualmachines?{query}")
    return bool(said) and json.loads(said.splitlines()[0])["object"].get("code") == 410


@pytest.mark.parametrize("left", [["web"], []], ids=["some-are-left", "none-is-left"])
def test_what_went_meanwhile_is_forgotten(
    forgetful: ControlPlane,
    machines: Kubectl,
    lists: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    left: list[str],
) -> None:
    monkeypatch.setattr(informers, "COUNTED", 1.0)
    machines.create(machine(named="gone"), *(machine(named=name) for name in left))
    with Follower(forgetful, tmp_path) as follower:
        follower.comes_to_know("gone", *left)
        wait_until(lambda: len(lists) == 2, SOON, "it has listed once more, since it watches")
        known = machines.get("vm", "gone")["metadata"]["resourceVersion"]

        follower.cable.cut()
        machines("delete", "vm", "gone")
        machines.create(machine(named="passing"))  # something after it: the newest is never forgotten
        machines("delete", "vm", "passing")
        forgetful.forget_history()
        assert is_gone(forgetful, known)
        follower.cable.mend()

        follower.comes_to_know(*left)
        machines.create(machine(named="next"))
        follower.comes_to_know("next", *left)
