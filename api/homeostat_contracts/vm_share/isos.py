"""The ISO that each user may have uploaded: the newest one counts."""

from __future__ import annotations

from contextlib import suppress

import falcon.asgi

from homeostat.models.base import OWNER
from homeostat.models.image import Image, ImageState
from homeostat.models.image_source import ImageFormat
from homeostat.service.desk import Desk
from homeostat.service.naming.marks import Marks
from homeostat.service.refusals import InUse
from homeostat_api.http.answers.given_names import note_asked
from homeostat_api.http.errors import Problem
from homeostat_api.http.media import media_type
from homeostat_api.http.requests.uploaded_form import FORM, MALFORMED, take_form

from .errors import NotFound, bad, failed, not_found, unprocessable
from .marks import TURN, fresh, turn_of
from .parts import LabParts, seen_newest_first
from .people import LabUser
from .words import MIB

LEAST = MIB
"""Bytes of an ISO that a machine boots."""
PATIENCE = 60.0  # seconds for an image to be looked at
FILE_OF = "vm-share.homeostat.dev/iso-of"
"""An annotation of an Image: the id of the user who uploaded it."""


def handle_of(user: int | str) -> str:
    """Returns the path by which clients know the ISO of a user. Nothing is there."""
    return f"/isos/{user}.iso"


class CustomIsos:
    """``most``: bytes of one."""

    def __init__(self, parts: LabParts, most: int) -> None:
        self._parts, self._most = parts, most

    async def take(self, req: falcon.asgi.Request, desk: Desk, user: LabUser) -> Image:
        """Takes the ISO of a form, in place of what its user uploaded before.

        Raises:
            Problem: 400, it is no ISO, or the form is not whole; 413, it is too large; 422, there is none.
            Refusal: it is not taken. Nothing of it is kept.
        """
        if media_type(req) != FORM:
            raise unprocessable("file: field required, as multipart/form-data")
        uploads, turn = desk.uploads, 1 + max(map(turn_of, await self._of(desk, user)), default=0)
        his = Marks(annotations={FILE_OF: str(user.id), TURN: str(turn)})  # from its first moment on, should we be killed
        uploads.most = min(uploads.most, self._most)
        try:
            named = note_asked(req, f"vmshare-iso-{fresh()}", handle_of(user.id))
            made = await take_form(req, uploads, lambda file: named, lambda file: his)
        except Problem as error:
            missing = error.status_code == 400 and error.problem_code != MALFORMED
            raise (unprocessable(f"file: {error.message}") if missing else error) from error
        image = await self._looked_at(desk, made)
        await self._keep_newest(desk, user)
        return image

    async def _looked_at(self, desk: Desk, made: Image) -> Image:
        found = await desk.images.looked_at(made, PATIENCE)
        if found.status is None or found.status.phase is not ImageState.READY:
            await desk.images.delete(made)
            raise failed("The ISO was not taken: it cannot be read")
        if not _is_iso(found):
            await desk.images.delete(made)
            raise bad("The file is no ISO: it has neither an ISO 9660 nor a UDF signature")
        return found

    async def _keep_newest(self, desk: Desk, user: LabUser) -> None:
        """Deletes what is older than the newest ISO, also what a killed server left. What is newer is still looked at."""
        found = await self._of(desk, user)
        newest = next((number for number, one in enumerate(found) if _is_iso(one)), len(found))
        for earlier in found[newest + 1 :]:
            with suppress(InUse, NotFound):  # it goes with the next upload; or another one was quicker
                await desk.images.delete(earlier)

    async def bootable(self, desk: Desk, user: LabUser) -> Image:
        """Returns what a user uploaded last.

        Raises:
            Problem: 404, there is none that a machine boots.
        """
        found = next((one for one in await self._of(desk, user) if _is_iso(one) or _has_failed(one)), None)
        if found is None or found.status is None or found.status.phase is not ImageState.READY:
            raise not_found("ISO not found: upload one first (POST /api/post)")
        if (found.status.size or 0) < LEAST:
            raise not_found("ISO not found: what was uploaded is smaller than 1 MiB")
        if not await desk.images.has_file(found):
            raise not_found("ISO not found: its file is gone, upload it again (POST /api/post)")
        return found

    async def _of(self, desk: Desk, user: LabUser) -> list[Image]:
        """Returns what a user uploaded, the newest first."""
        found = await seen_newest_first(desk.images, [one for one in await self._parts.images() if self._is_his(one, user)])
        return sorted(found, key=turn_of, reverse=True)

    def _is_his(self, image: Image, user: LabUser) -> bool:
        meta = image.metadata
        return meta.labels.get(OWNER) == user.login and meta.annotations.get(FILE_OF) == str(user.id) and not image.deleting


def _is_iso(image: Image) -> bool:
    """Tells whether that is known of it."""
    status = image.status
    return status is not None and status.phase is ImageState.READY and status.format is ImageFormat.ISO


def is_no_iso(image: Image) -> bool:
    """Tells whether it is known to be something else. An ISO whose file cannot be read just now is one."""
    return image.status is not None and image.status.format not in (None, ImageFormat.ISO)


def _has_failed(image: Image) -> bool:
    return image.status is not None and image.status.phase is ImageState.FAILED
