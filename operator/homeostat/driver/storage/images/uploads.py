"""Uploads under way: a record and a partial file for each, which outlive a cut connection and a restart of the server.

How much has arrived is the size of the partial file, so no kill can make both disagree. Whoever writes holds a lock on that file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from io import FileIO
from itertools import count
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeAlias

from homeostat.driver.errors import DriverError, NoSpace, Refused, ResourceInUse

from ..paths import PARTIAL, file_error, file_errors, free_bytes, human_size, private, read_whole, replace_text
from .local import start_writing, write_sparse
from .presence import Presence, is_locked

UPLOADS = "uploads"  # a folder of the state folder
EXPIRES = 86400.0  # seconds after the last byte
MOST = 1000  # uploads under way at once
_ID = re.compile(r"[0-9a-f]{32}")


BUFFER = 2**20  # bytes that are written at once
RING = 3  # buffers: one is read into while others are hashed
EARLY = 32 * 2**20  # bytes after which the kernel is asked to write
Receive: TypeAlias = Callable[[memoryview], int]
"""Reads some bytes into a buffer, and returns how many; 0 at the end."""


class UploadBusy(ResourceInUse):
    """Another request writes to the upload at this very moment."""


class TooManyUploads(UploadBusy):
    """As many are under way as there may be."""


class UploadGone(DriverError):
    """What had arrived is there no more: the upload has ended meanwhile, or somebody removed the file."""

    def __init__(self, upload: Upload) -> None:
        super().__init__(f"what had arrived of the {upload.said} is there no more: begin it again")


class UploadExists(ResourceInUse):
    """There is an upload of that name already: ``other``."""

    def __init__(self, message: str, other: Upload) -> None:
        super().__init__(message)
        self.other = other


@dataclass(frozen=True, slots=True)
class Upload:
    """What an upload said of itself when it began. ``length`` in bytes; None: it is not known before the end."""

    id: str
    namespace: str
    name: str
    length: int | None
    sha256: str = ""  # that it must have; empty: any
    format: str = ""  # raw: taken as it is; empty: as its contents say
    origin: str = ""  # which file of this host it is a copy of
    found: str = ""  # its SHA-256, once it is complete and was judged
    done: bool = False  # its Image is written down; only this record is left, for who asks how far it is
    owner: str = ""  # the account that began it; empty: nobody in particular
    server: str = ""  # the process that takes it in one request: with that it ends; empty: it may be gone on with
    most: int = 0  # bytes that may arrive where the length is not known; 0: as many as of any upload

    @property
    def said(self) -> str:
        """How messages call it."""
        return f"upload of {self.name}"


class UploadFolder:
    """The uploads of one state folder."""

    def __init__(self, root: Path) -> None:
        self._folder = Path(os.path.realpath(root)) / UPLOADS
        self._presence = Presence(self._folder)

    @property
    def folder(self) -> Path:
        return self._folder

    def begin(self, upload: Upload, whole: bool = False) -> Upload:
        """Writes down that an upload begins, and returns it with its id. ``whole``: nobody goes on with it once this process has
        ended.

        Raises:
            UploadExists: another one of that name is under way.
            TooManyUploads: no more may be under way.
            NoSpace: it does not fit.
        """
        fresh = replace(upload, id=secrets.token_hex(16))
        with file_errors(self._folder, "begin the upload"):
            self._folder.mkdir(mode=0o700, exist_ok=True)
        with self._locked():
            self.expire()
            if (other := self.of(upload.namespace, upload.name)) is not None:
                raise UploadExists(f"an upload of the image {upload.name} is under way already ({self._progress(other)})", other)
            if sum(not other.done for other in self.all()) >= MOST:
                raise TooManyUploads(
                    f"{MOST} uploads are under way, and no more may be: go on with them or end them; one that nothing comes of "
                    "ends after a day"
                )
            if (needed := upload.length or 0) > (free := self.free()):
                raise NoSpace(
                    f"the {upload.said} needs {human_size(needed)}, and only {human_size(free)} are free in {self._folder}; "
                    "free some space"
                )
            with file_errors(self._folder, "begin the upload"):
                fresh = replace(fresh, server=self._presence.mine()) if whole else fresh
                os.close(os.open(self.partial(fresh), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
                self._note(fresh)
        return fresh

    def free(self) -> int:
        """Returns the bytes that may be written."""
        return free_bytes(self._folder)

    def find(self, id: str) -> Upload | None:
        """Returns the upload of that id. None: there is none, or it has expired."""
        return self._read(self._record(id)) if _ID.fullmatch(id) else None

    def of(self, namespace: str, name: str) -> Upload | None:
        """Returns the upload of an Image. None: there is none."""
        under_way = (upload for upload in self.all() if not upload.done)
        return next((upload for upload in under_way if (upload.namespace, upload.name) == (namespace, name)), None)

    def all(self) -> Sequence[Upload]:
        """Returns all uploads that something may come of, in no order."""
        return [found for found in self._read_all() if not self._is_cut_off(found) and not self._has_gone(found)]

    def _read_all(self) -> Sequence[Upload]:
        return [found for path in self._folder.glob("*.json") if (found := self._read(path)) is not None]

    def _is_cut_off(self, upload: Upload) -> bool:
        """Tells whether it was one request's, whose server was killed."""
        return bool(upload.server) and not upload.done and not self._presence.is_there(upload.server)

    def _has_gone(self, upload: Upload) -> bool:
        """Tells whether what had arrived of it is there no more, though nothing was made of it."""
        return not upload.found and not self.partial(upload).exists()

    def partial(self, upload: Upload) -> Path:
        """Returns the path of what has arrived of it."""
        return self._folder / f"{upload.id}{PARTIAL}"

    def offset(self, upload: Upload) -> int:
        """Returns how many bytes have arrived.

        Raises:
            UploadGone: they are there no more.
        """
        if upload.found:
            return upload.length or 0
        with file_errors(self.partial(upload), f"read the {upload.said}"):
            try:
                return self.partial(upload).stat().st_size
            except FileNotFoundError:
                raise UploadGone(upload) from None

    def expires(self, upload: Upload) -> float:
        """Returns when it expires unless more arrives, in seconds since the epoch."""
        for path in (self.partial(upload), self._record(upload.id)):
            with contextlib.suppress(OSError):
                return path.stat().st_mtime + EXPIRES
        return time.time()

    def judged(self, upload: Upload, sha256: str, length: int) -> Upload:
        """Writes down that an upload is complete and was judged, and returns it so. Raises DriverError."""
        done = replace(upload, found=sha256, length=length)
        with file_errors(self._folder, "note that the upload is complete"):
            self._note(done)
        return done

    def close(self, upload: Upload) -> None:
        """Writes down that an upload has become an Image, and removes the rest of it. Raises DriverError."""
        with file_errors(self._folder, "note that the upload is complete"):
            self._note(replace(upload, done=True))
            self.partial(upload).unlink(missing_ok=True)

    def discard(self, upload: Upload) -> None:
        """Removes an upload, and all that has arrived of it."""
        for path in (self._record(upload.id), self.partial(upload)):
            path.unlink(missing_ok=True)

    def expire(self, now: float | None = None) -> Sequence[Upload]:
        """Removes the uploads that nothing came of for a long time, or comes of any more, and files that no record is about.
        Returns them."""
        now = time.time() if now is None else now
        gone = [upload for upload in self._read_all() if self._is_cut_off(upload)]
        with file_errors(self._folder, "look for old uploads"):
            for upload in gone:
                self.discard(upload)
            self._presence.sweep()
            for partial in self._folder.glob(f"*{PARTIAL}"):
                if now - _written(partial, now) > EXPIRES and not is_locked(partial):
                    gone += [found] if (found := self.find(partial.name.removesuffix(PARTIAL))) is not None else []
                    self._record(partial.name.removesuffix(PARTIAL)).unlink(missing_ok=True)
                    partial.unlink(missing_ok=True)
            for record in self._folder.glob("*.json"):
                if now - _written(record, now) > EXPIRES and not record.with_suffix(PARTIAL).exists():
                    record.unlink(missing_ok=True)
        return gone

    @contextlib.contextmanager
    def writing(self, upload: Upload) -> Iterator[UploadWriter]:
        """Opens what has arrived to add to it.

        Raises:
            UploadBusy: somebody else writes to it.
            UploadGone: it is there no more.
        """
        path = self.partial(upload)
        with file_errors(path, f"save the {upload.said}"):
            try:
                file = open(path, "r+b", buffering=0, opener=private)  # noqa: SIM115 - the writer's, closed below
            except FileNotFoundError:
                raise UploadGone(upload) from None
        with file:
            _lock_now(file, f"another request is writing to the {upload.said}: wait for its end, then ask how far it is")
            yield UploadWriter(file, path, upload)

    @contextlib.contextmanager
    def finishing(self, upload: Upload) -> Iterator[Upload | None]:
        """Lets nobody else make an Image of an upload that was judged, or end it, meanwhile. Yields it as it is by now. None: it
        was ended.

        Raises:
            UploadBusy: somebody else does so.
        """
        try:
            file = open(self._record(upload.id), "r+b", buffering=0, opener=private)  # noqa: SIM115 - closed below
        except OSError:
            yield None
            return
        with file:
            _lock_now(file, f"another request makes an image of the {upload.said}, or ends it: ask how far it is then")
            yield self.find(upload.id)

    def alone(self, upload: Upload) -> contextlib.AbstractContextManager[object]:
        """Lets nobody else change an upload meanwhile. Raises UploadBusy: somebody does."""
        return self.finishing(upload) if upload.found else self.writing(upload)

    def publishing(self) -> contextlib.AbstractContextManager[None]:
        """Lets nobody else put the file of an upload into the cache meanwhile, or take it back. Raises DriverError."""
        return self._locked("publishing", "give an upload its place")

    def is_of_others(self, upload: Upload) -> bool:
        """Tells whether another upload has the same contents, or had."""
        same = (one for one in self._read_all() if (one.found, one.format) == (upload.found, upload.format))
        return any(one.id != upload.id for one in same)

    @contextlib.contextmanager
    def _locked(self, name: str = "lock", doing: str = "begin the upload") -> Iterator[None]:
        with file_errors(self._folder, doing):
            handle = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _record(self, id: str) -> Path:
        return self._folder / f"{id}.json"

    def _note(self, upload: Upload) -> None:
        replace_text(self._record(upload.id), json.dumps(asdict(upload)))

    def _read(self, path: Path) -> Upload | None:
        try:
            found: Any = json.loads(read_whole(path))
            upload = Upload(**found)
        except (OSError, ValueError, TypeError):
            return None
        return upload if _ID.fullmatch(upload.id) and path == self._record(upload.id) else None

    def _progress(self, upload: Upload) -> str:
        try:
            size = human_size(self.offset(upload))
        except UploadGone:
            return "it is ending"
        return f"{size} of {human_size(upload.length)} are there" if upload.length is not None else f"{size} are there"


def _written(path: Path, gone: float) -> float:
    """Returns when a file was written last; ``gone``, where it has gone meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return gone


def _lock_now(file: IO[bytes] | FileIO, busy: str) -> None:
    """Locks the file. Raises UploadBusy, with these words: another request has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UploadBusy(busy) from error


class UploadWriter:
    """Adds to an upload. Its methods wait for the disk."""

    def __init__(self, file: BinaryIO, path: Path, upload: Upload) -> None:
        self._file, self._path, self._upload = file, path, upload
        self.offset = file.seek(0, os.SEEK_END)

    def add(self, content: bytes) -> None:
        """Adds bytes.

        Raises:
            NoSpace: the disk is full. Guests on it stop: take back what was added.
            DriverError: it cannot be written.
        """
        view = memoryview(content)
        for start in range(0, len(view), BUFFER):
            self._put(view[start : start + BUFFER])
        self.back_to(self.offset)

    def fill(self, receive: Receive, left: int, digest: Any, begun: Callable[[], None]) -> None:
        """Adds up to ``left`` bytes that ``receive`` reads into a buffer (0: no more), hashes them beside that, and has them
        written to the disk early. ``begun`` is called once, when the first of them are there.

        Raises:
            NoSpace: see ``add``.
        """
        ring, hashing = [memoryview(bytearray(BUFFER)) for _ in range(RING)], deque[Future[None]]()
        with ThreadPoolExecutor(1) as beside:
            for turn in count():
                if len(hashing) == RING - 1:
                    hashing.popleft().result()
                part = _filled(ring[turn % RING][:left], receive)
                if not part:
                    break
                self._put(part)
                if digest is not None:
                    hashing.append(beside.submit(self._beside, digest, part, self.offset))
                left -= len(part)
                if not turn:
                    begun()
        self.back_to(self.offset)

    def _put(self, part: memoryview) -> None:
        try:
            write_sparse(self._file, part)
        except OSError as error:
            raise file_error(error, self._path, f"save the {self._upload.said}") from error
        self.offset += len(part)

    def _beside(self, digest: Any, part: memoryview, end: int) -> None:
        digest.update(part)
        if end // EARLY != (end - len(part)) // EARLY:
            start_writing(self._file.fileno())

    def back_to(self, offset: int) -> None:
        """Takes back what was added after ``offset``. Raises DriverError."""
        with file_errors(self._path, f"take back a part of the {self._upload.said}"):
            self._file.truncate(offset)
            self.offset = self._file.seek(offset)

    def head(self, size: int) -> bytes:
        """Returns the first bytes. Raises DriverError."""
        with file_errors(self._path, f"read the {self._upload.said}"):
            return os.pread(self._file.fileno(), size, 0)


def _filled(buffer: memoryview, receive: Receive) -> memoryview:
    """Returns the part of the buffer that was filled: all of it, but for the end."""
    size = 0
    while size < len(buffer) and (got := receive(buffer[size:])):
        size += got
    return buffer[:size]


def hash_of(algorithm: str) -> Any:
    """Returns a fresh hash of hashlib.

    Raises:
        Refused: it is not one of those that a part of an upload may be checked with.
    """
    if algorithm not in ("sha256", "sha1", "md5"):
        raise Refused(f"checksums of {algorithm[:20]!r} are not known here: sha256, sha1 and md5 are")
    return hashlib.new(algorithm, usedforsecurity=False)
