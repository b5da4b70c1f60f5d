"""The labels that a host has by itself."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from homeostat.planner.placement import HOSTNAME


def own_labels(uri: str) -> dict[str, str]:
    """Returns its name: that of the machine in libvirt's address."""
    return {HOSTNAME: urlsplit(uri).hostname or socket.gethostname()}
