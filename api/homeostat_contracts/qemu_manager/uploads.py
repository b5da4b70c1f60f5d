"""Files that are uploaded: each becomes an Image, whose name nobody had, and remembers what the file was called."""

from __future__ import annotations

import uuid
from contextlib import suppress

import falcon.asgi

from homeostat.models.base import API_GROUP
from homeostat.models.disk import Disk
from homeostat.models.image import Image
from homeostat.models.image_source import ImageFormat
from homeostat.service.desk import Desk
from homeostat.service.naming.marks import Marks, resource_name
from homeostat.service.refusals import Refusal
from homeostat_api.http.answers.given_names import note_asked
from homeostat_api.http.errors import Problem
from homeostat_api.http.requests.uploaded_form import take_form

from .errors import StoreError, bad
from .iso_views import FILE, file_name

PATIENCE = 30.0  # seconds for an image to be looked at, or to go
UNFINISHED = f"qemu-manager.{API_GROUP}/unfinished"
"""An annotation of an Image that was uploaded: what it is for, until its disk is made, or it is known to be an ISO; and of one
whose disk goes. Who is killed in between leaves it."""
FOR_DISK, FOR_ISO = "disk", "iso"
_NAME = 40  # characters of an Image's name that tell what it is


async def uploaded(req: falcon.asgi.Request, desk: Desk, purpose: str) -> Image:
    """Takes the file of a form, and returns its Image once it was looked at, as far as that is so in time. It is not ``finished``
    yet. ``purpose``: FOR_DISK or FOR_ISO.

    Raises:
        Problem, Refusal: it is not taken; nothing of it is kept.
    """

    def name_of(file: str) -> str:
        called = _called(file)
        readable = resource_name(called.rpartition(".")[0] or called)[:_NAME].strip("-")
        return note_asked(req, f"{readable}-{uuid.uuid4().hex[:8]}", called)

    def marks_of(file: str) -> Marks:
        return Marks(annotations={FILE: _called(file), UNFINISHED: purpose})

    try:
        made = await take_form(req, desk.uploads, name_of, marks_of)
    except Problem as error:
        raise bad(error.message) if error.status_code == 422 else error from error
    return await desk.images.looked_at(made, PATIENCE)


def _called(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2][:255] or "upload"


async def must_be(image: Image, iso: bool, desk: Desk) -> None:
    """Checks that an Image that has just been made is an ISO, or is none. Else it is removed again.

    Raises:
        Problem: 400, it is not what was asked for.
    """
    known = image.status.format if image.status is not None else image.spec.format
    if known is not None and (known is ImageFormat.ISO) is not iso:
        await removed(image, desk)
        raise bad(f"{file_name(image)} is {'no ISO' if iso else 'an ISO: upload it to /api/isos/upload'}")


async def upload_of(disk: Disk, desk: Desk) -> Image | None:
    """Returns the Image that was uploaded for a disk alone. None: there is none, or the actor may not see it."""
    origin = disk.spec.source.image if disk.spec.source is not None else None
    if origin is None or origin.image_ref is None or origin.image_ref.name != disk.metadata.name:
        return None
    image = await desk.images.find(origin.image_ref.name)
    return image if image is not None and FILE in image.metadata.annotations else None


async def finished(image: Image, desk: Desk) -> None:
    """Notes that an Image stays, as its disk is made, or it is an ISO. Where that cannot be written for now, the next look at
    what was left does it."""
    await _note(image, desk, None)


async def unfinished(image: Image, desk: Desk) -> None:
    """Notes that an Image goes once its disk has gone, where the actor may have it removed."""
    await _note(image, desk, FOR_DISK)


async def _note(image: Image, desk: Desk, of: str | None) -> None:
    with suppress(Refusal, StoreError):
        await desk.images.patch(image, {"metadata": {"annotations": {UNFINISHED: of}}})


async def removed(image: Image, desk: Desk) -> None:
    """Removes an Image that was uploaded. What disks in the trash are built on stays in the cache until they are erased.

    Raises:
        Refusal: something names it, or the actor may not.
    """
    await desk.images.delete(image)
    await desk.images.wait_gone(image, PATIENCE)
