"""The two modes that the same contract is served in: over a folder of YAML, and over a cluster's resources.

HOMEOSTAT_TEST_MODE=kubernetes chooses the second; `make kubernetes` runs the contract's tests once more that way.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import os
import secrets
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
import yaml

from homeostat.models.base import Key, Model
from homeostat.models.kinds import KINDS, STORED, kind_of
from homeostat.runtime.engine.ports import ResourceStore
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from homeostat.store.index.index import FINALIZER, Index
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.cluster import Cluster
from homeostat.store.kubernetes.paths import PATHS
from homeostat.store.kubernetes.store import KubernetesStore
from tests.rig.kubernetes.crds import install_crds, path_of
from tests.rig.kubernetes.plane import ControlPlane

T = TypeVar("T")

KUBERNETES = os.environ.get("HOMEOSTAT_TEST_MODE") == "kubernetes"
of_a_folder = pytest.mark.skipif(KUBERNETES, reason="is about the YAML folder")


class Backend(Protocol):
    """Where one server's resources are, and how a test reaches them past the server."""

    @property
    def options(self) -> Sequence[str]:
        """The server's own."""

    def run(self, work: Callable[[ResourceStore], Awaitable[T]]) -> T:
        """What the operator would do with its store."""

    def hold(self, kind: str, name: str) -> None:
        """Takes the resource up, as the operator does before anything else: it does not go without it."""

    def written(self, plural: str, name: str) -> str | None:
        """The desired state as YAML; None where there is none."""

    def rewrite(self, plural: str, name: str, old: str, new: str) -> None:
        """Somebody else's edit of it."""


class Folder:
    def __init__(self, root: Path) -> None:
        self.folder, self.state = root / "machines", root / "state"
        self.folder.mkdir(exist_ok=True)
        self.options = ("--dir", str(self.folder))

    @functools.cached_property
    def store(self) -> FilesStore:
        return FilesStore.open(self.folder, StateFolder.open(self.state))

    def run(self, work: Callable[[ResourceStore], Awaitable[T]]) -> T:
        async def do() -> T:
            return await work(self.store)

        return asyncio.run(do())

    def hold(self, kind: str, name: str) -> None:
        """Every resource waits for the operator."""

    def written(self, plural: str, name: str) -> str | None:
        file = self.folder / plural / f"{name}.yaml"
        return file.read_text() if file.exists() else None

    def rewrite(self, plural: str, name: str, old: str, new: str) -> None:
        file = self.folder / plural / f"{name}.yaml"
        file.write_text(file.read_text().replace(old, new))
        self.store.sync()


class Namespace:
    """A namespace of a control plane: one that is there, or a fresh one. That stays, with what is in it."""

    def __init__(self, plane: ControlPlane, name: str = "") -> None:
        self.plane = plane
        self.name = name or f"t-{secrets.token_hex(4)}"
        if not name:
            plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": self.name}})
        self.options = ("--kubernetes", "--kubeconfig", str(plane.kubeconfig), "--namespace", self.name)
        self._state = tempfile.TemporaryDirectory(prefix="hs-hand-")
        self._index = Index.open(Path(self._state.name) / "index.sqlite")

    def run(self, work: Callable[[ResourceStore], Awaitable[T]]) -> T:
        async def do() -> T:
            cluster = await Cluster.connect(Access(self.plane.kubeconfig))
            store = KubernetesStore(self._index, cluster, "hand")
            try:
                for kind in KINDS:
                    before = store.mirror.known(kind.KIND)
                    found = [item async for item in cluster.list(PATHS[kind.KIND], self.name)]
                    store.mirror.replace(kind.KIND, found, before)
                return await work(store)  # type: ignore[arg-type]
            finally:
                await cluster.close()

        return asyncio.run(do())

    def hold(self, kind: str, name: str) -> None:
        path = path_of(kind_of(STORED[kind]).plural, name, self.name)
        self.plane.api("PATCH", path, {"metadata": {"finalizers": [FINALIZER]}}, "application/merge-patch+json")

    def written(self, plural: str, name: str) -> str | None:
        kubectl = self.plane.kubectl.within(self.name)
        if not kubectl.exists(plural, name):
            return None
        found = kubectl.get(plural, name)
        shown = {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": {"name": name}, "spec": found["spec"]}
        return yaml.safe_dump(shown)

    def rewrite(self, plural: str, name: str, old: str, new: str) -> None:
        text = self.written(plural, name)
        assert text is not None and old in text
        self.plane.kubectl.within(self.name).patch(plural, name, {"spec": yaml.safe_load(text.replace(old, new))["spec"]})


def said(kind: str, spec: Any) -> Any:
    """A spec without what is the same as its default: an API server writes those of deployments and plugins into it."""
    model = STORED[kind].model_fields["spec"].annotation
    assert isinstance(model, type) and issubclass(model, Model)
    return model.model_validate(spec).model_dump(mode="json", by_alias=True, exclude_defaults=True)


@functools.cache
def plane_for(what: str) -> ControlPlane:
    """One control plane of this process for servers without an operator, and another for those with one."""
    plane = ControlPlane()
    atexit.register(plane.stop)
    plane.start()
    install_crds(plane)
    if what == "living":
        plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": "homeostat-system"}})
    return plane


def backend(root: Path, *, living: bool = False) -> Folder | Namespace:
    return Namespace(plane_for("living" if living else "hand")) if KUBERNETES else Folder(root)


def key(kind: str, name: str, where: Any) -> Key:
    return Key(kind, where.name if isinstance(where, Namespace) else "default", name)
