"""What goes on while the contract is served: Images go that were uploaded for a disk by a server that was killed before it made
the disk. Nobody would see them here."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from homeostat.models.image import Image
from homeostat.service.desk import Desk
from homeostat.service.refusals import Refusal
from homeostat.service.service import Service

from .errors import StoreError
from .uploads import UNFINISHED, finished

log = logging.getLogger("homeostat.api")

SETTLES = timedelta(minutes=5)
"""How old an Image is that no server makes a disk of any more: one waits for half a minute until it was looked at."""
_PAUSE = 60.0  # seconds


class Unfinished:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def keep(self) -> None:
        """Looks after them until it is cancelled."""
        while True:
            await self.look(datetime.now(UTC))
            await asyncio.sleep(_PAUSE)

    async def look(self, now: datetime) -> None:
        """Removes what was left by then. What has its disk is finished."""
        desk = self._service.house
        for image in await desk.images.store.list(Image, desk.images.namespace):
            made = image.metadata.creation_timestamp
            if UNFINISHED not in image.metadata.annotations or image.deleting or made is None:
                continue
            if now - datetime.fromisoformat(made) >= SETTLES:
                await self._settle(desk, image)

    async def _settle(self, desk: Desk, image: Image) -> None:
        name = image.metadata.name
        if await desk.disks.find(name) is not None:
            await finished(image, desk)
            return
        try:
            await desk.images.delete(image)
        except (Refusal, StoreError) as error:  # such as what others made a disk of
            log.warning("qemu-manager: the Image %s, whose disk was never made, could not be deleted: %s", name, error)
        else:
            log.info("qemu-manager: the Image %s goes: the server ended before its disk was made", name)
