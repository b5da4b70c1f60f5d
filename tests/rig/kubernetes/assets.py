"""The programs of a control plane: those of KUBEBUILDER_ASSETS, else those that build-apiserver made."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(__file__).with_name("build-apiserver")
BUILD_NEWEST = Path(__file__).with_name("build-newest")


@dataclass(frozen=True, slots=True)
class Assets:
    """A folder laid out as envtest's: kube-apiserver, etcd, kubectl, and maybe kube-controller-manager."""

    directory: Path

    @classmethod
    def find(cls, *, build: bool = False) -> Assets:
        """Finds the programs. Where there are none, it builds them for minutes, if ``build`` is set."""
        found = subprocess.run([BUILD, *([] if build else ["--cached"])], stdout=subprocess.PIPE, text=True, check=False)
        if found.returncode != 0:
            raise RuntimeError(f"no Kubernetes API server: run {BUILD} once, or set KUBEBUILDER_ASSETS")
        return cls(Path(found.stdout.strip()))

    @classmethod
    def newest(cls) -> Assets | None:
        """Returns those of build-newest, where somebody ran it: a server that knows custom resources and little else."""
        found = subprocess.run([BUILD_NEWEST, "--cached"], stdout=subprocess.PIPE, text=True, check=False)
        return cls(Path(found.stdout.strip())) if found.returncode == 0 else None

    @property
    def apiserver(self) -> Path:
        return self.directory / "kube-apiserver"

    @property
    def etcd(self) -> Path:
        return self.directory / "etcd"

    @property
    def kubectl(self) -> Path:
        own = self.directory / "kubectl"
        return own if own.exists() else Path(shutil.which("kubectl") or own)

    @property
    def controller_manager(self) -> Path | None:
        """envtest has none: deleted namespaces then stay Terminating, and nothing is collected by its owner."""
        own = self.directory / "kube-controller-manager"
        return own if own.exists() else None

    def version(self, program: Path) -> tuple[int, int]:
        """Returns (1, 20) for "Kubernetes v1.20.2"."""
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        major, minor = said.split()[1].removeprefix("v").split(".")[:2]
        return int(major), int(minor)
