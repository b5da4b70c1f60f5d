"""What goes on while the contract is served: Images go that were uploaded for a disk which was not made, or which has gone, or as
an ISO that they are not, where the server was killed before it removed them itself. Nobody would see them here."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from homeostat.models.image import Image
from homeostat.models.image_source import ImageFormat
from homeostat.service.desk import Desk
from homeostat.service.refusals import InUse, Refusal
from homeostat.service.service import Service

from .errors import StoreError
from .uploads import FOR_ISO, UNFINISHED, finished

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
        """Removes what was left by then. What has its disk stays, what is an ISO, and what somebody made something else of."""
        desk = self._service.house
        for image in await desk.images.store.list(Image, desk.images.namespace):
            made = image.metadata.creation_timestamp
            if UNFINISHED not in image.metadata.annotations or image.deleting or made is None:
                continue
            if now - datetime.fromisoformat(made) < SETTLES:
                continue
            stays = await self._stays(desk, image)
            if stays:
                await finished(image, desk)
            elif stays is not None:
                await self._remove(desk, image)

    async def _stays(self, desk: Desk, image: Image) -> bool | None:
        """Tells whether an Image has become what it is for. None: that is not decided yet."""
        if image.metadata.annotations[UNFINISHED] == FOR_ISO:
            known = image.status.format if image.status is not None else None
            return None if known is None else known is ImageFormat.ISO
        disk = await desk.disks.find(image.metadata.name)
        if disk is None:
            return False
        return None if disk.deleting else True

    async def _remove(self, desk: Desk, image: Image) -> None:
        name = image.metadata.name
        try:
            await desk.images.delete(image)
        except InUse:
            await finished(image, desk)
        except (Refusal, StoreError) as error:
            log.warning("qemu-manager: the Image %s, which is of no use, could not be deleted: %s", name, error)
        else:
            log.info("qemu-manager: the Image %s goes: its disk was never made, or has gone, or it is no ISO", name)
