"""What machines are made from: a Plugin for each os_type."""

from __future__ import annotations

from typing import Any

from homeostat.cli.configuration.sections import VmShareSection
from homeostat.models.plugin import ROOT_DISK, Plugin
from homeostat.service.desk import Desk
from homeostat.service.refusals import Disabled

from .errors import bad, not_found
from .marks import CUSTOM

MEMORY = 1024
"""MiB of a machine that boots an uploaded ISO, where nothing is configured."""


class Profiles:
    def __init__(self, settings: VmShareSection) -> None:
        self._plugins = settings.profiles
        self._memory = settings.memory or MEMORY

    async def plugin(self, desk: Desk, os_type: str) -> Plugin:
        """Returns what machines of an os_type are made from.

        Raises:
            Problem: 400, it is not made from a profile; 404, there is no such profile.
            Refusal: its Plugin is not there for the actor, or is disabled.
        """
        if os_type == CUSTOM:
            raise bad("custom is ISO-only: use /run-iso")
        named = os_type if self._plugins is None else self._plugins.get(os_type)
        if named is None or (self._plugins is None and await desk.plugins.find(named) is None):
            raise not_found(f"There is no profile for os_type {os_type[:64]!r}")
        found = await desk.plugins.get(named)
        if not found.spec.enabled:
            raise Disabled(f"The profile {os_type[:64]!r} is disabled")
        return found

    async def name(self, desk: Desk, os_type: str) -> str | None:
        """Returns the Plugin of an os_type. None: there is none any more."""
        named = os_type if self._plugins is None else self._plugins.get(os_type)
        return named if named and await desk.plugins.find(named) is not None else None

    def from_disk(self, plugin: str | None, disk: str | None) -> dict[str, Any]:
        """Returns the spec of a machine with that root disk, and what its plugin gives it."""
        root = {"disks": [{"name": ROOT_DISK, "diskRef": {"name": disk}}]} if disk else {}
        return {**root, **({"pluginRef": {"name": plugin}} if plugin else self._bare()), "runStrategy": "RerunOnFailure"}

    def from_iso(self, image: str) -> dict[str, Any]:
        """Returns the spec of a machine that boots an ISO, and has no disk."""
        drive = {"name": "iso", "type": "cdrom", "image": {"imageRef": {"name": image}}}
        return {**self._bare(), "disks": [drive], "runStrategy": "RerunOnFailure"}

    def _bare(self) -> dict[str, Any]:
        nics = [{"name": "net", "user": {}}]  # as QEMU gives one to whoever starts it by hand
        return {"resources": {"vcpu": 1, "memory": f"{self._memory}Mi"}, "nics": nics}
