"""Which cluster we connect to, and with which identity."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from .errors import ClusterUnavailable

PACKAGES = ("kopf", "kubernetes")
IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


@dataclass(frozen=True, slots=True)
class Access:
    """The cluster, and the identity that we have there. ``kubeconfig`` None: $KUBECONFIG, or the service account of the pod, or
    ~/.kube/config."""

    kubeconfig: Path | None = None
    context: str | None = None

    def __post_init__(self) -> None:
        """Checks that the packages for clusters are installed.

        Raises:
            ClusterUnavailable: they are not.
        """
        missing = [name for name in PACKAGES if find_spec(name) is None]
        if missing:
            raise ClusterUnavailable(
                f"Kubernetes mode needs {' and '.join(missing)}, not installed here: pip install 'homeostat[kubernetes]'"
            )

    @property
    def in_cluster(self) -> bool:
        return self.kubeconfig is None and "KUBECONFIG" not in os.environ and IN_CLUSTER.exists()
