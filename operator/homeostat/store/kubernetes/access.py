"""Which cluster is spoken to, and as whom."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


@dataclass(frozen=True, slots=True)
class Access:
    """Which cluster, and as whom. ``kubeconfig`` None: $KUBECONFIG, else the pod's service account, else ~/.kube/config."""

    kubeconfig: Path | None = None
    context: str | None = None

    @property
    def in_cluster(self) -> bool:
        return self.kubeconfig is None and "KUBECONFIG" not in os.environ and IN_CLUSTER.exists()
