"""Every kind there is, by each name people call it."""

from __future__ import annotations

from .base import Resource
from .machine import VirtualMachine

KINDS: tuple[type[Resource], ...] = (VirtualMachine,)
BY_KIND: dict[str, type[Resource]] = {k.KIND: k for k in KINDS}


def kind_named(word: str) -> type[Resource] | None:
    """The kind for ``VirtualMachine``, ``virtualmachines``, ``virtualmachine``, ``vm`` or ``vms``."""
    wanted = word.lower()
    return next((k for k in KINDS if wanted in (k.KIND.lower(), k.PLURAL, *k.SHORT)), None)
