"""The machines, with what their plugins give to them."""

from __future__ import annotations

import asyncio

from homeostat.models.machine import VirtualMachine
from homeostat.models.machine_hardware import Resources
from homeostat.models.plugin import Plugin
from homeostat.planner.allowed import Allowed
from homeostat.planner.machine.preview.classify import classify
from homeostat.runtime.engine.clock import timestamp
from homeostat.runtime.machine import commands
from homeostat.runtime.machine.effective import Effective, follows_plugin
from homeostat.store.files.allowing import said_allowed
from homeostat.store.files.state import StateFolder

from ..asking import Asking
from ..changing.spec_change import SpecChange, of_machine
from ..refusals import AlreadyRunning, AlreadyStopped
from .collection import Collection
from .power import already_running, already_stopped, is_off, wants_running


class Machines(Collection[VirtualMachine]):
    """The machines of one namespace."""

    def __init__(self, asking: Asking) -> None:
        super().__init__(asking, VirtualMachine)
        self._effective = Effective(self.store)

    async def effective(self, machine: VirtualMachine) -> VirtualMachine:
        """Returns the machine with what its plugin adds to it. The spec of a replica has that already."""
        return (await self._effective.machine(machine))[0]

    async def judge(self, before: VirtualMachine, after: VirtualMachine) -> SpecChange:
        old, new = await self.effective(before), await self.effective(after)
        return of_machine(old, new, await asyncio.to_thread(classify, old, new))

    def allowed(self) -> Allowed | None:
        """Returns what machines may have of their host that reaches beyond them. None: that is not known here."""
        limits = self.asking.limits
        return None if limits.clustered else said_allowed(StateFolder.named(limits.state))

    async def start(self, name: str) -> VirtualMachine:
        """Starts a machine, and returns it after the change.

        Raises:
            NoSuchResource, BeingDeleted, StoreError.
            AlreadyRunning: it runs, or is starting.
        """
        machine = await self._standing(name)
        if already_running(machine):
            raise AlreadyRunning(name)
        return await self.patch(machine, commands.start(machine, timestamp()))

    async def stop(self, name: str, force: bool) -> VirtualMachine:
        """Shuts a machine down, or with ``force`` cuts its power. Returns it after the change.

        Raises:
            NoSuchResource, BeingDeleted, StoreError.
            AlreadyStopped: no guest runs, and none is about to.
        """
        machine = await self._standing(name)
        if already_stopped(machine):
            raise AlreadyStopped(name)
        return await self.patch(machine, commands.stop(machine, force, timestamp()))

    async def restart(self, name: str) -> tuple[VirtualMachine, bool]:
        """Restarts a machine, or starts one that is off. Returns it after the change, and whether it was on.

        Raises:
            NoSuchResource, BeingDeleted, StoreError.
        """
        machine = await self._standing(name)
        was_on = wants_running(machine.spec) and not already_stopped(machine)
        return await self.patch(machine, commands.restart(machine, timestamp())), was_on

    async def wait_off(self, name: str, seconds: float) -> tuple[bool, VirtualMachine | None]:
        """Waits until its guest is off. Returns whether that was so within ``seconds``, and the machine as it was then."""
        return await self.wait(name, lambda found: found is None or is_off(found), seconds)

    async def _standing(self, name: str) -> VirtualMachine:
        """Returns the machine with what its plugin adds: one of a batch plugin runs once, though its spec does not say so."""
        return await self.effective(await self.standing(name))

    async def given(self, machine: VirtualMachine) -> Resources:
        """Returns the resources that hold where the machine's spec says nothing."""
        key = follows_plugin(machine)
        plugin = await self.store.get(Plugin, key) if key else None
        return plugin.spec.resources if plugin else Resources()
