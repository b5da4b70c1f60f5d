"""A file in a form (multipart/form-data), or as the body of a request: taken in whole, or not at all."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import falcon
import falcon.asgi
from falcon.media.multipart import MultipartFormHandler

from homeostat.models.base import NAME_MAX, NAME_PATTERN
from homeostat.models.image import Image
from homeostat.service.files.uploads import ImageUploads
from homeostat.service.naming.marks import NO_MARKS, Marks

from ..errors import Problem, invalid
from ..media import media_type
from .direct import DirectBody

FORM = "multipart/form-data"
MALFORMED = "malformed_form"
"""The code of a form that is not whole."""
FORM_SCHEMA = {
    "type": "object",
    "required": ["name", "file"],
    "properties": {
        "name": {"type": "string", "description": "Before the file."},
        "sha256": {"type": "string", "description": "What the file must hash to. Before the file."},
        "format": {"type": "string", "enum": ["raw"], "description": "raw: the file as it is. Before the file."},
        "file": {"type": "string", "format": "binary"},
    },
}
FILE_ALONE = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
"""A form of a file and nothing else."""
_FIELD_MAX = 256  # bytes of a field that is not the file


def _none(file: str) -> Marks:
    return NO_MARKS


async def take_form(
    req: falcon.asgi.Request,
    uploads: ImageUploads,
    name_of: Callable[[str], str] | None = None,
    marks_of: Callable[[str], Marks] = _none,
) -> Image:
    """Takes the file of a form, and returns its Image. ``name_of``: what it is called, by the name of the file. Without that
    the form says it. ``marks_of``: its marks, by the name of the file.

    Raises:
        Problem: 400, it is no such form; 415, it is none at all.
        Refusal: the file is not taken.
    """
    fields: dict[str, str] = {}
    if media_type(req) != FORM:
        raise Problem(415, "unsupported_media_type", f"Send the file in a form: Content-Type: {FORM}")
    try:
        form: Any = await MultipartFormHandler().deserialize_async(req.stream, req.content_type, req.content_length)
        parts = aiter(form)
        async for part in parts:
            if (called := _called(part)) == "file":
                name, sha256, format = (fields.get(field, "") for field in ("name", "sha256", "format"))
                file = _file_of(part)
                name, marks = check_name(name_of(file) if name_of is not None else name), marks_of(file)
                ended = partial(_read_rest, parts)
                return await take_whole(uploads, name, None, sha256, format, part.stream, ended, marks)
            if called in ("name", "sha256", "format"):
                fields[called] = (await part.stream.read(_FIELD_MAX)).decode(errors="replace").strip()
    except (falcon.MediaMalformedError, falcon.MultipartParseError) as error:
        raise Problem(400, MALFORMED, f"The body is no whole form: {error.description or 'it ends too early'}") from error
    raise invalid("the form has no part of the name file")


async def _read_rest(parts: AsyncIterator[Any]) -> None:
    """Reads a form up to its closing boundary. Raises MultipartParseError: it has none."""
    async for _ in parts:
        pass


def _called(part: Any) -> str | None:
    """Returns the name of a part. Raises Problem: it cannot be read."""
    try:
        name: str | None = part.name
    except ValueError as error:  # its header is no UTF-8
        raise Problem(400, MALFORMED, "The body is no whole form: a header of a part is not UTF-8") from error
    return name


def _file_of(part: Any) -> str:
    """Returns the name of the file in a part; empty: it has none."""
    try:
        return str(part.filename or "")
    except (ValueError, falcon.MultipartParseError):
        return ""


async def take_whole(
    uploads: ImageUploads,
    name: str,
    length: int | None,
    sha256: str,
    format: str,
    body: AsyncIterable[bytes] | DirectBody,
    ended: Callable[[], Awaitable[None]] | None = None,
    marks: Marks = NO_MARKS,
) -> Image:
    """Takes a file, and returns its Image. Where it ends too early nothing is kept, also where this process is killed. ``ended``:
    raises where what follows the file is not whole. ``marks``: those of the Image.

    Raises:
        Refusal: it is not taken.
    """
    check_format(format)
    upload = await uploads.begin(name, length, check_sha256(sha256), format, whole=True)
    try:
        add = uploads.append_direct(upload, 0, body) if isinstance(body, DirectBody) else uploads.append(upload, 0, body)
        arrived = await add
        if length is not None and arrived < length:
            raise Problem(400, "upload_incomplete", f"Only {arrived} bytes of {length} arrived")
        if not arrived:
            raise Problem(422, "not_an_image", "The file is empty")
        if ended is not None:
            await ended()
        return await uploads.finish(upload, marks)
    except BaseException:  # also where the connection was cut
        uploads.forget(upload)
        raise


def check_name(name: str) -> str:
    """Returns the name of an image. Raises Problem: it cannot be one."""
    if len(name) > NAME_MAX or not re.fullmatch(NAME_PATTERN, name):
        raise invalid(
            "name: must be given, and consist of lower-case letters, digits and '-' (63 at most), with a letter or digit first "
            "and last",
            given=name[:64],
        )
    return name


def check_sha256(sha256: str) -> str:
    """Returns a SHA-256 in hexadecimal. Raises Problem: it is none."""
    digest = sha256.lower().removeprefix("sha256:")
    if digest and not re.fullmatch("[0-9a-f]{64}", digest):
        raise invalid("sha256: must be a SHA-256 in hexadecimal: 64 digits 0-9a-f", given=sha256[:80])
    return digest


def check_format(format: str) -> str:
    """Returns the format that is asked for. Raises Problem: only raw can be."""
    if format not in ("", "raw"):
        raise invalid("format: the contents tell it; only raw may be given, to take a file as it is", given=format[:64])
    return format
