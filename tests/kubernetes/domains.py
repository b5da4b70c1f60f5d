"""What really is on the rig's libvirtd."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.e2e.homeostat import idle, remove_domain
from tests.kubernetes.operating import OperatorProcess, operating
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd

__all__ = ["Site", "idle", "site"]


class Site:
    """One libvirtd, and a state folder that QEMU reaches."""

    def __init__(self, plane: ControlPlane, rig: Libvirtd) -> None:
        self.plane, self.rig = plane, rig
        self.root = Path(tempfile.mkdtemp(prefix="site-", dir=rig.storage))
        self.root.chmod(0o711)
        self.state = self.root / "state"

    @contextlib.contextmanager
    def operating(self, *options: str, **settings: Any) -> Iterator[OperatorProcess]:
        with operating(self.plane, settings.pop("state", self.state), *options, uri=self.rig.uri, **settings) as operator:
            yield operator

    def domains(self) -> set[str]:
        """Also those of machines that earlier tests left in this API server, which an operator of all namespaces runs."""
        return set(self.rig.virsh("list", "--all", "--name").split())

    def domains_of(self, *namespaces: str) -> set[str]:
        return {name for name in self.domains() if name.split("--")[0] in namespaces}

    def state_of(self, domain: str) -> str:
        """libvirt's word; '' where there is no such domain."""
        return self.rig.virsh("domstate", domain, check=False).strip()

    def id_of(self, domain: str) -> str:
        """Another one after each start."""
        return self.rig.virsh("domid", domain).strip()

    def disk(self, namespace: str, machine: str, disk: str) -> Path:
        return self.state / "machines" / namespace / machine / f"{disk}.qcow2"


@contextlib.contextmanager
def site(plane: ControlPlane, rig: Libvirtd) -> Iterator[Site]:
    """Without a trace at the end."""
    place = Site(plane, rig)
    before = place.domains()
    try:
        yield place
    finally:
        if rig.pid is None:
            rig.start()
        for name in place.domains() - before:
            remove_domain(rig, name)
        shutil.rmtree(place.root, ignore_errors=True)
