"""The labels that a host has without being given any."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

HOSTNAME = "kubernetes.io/hostname"  # as Kubernetes labels its nodes


def own_labels(uri: str) -> dict[str, str]:
    """Its name: of the machine that libvirt's address names."""
    return {HOSTNAME: urlsplit(uri).hostname or socket.gethostname()}
