"""Work that is repeated beside the reconciles."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from homeostat.driver.errors import DriverError

from .ports import StoreFailure

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """One such work. ``run`` does one round, and returns the seconds until the next round; None: ``period``. ``first``: seconds
    until the first round. A round that fails is logged with ``failed`` before the reason, and the next round follows."""

    name: str
    period: float
    run: Callable[[], Awaitable[float | None]]
    failed: str
    first: float = 0.0

    async def keep(self) -> None:
        """Runs round after round, and never ends."""
        await asyncio.sleep(self.first)
        while True:
            wait = None
            try:
                wait = await self.run()
            except (DriverError, StoreFailure) as error:
                log.info("%s: %s", self.failed, error)
            await asyncio.sleep(self.period if wait is None else wait)
