"""Independent copies of disks as downloads: of a machine's disk, of one in a snapshot, and of a Disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import falcon
import falcon.asgi

from homeostat.service.files.exports import Abandoned, Download
from homeostat.service.files.host_reach import OnAnotherApi
from homeostat.service.service import Service

from ..http.actor import who
from ..http.answers.download import HEADERS, IF_RANGE, RANGE, Nothing, describe, gone_of, only_head, send_file
from ..http.answers.pass_on import PassingCodes, pass_on
from ..http.operations import Answer, Parameter, operation
from ..http.rights import Right, needs

BINARY = {"type": "string", "format": "binary"}
OCTETS = "application/octet-stream"
ANSWERS = {
    200: Answer("A qcow2 file that needs no other.", BINARY, OCTETS, headers=HEADERS),
    206: Answer("The part that was asked for.", BINARY, OCTETS, headers=HEADERS),
}
ERRORS = (400, 404, 409, 416, 429, 503, 507)
PASSING = PassingCodes("exports_elsewhere", "export_failed")
WORDS = (
    "The copy is made first, in the state folder, and sent then; nothing of it stays, also where the connection is cut. It is of "
    "one moment, as after a loss of power, and the machine goes on meanwhile. 429 while the server makes and sends as many as it "
    "may (--max-exports). Over a cluster the API server beside the disk's host makes it, and others pass on what that one sends; "
    "409 where no operator says where that is. "
)
DISK = Parameter("disk", {"type": "string", "maxLength": 63}, "Name of the disk; it may be left out where there is only one.")


class MachineDiskExport:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.COPY)
    @operation(
        "Download a copy of a machine's disk",
        "Virtual machines",
        ANSWERS,
        description=WORDS,
        parameters=(RANGE, IF_RANGE),
        errors=ERRORS,
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str, device: str) -> None:
        exports = self._service.asked_by(who(req)).exports
        await answer_copy(req, resp, f"{name}-{device}", lambda gone: exports.of_machine(name, device, gone))


class SnapshotExport:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.COPY)
    @operation(
        "Download a copy of a disk in a snapshot",
        "Snapshots",
        ANSWERS,
        description=WORDS,
        parameters=(DISK, RANGE, IF_RANGE),
        errors=ERRORS,
    )
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        exports = self._service.asked_by(who(req)).exports
        disk = req.get_param("disk") or None
        await answer_copy(req, resp, name, lambda gone: exports.of_snapshot(name, disk, gone))


class DiskExport:
    def __init__(self, service: Service) -> None:
        self._service = service

    @needs(Right.COPY)
    @operation("Download a copy of a disk", "Disks", ANSWERS, description=WORDS, parameters=(RANGE, IF_RANGE), errors=ERRORS)
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
        exports = self._service.asked_by(who(req)).exports
        await answer_copy(req, resp, name, lambda gone: exports.of_disk(name, gone))


async def answer_copy(
    req: falcon.asgi.Request,
    resp: falcon.asgi.Response,
    name: str,
    make: Callable[[Callable[[], bool]], Awaitable[Download]],
) -> None:
    """Answers with a copy, or as the API server does that can make it. To HEAD it answers without making one, so that its length
    is not known; what cannot be copied is refused as to GET."""
    try:
        if only_head(req):
            with suppress(Abandoned):
                await make(lambda: True)
            describe(resp, f"{name}.qcow2")
            resp.stream = Nothing()
            return
        with suppress(Abandoned):  # nobody gets an answer
            made = await make(gone_of(req))
            describe(resp, made.name)
            send_file(req, resp, made, made.copy.size, made.copy.sha256)
    except OnAnotherApi as there:
        await pass_on(req, resp, there, PASSING, answers_within=None)
