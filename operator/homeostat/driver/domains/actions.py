"""Carries out actions on domains: one ``match``, which decides nothing.

Each action becomes a DomainStep: the libvirt calls, and what of the domain is to be read afterwards. Calls and reading are one
job on one of the connection's threads. Nothing else touches that domain in the meantime.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from homeostat.planner import actions as act
from homeostat.planner.observed import ObservedDomain

from .. import faults
from ..connection.connection import LibvirtConnection
from ..errors import DriverError, GuestHolds, NotAnswering
from ..guests.agent import Agent
from .definition import Definitions
from .devices import DeviceSteps, LiveAction, has_device
from .hung import Hung
from .inventory import Inventory
from .power import PowerSteps
from .step import DomainStep

_log = logging.getLogger(__name__)

DETACH_TIMEOUT = 20.0  # seconds that a guest may take to release a device; libvirt itself waits 5 of them


class DomainActions:
    """Executes the actions that concern domains. ``fence`` is called on the thread just before each action. It raises where we
    may not act any more, for example in a process that was stopped for a while with actions waiting."""

    def __init__(
        self,
        connection: LibvirtConnection,
        inventory: Inventory,
        agent: Agent,
        hung: Hung,
        fence: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection, self._inventory, self._agent, self._fence = connection, inventory, agent, fence
        self._definitions = Definitions(connection, inventory, fence)
        self._hung = hung
        self._power, self._devices = PowerSteps(connection, inventory), DeviceSteps(connection)

    async def execute(self, action: act.Action) -> None:
        """Carries one action out.

        Raises:
            DriverError: it could not be done.
        """
        if not isinstance(action, act.PowerOffDomain):
            self._hung.check(_uuid_of(action))  # it would wait for the same lock of libvirt
        match action:
            case act.DefineDomain():
                await self._definitions.define(action)
            case act.WriteRecord():
                await self._definitions.write_record(action)
            case act.DetachDisk() | act.DetachNic():
                await self._detach(action)
            case act.ShutdownDomain(by_agent=True):
                await self._shut_down_by_agent(action)
            case _:
                await self._run(self._step(action), action)

    def _step(self, action: act.Action) -> DomainStep:
        """Returns what each action is to libvirt."""
        match action:
            case act.SetAutostart() | act.RenameDomain() | act.UndefineDomain():
                return self._definitions.step(action)
            case _ if isinstance(action, act.PowerAction):
                return self._power.step(action)
            case _ if isinstance(action, LiveAction):
                return replace(self._devices.step(action), at_once=True)
        raise TypeError(f"{type(action).__name__} is not an action on a domain")

    async def _shut_down_by_agent(self, action: act.ShutdownDomain) -> None:
        """Asks the agent. In the meantime nothing waits for it, neither readings nor the other guests."""
        self._inventory.own(action.uuid)
        self._fence()
        try:
            with faults.around(action):
                await self._tell_agent(action)
        except DriverError as error:
            _log.info("asking a guest's agent to shut it down: %s", error)
            await self._run(self._step(action), action)

    async def _tell_agent(self, action: act.ShutdownDomain) -> None:
        """Asks the agent. A guest may be off before libvirt has finished asking it; then the call fails."""
        try:
            await self._agent.shut_down(action.uuid)
        except DriverError as error:
            await self._after_failure(self._step(action), error)

    async def _run(self, step: DomainStep, action: act.Action) -> ObservedDomain | None:
        async with self._inventory.exclusively(step.uuid):
            known = self._inventory.own(step.uuid)
            doing = f"{step.doing} machine {known.name}"
            if step.causes is not None:
                self._inventory.expect(step.uuid, step.causes)
            try:
                job = self._connection.run(lambda: self._perform(step, action), doing)
                seen = await (self._hung.answered(step.uuid, job) if step.at_once else job)
            except NotAnswering:
                raise
            except DriverError as error:
                if step.causes is not None:
                    self._inventory.unexpect(step.uuid, step.causes)
                seen = await self._after_failure(step, error)
            self._inventory.accept(step.uuid, seen)
            return seen

    def _perform(self, step: DomainStep, action: act.Action) -> ObservedDomain | None:
        """Runs the step on one of the connection's threads. Every action on a domain goes through here, or through
        ``Definitions``."""
        handle = self._connection.domain(step.uuid)
        self._fence()
        with faults.around(action):
            step.call(handle)
        if step.becomes is not None and (known := self._inventory.get(step.uuid)) is not None:
            return step.becomes(known)
        return self._inventory.read(step.uuid, step.reads, handle)

    async def _after_failure(self, step: DomainStep, error: DriverError) -> ObservedDomain | None:
        """Reads the domain again after any failure: what was known of it may have been wrong.

        Raises:
            DriverError: ``error``, unless the wanted state is there already.
        """
        try:
            seen = await self._connection.run(lambda: self._inventory.read(step.uuid, step.reads), "read a domain")
        except DriverError:
            raise error from None
        self._inventory.accept(step.uuid, seen)
        if step.done(seen):
            return seen
        raise error

    async def _detach(self, action: act.DetachDisk | act.DetachNic) -> None:
        """Detaches a device. libvirt asks the guest; an event tells when the guest has released the device."""
        seen = await self._run(self._step(action), action)
        try:
            async with asyncio.timeout(DETACH_TIMEOUT):
                while has_device(seen, action):
                    await self._inventory.next_change(action.uuid)
                    seen = self._inventory.get(action.uuid)
        except TimeoutError:
            device = f"disk {action.disk.name}" if isinstance(action, act.DetachDisk) else f"nic {action.nic.name}"
            raise GuestHolds(
                f"the guest has not let go of {device} within {DETACH_TIMEOUT:.0f} s, and has it as before. It is asked again"
                " - a guest without ACPI hotplug lets go of it when it is started again"
            ) from None


def _uuid_of(action: act.Action) -> str:
    return action.config.uuid if isinstance(action, act.DefineDomain) else getattr(action, "uuid", "")
