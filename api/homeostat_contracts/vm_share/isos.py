"""The ISO that each user may have uploaded: the newest one counts."""

from __future__ import annotations

from contextlib import suppress

import falcon.asgi

from homeostat.models.base import OWNER
from homeostat.models.image import Image, ImageState
from homeostat.models.image_source import ImageFormat
from homeostat.service.collection import Patch
from homeostat.service.desk import Desk
from homeostat.service.refusals import InUse
from homeostat_api.http.errors import Problem
from homeostat_api.http.given_names import note_asked
from homeostat_api.http.media import media_type
from homeostat_api.http.uploaded_form import FORM, MALFORMED, take_form

from .errors import bad, failed, not_found, unprocessable
from .marks import fresh
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
        uploads, before = desk.uploads, await self._of(desk, user)
        uploads.most = min(uploads.most, self._most)
        try:
            made = await take_form(req, uploads, lambda file: note_asked(req, f"vmshare-iso-{fresh()}", handle_of(user.id)))
        except Problem as error:
            missing = error.status_code == 400 and error.problem_code != MALFORMED
            raise (unprocessable(f"file: {error.message}") if missing else error) from error
        image = await self._looked_at(desk, user, made)
        for earlier in before:
            with suppress(InUse):  # it goes with the next upload
                await desk.images.delete(earlier)
        return image

    async def _looked_at(self, desk: Desk, user: LabUser, made: Image) -> Image:
        found = await desk.images.looked_at(made, PATIENCE)
        if found.status is None or found.status.phase is not ImageState.READY:
            await desk.images.delete(made)
            raise failed("The ISO was not taken: it cannot be read")
        if found.status.format is not ImageFormat.ISO:
            await desk.images.delete(made)
            raise bad("The file is no ISO: it has neither an ISO 9660 nor a UDF signature")

        async def note(image: Image) -> Patch:
            return {"metadata": {"annotations": {FILE_OF: str(user.id)}}}

        return (await desk.images.edit(made.metadata.name, None, note))[1]

    async def bootable(self, desk: Desk, user: LabUser) -> Image:
        """Returns what a user uploaded last.

        Raises:
            Problem: 404, there is none that a machine boots.
        """
        found = next(iter(await self._of(desk, user)), None)
        if found is None or found.status is None or found.status.phase is not ImageState.READY:
            raise not_found("ISO not found: upload one first (POST /api/post)")
        if (found.status.size or 0) < LEAST:
            raise not_found("ISO not found: what was uploaded is smaller than 1 MiB")
        if not await desk.images.has_file(found):
            raise not_found("ISO not found: its file is gone, upload it again (POST /api/post)")
        return found

    async def _of(self, desk: Desk, user: LabUser) -> list[Image]:
        """Returns what a user uploaded, the newest first."""
        return await seen_newest_first(desk.images, [one for one in await self._parts.images() if self._is_his(one, user)])

    def _is_his(self, image: Image, user: LabUser) -> bool:
        meta = image.metadata
        return meta.labels.get(OWNER) == user.login and meta.annotations.get(FILE_OF) == str(user.id) and not image.deleting
