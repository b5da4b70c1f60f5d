"""Keys that are pressed on a machine's keyboard, by whoever may change the machine. They need no screen, and no console.

libvirt presses them (virDomainSendKey), not a viewer of the screen: QEMU lets go of a chord itself, whatever becomes of whoever
pressed it; a machine without a VNC server has a keyboard, too; and a key code says which key, where a keysym is translated again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from homeostat.accounts.rights import Right
from homeostat.consoles.keyboard import Chord, NotAKey, chord_of, chords_of
from homeostat.driver.errors import DomainGone, DriverError, Refused
from homeostat.driver.guests.keyboard import press_keys
from homeostat.models.machine import VirtualMachine

from ..kinds.machines import Machines
from ..refusals import ConsoleUnavailable, KeyboardBusy, NoSuchKey
from .consoles import MachineConsoles, uuid_of

HOLD = 10  # milliseconds between two movements of a key
WAITING = 4  # texts for one machine; each takes up to 40 seconds
BATCH = 25  # chords that QEMU is given at once; it has room for about 80, and forgets the rest


class Keyboards:
    """Whose turn it is at each machine: two texts that are typed at once would mix. By the machine's uid."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._there: Counter[str] = Counter()  # who types, and who waits for that

    @asynccontextmanager
    async def turn(self, machine: VirtualMachine) -> AsyncIterator[None]:
        """Waits until nobody else types.

        Raises:
            KeyboardBusy: too many wait.
        """
        uid = machine.metadata.uid
        if self._there[uid] > WAITING:
            raise KeyboardBusy(machine.metadata.name, WAITING)
        self._there[uid] += 1
        turn = self._turns.get(uid)
        if turn is None:
            turn = self._turns[uid] = asyncio.Lock()
        try:
            async with turn:
                yield
        finally:
            self._there[uid] -= 1
            if not self._there[uid]:
                del self._there[uid]


class MachineKeys:
    """The keyboards of the machines of one namespace, for one actor."""

    def __init__(self, machines: Machines, consoles: MachineConsoles, keyboards: Keyboards) -> None:
        self._machines, self._consoles, self._keyboards = machines, consoles, keyboards

    async def press(self, name: str, keys: Sequence[str], gone: Callable[[], bool] = lambda: False) -> None:
        """Presses keys together, and lets them go, such as ctrl, alt and delete. Raises what ``type`` does."""
        await self._noted(name, "a chord", lambda: [chord_of(keys)], gone)

    async def type(self, name: str, text: str, gone: Callable[[], bool] = lambda: False) -> None:
        """Types a text, key by key, as on a keyboard with the US layout. Takes 20 to 40 ms for each character. ``gone`` tells
        whether whoever asked has gone: then no more is typed, since it may be long ago that he asked.

        Raises:
            NoSuchResource, NotYours: it is not the actor's to change.
            NoSuchKey: no key has one of the characters. Nothing was typed.
            ConsoleUnavailable: the machine is off, went off meanwhile, or hangs; or whoever asked has gone.
            KeyboardBusy: too many type there.
            OnAnotherApi: another API server is beside the machine's host.
        """
        await self._noted(name, "a text", lambda: chords_of(text), gone)

    async def _noted(self, name: str, what: str, read: Callable[[], Sequence[Chord]], gone: Callable[[], bool]) -> None:
        unknown: NotAKey | None = None
        try:
            async with self._machines.asking.noting("type", VirtualMachine.KIND, name, what):
                machine = await self._machines.get(name, Right.CHANGE)
                try:
                    chords = read()
                except NotAKey as error:
                    unknown = error
                    raise NoSuchKey(f"{what} that no keyboard has") from error
                async with self._keyboards.turn(machine):
                    await self._press(machine, chords, gone)
        except NoSuchKey:
            if unknown is None:
                raise
            # Whoever asks learns which one. The audit is not: it may be part of a password.
            raise NoSuchKey(str(unknown), {"name": name, "key": unknown.key}) from unknown

    async def _press(self, machine: VirtualMachine, chords: Sequence[Chord], gone: Callable[[], bool]) -> None:
        name, uid = machine.metadata.name, machine.metadata.uid
        for begin in range(0, len(chords), BATCH):
            if begin:  # he may not be the one any more who may, nor it the same machine
                machine = await self._machines.get(name, Right.CHANGE)
                if machine.metadata.uid != uid:
                    raise ConsoleUnavailable(name, f"it is another machine now: {begin} of {len(chords)} keys were pressed")
            batch = chords[begin : begin + BATCH]
            uri, uuid = await self._consoles.libvirt_of(machine), uuid_of(machine)
            if gone():
                raise ConsoleUnavailable(name, f"whoever asked has gone: {begin} of {len(chords)} keys were pressed")
            try:
                await self._consoles.calls.call(uuid, lambda: press_keys(uri, uuid, batch, HOLD))  # noqa: B023 - it is awaited
            except (DomainGone, Refused) as error:
                raise ConsoleUnavailable(name, f"it went off: {begin} of {len(chords)} keys were pressed") from error
            except DriverError as error:
                raise ConsoleUnavailable(name, f"{error}. {begin} of {len(chords)} keys were pressed") from error
            await asyncio.sleep(seconds_of(batch))


def seconds_of(chords: Sequence[Chord]) -> float:
    """Returns how long QEMU takes to press them: each key goes down, and up again."""
    return sum(2 * len(chord) for chord in chords) * HOLD / 1000
