"""Pictures of screens, as PNG."""

from __future__ import annotations

import hashlib
import io
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from PIL import Image, ImageDraw

THUMBNAIL = 320  # pixels of its width
_DUMMY = (640, 400)
_KEPT = 4  # PNGs of one screen
_FAST = 3  # of zlib's levels; a screen that changes is encoded again and again


class PictureSize(StrEnum):
    """How large a picture is."""

    FULL = "full"
    THUMBNAIL = "thumbnail"


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG. ``etag``: the same for the same pixels, on any server. ``changed``: when the screen last changed, as it was
    seen; None: it is of no screen."""

    png: bytes
    etag: str
    changed: datetime | None


def image_of(pixels: bytes | bytearray, width: int, height: int) -> Image.Image:
    """Copies a screen's pixels, of 4 bytes each: blue, green, red, and one that is dropped. A million take 0.8 ms."""
    return Image.frombuffer("RGB", (width, height), pixels, "raw", "BGRX", 0, 1)


def picture_of(
    image: Image.Image, changed: datetime, size: PictureSize, before: MutableMapping[str, bytes] | None = None
) -> Picture:
    """Makes a picture of a screen. Takes 2 to 50 ms. ``before``: the last PNGs by their etags, since a cursor that blinks shows
    the same two by turns."""
    return _made(_sized(image, size), changed, {} if before is None else before)


def png_of(picture: bytes) -> bytes:
    """Returns a picture as PNG, which an older QEMU gives as PPM.

    Raises:
        ValueError: it is neither.
    """
    try:
        image = Image.open(io.BytesIO(picture), formats=("PNG", "PPM"))
        if image.format == "PNG":
            return picture
        written = io.BytesIO()
        image.save(written, "PNG")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"what came is no picture: {error}") from error
    return written.getvalue()


@cache
def dummy_picture(size: PictureSize) -> Picture:
    """Returns the picture that stands for a screen that is not to be seen."""
    image = Image.new("RGB", _DUMMY, "#20242a")
    draw = ImageDraw.Draw(image)
    (width, height), grey = _DUMMY, "#5a6472"
    draw.rectangle((width // 4, height // 4, width * 3 // 4, height * 3 // 4), outline=grey, width=4)
    draw.line((width // 4, height * 3 // 4, width * 3 // 4, height // 4), fill=grey, width=4)
    return _made(_sized(image, size), None, {})


def _sized(image: Image.Image, size: PictureSize) -> Image.Image:
    if size is PictureSize.FULL or image.width <= THUMBNAIL:
        return image
    height = max(1, round(image.height * THUMBNAIL / image.width))
    return image.resize((THUMBNAIL, height), Image.Resampling.BOX, reducing_gap=1.0)


def _made(image: Image.Image, changed: datetime | None, before: MutableMapping[str, bytes]) -> Picture:
    shape = f"{image.width}x{image.height}".encode()
    etag = hashlib.blake2b(shape + image.tobytes(), digest_size=16).hexdigest()
    png = before.pop(etag, None) or _encoded(image)
    before[etag] = png
    while len(before) > _KEPT:
        del before[next(iter(before))]
    return Picture(png, etag, changed)


def _encoded(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=_FAST)
    return written.getvalue()
