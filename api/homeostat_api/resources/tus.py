"""/api/v1/uploads: resumable uploads by the tus protocol 1.0 (https://tus.io/protocols/resumable-upload), with its extensions
creation, termination, checksum and expiration."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import falcon
import falcon.asgi

from homeostat.service.files.uploads import ImageUploads, Upload
from homeostat.service.refusals import UploadRefused
from homeostat.service.service import Service

from ..http.actor import who
from ..http.errors import Problem, invalid
from ..http.media import media_type, takes_any_length
from ..http.operations import Answer, Parameter, operation
from ..http.requests.direct import direct
from ..http.requests.uploaded_form import check_format, check_name, check_sha256
from ..http.rights import Right, needs
from ..image_words import UploadBrief, UploadList

TAG = "Uploads"
VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
ALGORITHMS = "sha256,sha1,md5"
PART = "application/offset+octet-stream"
_TUS = Parameter("Tus-Resumable", {"type": "string", "enum": [VERSION]}, "The version of the protocol.", place="header")
_METADATA = Parameter(
    "Upload-Metadata",
    {"type": "string"},
    "name (or filename) of the image; sha256 that the file must have; format raw: each a key and base64, with commas between.",
    place="header",
)
_LENGTH = Parameter("Upload-Length", {"type": "integer", "minimum": 1}, "Bytes of the file.", place="header")
_OFFSET = Parameter("Upload-Offset", {"type": "integer", "minimum": 0}, "Bytes that are there already.", place="header")
_CHECKSUM = Parameter("Upload-Checksum", {"type": "string"}, "Of this part: algorithm and base64.", place="header")
_PROGRESS = {"Upload-Offset": "Bytes that are there.", "Upload-Expires": "Then it is removed, unless more arrives."}


class UploadCollection:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation("List the uploads under way", TAG, {200: Answer("In no order.", UploadList)})
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        uploads = self._service.asked_by(who(req)).uploads
        resp.media = {"uploads": list(_those_there(uploads, await uploads.all()))}

    @needs(Right.SEE)
    async def on_options(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        uploads = self._service.asked_by(who(req)).uploads
        _set(resp, {"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Checksum-Algorithm": ALGORITHMS})
        resp.set_header("Tus-Max-Size", str(uploads.most))
        resp.status = falcon.HTTP_204

    @needs(Right.CHANGE)
    @operation(
        "Begin an upload (tus)",
        TAG,
        {201: Answer("Send its parts to Location.", headers={"Location": "Where it is.", **_PROGRESS})},
        parameters=(_TUS, _LENGTH, _METADATA),
        errors=(400, 409, 412, 413, 507),
    )
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        uploads = self._service.asked_by(who(req)).uploads
        _check_version(req)
        given = _metadata(req.get_header("Upload-Metadata") or "")
        if req.get_header("Upload-Defer-Length") is not None:
            raise invalid("Upload-Defer-Length: the length must be known when the upload begins")
        name = check_name(given.get("name") or _plain(given.get("filename", "")))
        sha256, format = check_sha256(given.get("sha256", "")), check_format(given.get("format", ""))
        upload = await uploads.begin(name, _number(req, "Upload-Length"), sha256, format)
        resp.status = falcon.HTTP_201
        resp.location = f"{req.path}/{upload.id}"
        _progress(resp, uploads, upload, 0)


class UploadItem:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.SEE)
    @operation(
        "Ask how far an upload is (tus, by HEAD)",
        TAG,
        {200: Answer("How far it is.", UploadBrief, headers={"Upload-Length": "Bytes of the file.", **_PROGRESS})},
        errors=(404, 412),
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, upload: str) -> None:
        uploads = self._service.asked_by(who(req)).uploads
        found = await uploads.find(upload)
        if getattr(req.context, "head", False):
            _check_version(req)
        offset = await uploads.offset(found)
        _progress(resp, uploads, found, offset)
        resp.set_header("Upload-Length", str(found.length))
        resp.set_header("Cache-Control", "no-store")
        resp.media = _brief(uploads, found)

    @needs(Right.CHANGE)
    @takes_any_length
    @operation(
        "Send a part of an upload (tus)",
        TAG,
        {204: Answer("It is there; with the last part the image is, too.", headers=_PROGRESS)},
        parameters=(_TUS, _OFFSET, _CHECKSUM),
        body={"type": "string", "format": "binary"},
        body_types=(PART,),
        errors=(400, 404, 409, 412, 413, 415, 422, 423, 460, 507),
    )
    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, upload: str) -> None:
        uploads = self._service.asked_by(who(req)).uploads
        _check_version(req)
        if media_type(req) != PART:
            raise Problem(415, "unsupported_media_type", f"Parts of an upload have the Content-Type {PART}")
        found = await uploads.find(upload, Right.CHANGE)
        checksum = _checksum(req.get_header("Upload-Checksum"))
        at, body = _number(req, "Upload-Offset"), direct(req) if checksum is None else None
        offset = await (uploads.append_direct(found, at, body) if body else uploads.append(found, at, req.stream, checksum))
        if offset == found.length:
            await uploads.finish(found)
        _progress(resp, uploads, found, offset)
        resp.status = falcon.HTTP_204

    @needs(Right.CHANGE)
    @operation("End an upload (tus)", TAG, {204: Answer("Nothing of it is left.")}, parameters=(_TUS,), errors=(404, 412, 423))
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, upload: str) -> None:
        uploads = self._service.asked_by(who(req)).uploads
        _check_version(req)
        await uploads.discard(await uploads.find(upload, Right.CHANGE))
        _set(resp, {})
        resp.status = falcon.HTTP_204


def _those_there(uploads: ImageUploads, found: Sequence[Upload]) -> Iterator[dict[str, Any]]:
    """Puts uploads into words, but those that have ended since they were found."""
    for upload in found:
        try:
            yield _brief(uploads, upload)
        except UploadRefused as error:
            if error.why != "not_found":
                raise


def _brief(uploads: ImageUploads, upload: Upload) -> dict[str, Any]:
    expires = datetime.fromtimestamp(uploads.expires(upload), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": upload.id,
        "name": upload.name,
        "offset": uploads.arrived(upload),
        "length": upload.length,
        "expires": expires,
        "changeable": uploads.changeable(upload),
    }


def _set(resp: falcon.asgi.Response, headers: dict[str, str]) -> None:
    for name, value in {"Tus-Resumable": VERSION, **headers}.items():
        resp.set_header(name, value)


def _progress(resp: falcon.asgi.Response, uploads: ImageUploads, upload: Upload, offset: int) -> None:
    expires = format_datetime(datetime.fromtimestamp(uploads.expires(upload), UTC), usegmt=True)
    _set(resp, {"Upload-Offset": str(offset), "Upload-Expires": expires})


def _check_version(req: falcon.asgi.Request) -> None:
    if req.get_header("Tus-Resumable") != VERSION:
        said = f"Send Tus-Resumable: {VERSION}; this server speaks no other version"
        raise Problem(412, "precondition_failed", said, headers={"Tus-Version": VERSION})


def _number(req: falcon.asgi.Request, name: str) -> int:
    text = req.get_header(name) or ""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise invalid(f"{name}: must be given, as a whole number of bytes", given=text[:64])
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """Reads ``key base64,key base64``."""
    found = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise invalid(f"Upload-Metadata: the value of {key[:32]} is no base64 of a text") from error
    return found


def _plain(filename: str) -> str:
    """Returns a name that a file's name suggests: Debian_12.qcow2 is debian-12."""
    stem = filename.rsplit("/", 1)[-1].rsplit(".", 1)[0] if "." in filename else filename
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in stem.lower()).strip("-")[:63].strip("-")


def _checksum(header: str | None) -> tuple[str, bytes] | None:
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    if algorithm not in ALGORITHMS.split(","):
        raise invalid(f"Upload-Checksum: the algorithms are {ALGORITHMS}", given=algorithm[:32])
    try:
        return algorithm, base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("Upload-Checksum: an algorithm and base64 are needed") from error
