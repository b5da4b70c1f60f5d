"""Uploads of images: taken in part by part, judged while they arrive, and made an Image of at the end."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, Protocol

from homeostat.accounts.rights import Right, Subject
from homeostat.driver.errors import DriverError, NoSpace
from homeostat.driver.storage.formats.header import HEAD, sniff
from homeostat.driver.storage.formats.qemu_img import Unusable
from homeostat.driver.storage.images.cache import publish_image, withdraw_image
from homeostat.driver.storage.images.examine import examine, refuse
from homeostat.driver.storage.images.local import BUFFER, in_thread
from homeostat.driver.storage.images.uploads import (
    Receive,
    UploadBusy,
    UploadExists,
    UploadFolder,
    UploadGone,
    UploadWriter,
    hash_of,
)
from homeostat.driver.storage.images.uploads import Upload as Upload  # noqa: PLC0414 - callers take it from here
from homeostat.driver.storage.images.verified import sha256_of
from homeostat.driver.storage.paths import IMAGES, human_size
from homeostat.models.image import UPLOADED, Image
from homeostat.planner.actions import ImageRef
from homeostat.store.errors import AlreadyExists, Denied, Invalid, StoreError

from ..charges.costs import upload_cost
from ..kinds.images import Images
from ..naming.marks import NO_MARKS, Marks
from ..refusals import Refusal, UploadRefused

log = logging.getLogger(__name__)

HASHES = 64  # uploads whose hash so far is remembered
NO_HASH: tuple[int, Any] = (-1, None)
NO_SUCH = "there is no such upload: it is complete, was ended, or has expired"
LASTING = (Refusal, Unusable, AlreadyExists, Denied, Invalid)
"""What keeps an upload from ever becoming an Image. All else may pass."""
ENDLESS = 2**63  # bytes: more than any image says that it has


class DirectParts(Protocol):
    """What arrives, where a thread can read it by itself. ``length``: bytes."""

    @property
    def length(self) -> int: ...

    async def run(self, work: Callable[[Receive], None]) -> None:
        """Calls ``work`` in a thread, with what reads into a buffer."""


class ImageUploads:
    """The uploads of one namespace, into one state folder, as an actor sees them. ``most``: bytes of the largest one.
    ``elsewhere`` says why a file would be of no use in that folder; empty: it is. ``hashes``, by id: of how many of its bytes,
    and what they hash to; whoever asks for the same upload next goes on with it."""

    def __init__(
        self,
        images: Images,
        state: Path,
        most: int,
        elsewhere: str = "",
        hashes: dict[str, tuple[int, Any]] | None = None,
    ) -> None:
        self._images = images
        self._folder = UploadFolder(state)
        self._cache = Path(state).resolve() / IMAGES
        self.most = most
        self._elsewhere = elsewhere
        self._hashes = {} if hashes is None else hashes

    async def begin(
        self, name: str, length: int | None, sha256: str = "", format: str = "", origin: str = "", whole: bool = False
    ) -> Upload:
        """Begins an upload. ``length``: bytes; None: not known yet. ``origin``: see Upload. ``whole``: it is one request's, and
        nothing is kept of it where this process is killed before its end.

        Raises:
            Refusal: it may not begin.
        """
        if why := self._elsewhere:
            raise UploadRefused("elsewhere", why)
        if length is not None and length > self.most:
            self._too_large(human_size(length))
        if length == 0:
            raise UploadRefused("not_an_image", f"the upload of {name} is empty")
        await self._images.check_upload(name)
        asking, key = self._images.asking, self._images.key(name)
        async with asking.noting("upload", Image.KIND, name):
            async with asking.ledger.charging(asking.actor.name, key, upload_cost(length, self.most)):
                begun = await self._begin(self._wanted(name, length, sha256, format, origin), whole)
            await asking.ledger.settle(key)
            return begun

    def _wanted(self, name: str, length: int | None, sha256: str, format: str, origin: str) -> Upload:
        owner, most = self._images.asking.actor.name, self.most if length is None else 0
        return Upload("", self._images.namespace, name, length, sha256.lower(), format, origin, owner=owner, most=most)

    async def _begin(self, wanted: Upload, whole: bool) -> Upload:
        name = wanted.name
        with _refusing():
            for again in (True, False):
                try:
                    return await asyncio.to_thread(self._folder.begin, wanted, whole)
                except UploadExists as error:
                    may = self._may(Right.CHANGE, error.other)
                    if not (again and may and error.other.found):
                        details = {"name": name, **({"upload": error.other.id} if may else {})}
                        raise UploadRefused("conflict", f"{error}: go on with that, or end it first", details) from error
                    with self._folder.alone(error.other):  # complete, but its Image could not be written
                        await asyncio.to_thread(self._folder.discard, error.other)
        raise AssertionError("the loop above ends")

    async def find(self, id: str, right: Right = Right.SEE) -> Upload:
        """Returns an upload to which the actor has a right.

        Raises:
            UploadRefused: there is none of that id here.
        """
        found = await asyncio.to_thread(self._folder.find, id)
        if found is None or not self._may(right, found):
            raise UploadRefused("not_found", NO_SUCH)
        return found

    def _may(self, right: Right, upload: Upload) -> bool:
        about = Subject(Image.KIND, upload.namespace, upload.name, upload.owner)
        return upload.namespace == self._images.namespace and self._images.asking.actor.may_to(right, about)

    async def of(self, name: str) -> Upload | None:
        """Returns the upload for a name. None: there is none."""
        return await asyncio.to_thread(self._folder.of, self._images.namespace, name)

    async def offset(self, upload: Upload) -> int:
        """Returns how many bytes have arrived. One that is complete is made an Image of first, in case we were killed before.

        Raises:
            Refusal: it cannot be read, or was refused.
        """
        if upload.done:
            return upload.length or 0
        with _refusing():
            offset = self._folder.offset(upload)
        if offset == upload.length:
            await self.finish(upload)
        return offset

    async def all(self) -> list[Upload]:
        """Returns the uploads under way."""
        found = await asyncio.to_thread(self._folder.all)
        return [upload for upload in found if self._may(Right.SEE, upload) and not upload.done]

    def arrived(self, upload: Upload) -> int:
        """Returns how many bytes are there, and does nothing about it."""
        with _refusing():
            return self._folder.offset(upload)

    def changeable(self, upload: Upload) -> bool:
        """Tells whether the actor may go on with it, and end it."""
        return self._may(Right.CHANGE, upload)

    def expires(self, upload: Upload) -> float:
        """Returns when it expires unless more arrives, in seconds since the epoch."""
        return self._folder.expires(upload)

    async def append(
        self, upload: Upload, offset: int, parts: AsyncIterable[bytes], checksum: tuple[str, bytes] | None = None
    ) -> int:
        """Adds what arrives from ``offset`` on, and returns how many bytes there are. ``checksum``: algorithm and digest that
        these bytes must have.

        Raises:
            UploadRefused: it is not so far, too much arrives, or what arrives is no image.
        """
        if upload.found and not upload.done and offset == upload.length and checksum is None:  # its Image is still to be made
            async for chunk in parts:
                if chunk:
                    self._too_long(upload, offset)
            return offset
        with self._adding(upload, offset) as writer:
            await self._take(upload, writer, parts, checksum)
            return writer.offset

    @contextmanager
    def _adding(self, upload: Upload, offset: int) -> Iterator[UploadWriter]:
        """Yields the writer of an upload that is so far. Nothing is kept of one that is too large, or no image. Where only the
        part is too long, or cannot be written, what came before it stays."""
        if upload.found:
            raise UploadRefused("offset", f"the upload of {upload.name} is complete", {"offset": upload.length})
        with _refusing(), self._folder.writing(upload) as writer:
            if offset != writer.offset:
                at = {"offset": writer.offset}
                raise UploadRefused("offset", f"the upload of {upload.name} is at {writer.offset}, not at {offset}", at)
            try:
                yield writer
            except UploadRefused as error:
                if error.why == "too_large" and upload.length is not None:
                    self._cut_back(upload, writer, offset)
                elif error.why in ("too_large", "not_an_image"):
                    self.forget(upload)
                raise
            except Unusable:
                self.forget(upload)
                raise
            except DriverError as error:
                self._cut_back(upload, writer, offset)
                if not isinstance(error, NoSpace) or upload.server:
                    raise
                said = f"{error}. What this part brought was removed, and what came before it stays: so go on from {offset}"
                raise UploadRefused("no_space", said, {"offset": offset}) from error

    def _cut_back(self, upload: Upload, writer: UploadWriter, offset: int) -> None:
        """Takes back what was added after ``offset``, so that guests can write. Nothing is kept of what nobody can go on with."""
        self._hashes.pop(upload.id, None)
        try:
            if not upload.server:
                writer.back_to(offset)
                return
        except DriverError as error:
            log.warning("the upload of %s is removed: %s", upload.name, error)
        self.forget(upload)

    async def append_direct(self, upload: Upload, offset: int, body: DirectParts) -> int:
        """Adds a body as ``append`` does, in a thread that reads it by itself.

        Raises:
            UploadRefused: as ``append``.
        """
        with self._adding(upload, offset) as writer:
            limit = upload.length if upload.length is not None else self.most
            if offset + body.length > limit:
                self._too_long(upload, offset)
            whole = self._hash(upload, offset)
            judge = partial(_judge_head, upload, writer) if offset < HEAD else lambda: None
            await body.run(lambda receive: writer.fill(receive, body.length, whole, judge))
            if whole is not None:
                self._hashes[upload.id] = writer.offset, whole
            return writer.offset

    async def _take(
        self, upload: Upload, writer: UploadWriter, parts: AsyncIterable[bytes], checksum: tuple[str, bytes] | None
    ) -> None:
        begun = writer.offset
        part: Any = hash_of(checksum[0]) if checksum else None
        whole = self._hash(upload, begun)
        limit = upload.length if upload.length is not None else self.most

        def add(content: bytes) -> None:
            judged = writer.offset >= HEAD
            writer.add(content)
            for digest in (whole, part):
                if digest is not None:
                    digest.update(content)
            if not judged and (writer.offset >= HEAD or writer.offset == upload.length):
                _judge_head(upload, writer)

        waiting, arrived, work = bytearray(), begun, None
        try:
            async for chunk in parts:
                arrived += len(chunk)
                if arrived > limit:
                    self._too_long(upload, begun)
                waiting += chunk
                if len(waiting) >= BUFFER:
                    content, waiting = bytes(waiting), bytearray()
                    if work is not None:
                        await work
                    work = asyncio.ensure_future(in_thread(add, content))
        finally:  # what has arrived stays, also after a broken connection
            if work is not None:
                await asyncio.shield(work)
            if waiting and arrived <= limit:
                add(bytes(waiting))
        if checksum is not None and part.digest() != checksum[1]:
            writer.back_to(begun)
            raise UploadRefused("part_checksum", f"what arrived does not have the {checksum[0]} that was said: send it again")
        if whole is not None:
            self._hashes[upload.id] = writer.offset, whole

    def _hash(self, upload: Upload, offset: int) -> Any:
        """Returns the hash of what is there. None: it is not known, and is computed at the end."""
        at, known = self._hashes.pop(upload.id, NO_HASH) if offset else (0, hashlib.sha256())
        while len(self._hashes) >= HASHES:
            self._hashes.pop(next(iter(self._hashes)))
        return known if at == offset else None

    async def finish(self, upload: Upload, marks: Marks = NO_MARKS) -> Image:
        """Makes an Image of an upload that is complete. It may be repeated. ``marks``: those of the Image.

        Raises:
            UploadRefused: its checksum is wrong, or it is no image. Nothing of it is left.
            Refusal, StoreError: the Image could not be written down. What may pass costs nothing that came by tus.
        """
        with _refusing():
            known = self._folder.find(upload.id)
            judged = known if known is None or known.found else await self._judged(known)
            with self._folder.finishing(judged or upload) as now:
                if now is None:
                    raise UploadRefused("not_found", NO_SUCH)
                if now.done:  # by another request, meanwhile
                    return await self._images.get(now.name)
                image = await self._made(now, marks)
                await self._images.asking.ledger.settle(self._images.key(now.name))  # it costs what it is, not what it might be
                await asyncio.to_thread(self._folder.close, now)
        return image

    async def _made(self, upload: Upload, marks: Marks) -> Image:
        fresh = False
        try:
            fresh = await self._publish(upload)
            return await self._images.uploaded(upload.name, upload.found, upload.format, marks)
        except Exception as error:
            if fresh:
                await self._withdraw(upload)
            if upload.server or isinstance(error, LASTING):
                self.forget(upload)
            raise

    async def _judged(self, upload: Upload) -> Upload:
        partial = self._folder.partial(upload)
        try:
            with self._folder.writing(upload) as writer:
                if (now := self._folder.find(upload.id)) is not None and now.found:
                    return now  # another request was faster
                at, known = self._hashes.pop(upload.id, NO_HASH)
                sha256 = known.hexdigest() if at == writer.offset else await asyncio.to_thread(sha256_of, partial)
                if upload.sha256 and sha256 != upload.sha256:
                    said = f"the upload of {upload.name} has the SHA-256 {sha256}, not {upload.sha256}: it was thrown away"
                    raise UploadRefused("checksum", said)
                await examine(_ref(upload, sha256), partial)
                return await asyncio.to_thread(self._folder.judged, upload, sha256, writer.offset)
        except (Unusable, UploadRefused):
            self.forget(upload)
            raise

    async def _publish(self, upload: Upload) -> bool:
        """Gives the file its place in the cache, where it is not there yet. Returns whether nothing was there before."""
        ref, partial = _ref(upload, upload.found), self._folder.partial(upload)
        path = self._cache / ref.file_name
        if not partial.exists():
            if not path.exists():
                raise UploadRefused("not_found", f"what had arrived of the upload of {upload.name} has gone: send it again")
            return False
        self._cache.mkdir(mode=0o700, exist_ok=True)
        found = await examine(ref, partial)

        def place() -> bool:
            with self._folder.publishing():
                fresh = not path.exists()
                try:
                    publish_image(ref, partial, path, found, upload.found)
                except DriverError:
                    if fresh and path.exists():
                        withdraw_image(path, partial)
                    raise
                return fresh

        return await in_thread(place)

    async def _withdraw(self, upload: Upload) -> None:
        """Takes the file of an upload that became no Image out of the cache, unless something else stands for the same one."""
        path = self._cache / _ref(upload, upload.found).file_name

        def take_back() -> None:
            with self._folder.publishing():
                if not self._folder.is_of_others(upload):
                    withdraw_image(path, self._folder.partial(upload))

        try:
            if not await self._images.is_file_of_any(path.name):
                await in_thread(take_back)
        except (DriverError, StoreError) as error:
            log.warning("the file of the upload of %s stays in the cache until that is looked through: %s", upload.name, error)

    def forget(self, upload: Upload) -> None:
        """Removes an upload, and all that has arrived of it."""
        self._hashes.pop(upload.id, None)
        self._folder.discard(upload)

    async def discard(self, upload: Upload) -> None:
        """Ends an upload, and removes all of it.

        Raises:
            UploadRefused: another request writes to it.
        """
        async with self._images.asking.noting("end upload", Image.KIND, upload.name):
            if upload.done:
                raise UploadRefused("not_found", NO_SUCH)
            with _refusing(), self._folder.alone(upload):
                self.forget(upload)

    def _too_long(self, upload: Upload, offset: int) -> NoReturn:
        if upload.length is None:
            self._too_large(f"more than {human_size(self.most)}")
        said = f"the part goes beyond the {upload.length} bytes of the upload of {upload.name}: send what lacks from {offset} on"
        raise UploadRefused("too_large", said, {"offset": offset})

    def _too_large(self, said: str) -> NoReturn:
        raise UploadRefused("too_large", f"the upload is too large ({said}); the most is {human_size(self.most)}")


def _ref(upload: Upload, sha256: str) -> ImageRef:
    return ImageRef(UPLOADED, sha256 or None, upload.format or None, upload.name)


def _judge_head(upload: Upload, writer: UploadWriter) -> None:
    """Judges the beginning of what arrives, so that nobody sends gigabytes in vain. Raises Unusable."""
    size = upload.length if upload.length is not None else ENDLESS
    refuse(_ref(upload, ""), sniff(writer.head(HEAD), size), size)


@contextmanager
def _refusing() -> Any:
    """Turns what the driver raises into refusals."""
    try:
        yield
    except UploadBusy as error:
        raise UploadRefused("busy", str(error)) from error
    except UploadGone as error:
        raise UploadRefused("not_found", NO_SUCH) from error
    except NoSpace as error:
        raise UploadRefused("no_space", str(error)) from error
    except Unusable as error:
        raise UploadRefused("not_an_image", f"{error}; nothing of it was kept") from error
    except DriverError as error:
        raise UploadRefused("failed", str(error)) from error
