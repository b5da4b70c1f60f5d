"""Every kind there is, by each name people call it."""

from __future__ import annotations

from .base import Resource
from .deployment import MachineRevision, VirtualMachineDeployment
from .host import Host
from .machine import VirtualMachine
from .plugin import Plugin

KINDS: tuple[type[Resource], ...] = (VirtualMachine, VirtualMachineDeployment, Plugin)
"""What people declare in a folder."""
CLUSTER_KINDS: tuple[type[Resource], ...] = (*KINDS, MachineRevision, Host)
"""What Kubernetes knows."""
BY_KIND: dict[str, type[Resource]] = {k.KIND: k for k in KINDS}
STORED: dict[str, type[Resource]] = {k.KIND: k for k in CLUSTER_KINDS}
"""What a store holds: also what the operator keeps for itself."""


def kind_named(word: str) -> type[Resource] | None:
    """The kind for ``VirtualMachine``, ``virtualmachines``, ``virtualmachine``, ``vm`` or ``vms``."""
    wanted = word.lower()
    return next((k for k in KINDS if wanted in (k.KIND.lower(), k.PLURAL, *k.SHORT)), None)
