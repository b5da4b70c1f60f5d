"""The host's cache of base images: fetched once, verified, read-only, shared by all machines that name them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from functools import partial as bound
from pathlib import Path

from homeostat.driver.errors import DriverError, NoSpace, Refused
from homeostat.models.image import UPLOADED
from homeostat.planner.actions import ImageRef, file_name
from homeostat.planner.observed import ImagePhase, ObservedImage

from ..formats import qemu_img
from ..paths import PARTIAL, Rooms, file_errors, flush
from ..stat_cache import Signature
from .alone import alone
from .digests import Arrived
from .examine import examine, verified
from .failures import Failures, source_of
from .local import Report, copy_local, discard, in_thread
from .remembered import OtherContents, built_on, check, forget, remember
from .source import SAID, called, is_remote, open_local, shown
from .turns import Fetch, FetchTurns, TooSlow, Unwanted, ahead, watch
from .verified import changed_message, notes_of, read_note, sha256_of, signature_of, write_note

log = logging.getLogger(__name__)

REPORT_EVERY = 0.5  # seconds between two reports of one fetch's progress


class Damaged(DriverError):
    """The bytes that arrived do not match what the server says of the file: another try may help."""


class ImageCache:
    """The cache. All methods belong to one event loop. ``changed(key)`` is called there when a fetch progresses or ends."""

    def __init__(
        self,
        rooms: Rooms,
        *,
        image_folders: Sequence[Path],
        changed: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rooms = rooms
        self._folders = image_folders
        self._changed = changed
        self._clock = clock
        self._turns = FetchTurns()
        self._identifying: dict[str, asyncio.Lock] = {}
        self._known: dict[str, tuple[Signature, ObservedImage]] = {}
        self._running: dict[str, Fetch] = {}
        self._failures = Failures(changed, clock)

    def path(self, key: str) -> Path:
        """Returns where the image of an ImageRef.key is, or will be."""
        return self._rooms.images / file_name(key)

    async def observe(self, ref: ImageRef) -> ObservedImage:
        """Observes an image, with one stat call when nothing changed. A new file is examined once."""
        if ref.key in self._running:
            return self._absent(ref)
        path = self.path(ref.key)
        try:
            signature = signature_of(path)
        except FileNotFoundError:
            return self._absent(ref)
        except OSError as error:
            return ObservedImage(ImagePhase.FAILED, error=f"cannot read {path}: {error.strerror}; let the operator read it")
        known = self._known.get(ref.key)
        if known is None or known[0] != signature:
            async with self._identifying.setdefault(ref.key, asyncio.Lock()):  # many machines may share one image
                known = self._known.get(ref.key)
                try:
                    signature = await asyncio.to_thread(signature_of, path)
                except OSError:
                    return self._absent(ref)
                if known is None or known[0] != signature:
                    known = signature, await self._identify(ref, path, signature)
                if known[1].phase is ImagePhase.READY or known[1].permanent:
                    self._known[ref.key] = known
        return known[1]

    def _absent(self, ref: ImageRef) -> ObservedImage:
        self._known.pop(ref.key, None)
        if ref.url == UPLOADED:
            return ObservedImage(ImagePhase.FAILED, error=not_uploaded(ref))
        failure = self._failures.get(ref.key)
        before = failure.error if failure else ""
        if running := self._running.get(ref.key):
            running.seen = True
            if running.waits and self._turns.full(running.remote):
                behind = ahead(running, self._running.values())
                return ObservedImage(ImagePhase.QUEUED, behind=behind, error=before)
            return ObservedImage(ImagePhase.FETCHING, fetched=running.fetched, total=running.total, error=before)
        if failure is None or not self._failures.lasts(ref.key):
            return ObservedImage(ImagePhase.MISSING, error=before)
        return ObservedImage(ImagePhase.FAILED, error=failure.error, permanent=failure.permanent, changed=failure.changed)

    async def _identify(self, ref: ImageRef, path: Path, signature: Signature) -> ObservedImage:
        noted = await asyncio.to_thread(read_note, path)
        if noted is not None and noted.sha256 and noted.signature == signature:
            with contextlib.suppress(DriverError):  # of images that earlier versions fetched nothing is remembered
                await asyncio.to_thread(remember, path, noted.sha256)
            return _ready(path, noted.inspection, signature, noted.sha256)
        try:
            sha256 = await asyncio.to_thread(sha256_of, path)
            noted_before = (
                noted.sha256 if noted is not None and noted.sha256 else await asyncio.to_thread(built_on, self._rooms, path)
            )
            before = (ref.sha256 or noted_before).lower()
            if before and sha256 != before:
                error = f"image {called(ref)}: {changed_message(path, sha256, before)}"
                return ObservedImage(ImagePhase.FAILED, error=error, permanent=True, changed=True)
            valid = noted if noted is not None and (noted.sha256 or noted.signature[:2] == signature[:2]) else None
            found = valid.inspection if valid is not None else await examine(ref, path)
            with contextlib.suppress(DriverError):  # a reader may not have the right to write there
                await asyncio.to_thread(write_note, path, ref, found, sha256)
                await asyncio.to_thread(remember, path, sha256)
        except DriverError as error:
            message = f"{error}; the file in the cache is {path}: delete it to have it fetched again"
            return ObservedImage(ImagePhase.FAILED, error=message, permanent=isinstance(error, qemu_img.Unusable))
        return _ready(path, found, signature, sha256)

    def fetch(self, ref: ImageRef) -> None:
        """Begins a fetch, unless it runs, is done, or failed too recently. observe() tells how it ends."""
        if self._failures.lasts(ref.key) or ref.key in self._running or self.path(ref.key).exists():
            return
        self._failures.prune()
        remote, name = is_remote(ref.url), shown(ref.url)
        fetch = self._running[ref.key] = Fetch(name, remote)
        fetch.task = asyncio.get_running_loop().create_task(self._run(ref, fetch), name=f"fetch {name}")

    def _partial(self, ref: ImageRef) -> Path:
        path = self.path(ref.key)
        return path.with_name(path.name + PARTIAL)

    def _follow(self, ref: ImageRef, fetch: Fetch) -> None:
        """Reports how far another's fetch of the same image is."""
        self._report(ref, fetch, asyncio.get_running_loop(), _size(self._partial(ref)), None)

    def _report(self, ref: ImageRef, fetch: Fetch, loop: asyncio.AbstractEventLoop, fetched: int, total: int | None) -> None:
        """Notes the progress, and tells of it now and then. Any thread may call it."""
        fetch.progress(fetched, total)
        if self._clock() - fetch.reported >= REPORT_EVERY:
            fetch.reported = self._clock()
            loop.call_soon_threadsafe(self._changed, ref.key)

    async def _run(self, ref: ImageRef, fetch: Fetch) -> None:
        source: Signature | None = None
        failed: tuple[str, bool, bool] | None = None
        if self._turns.full(fetch.remote):
            self._changed(ref.key)
        try:
            source = await source_of(ref)
            self._rooms.ensure(self._rooms.images)
            async with alone(self._partial(ref), bound(self._follow, ref, fetch)), self._turns.turn(fetch):
                if not self.path(ref.key).exists():  # another has fetched it meanwhile
                    await self._obtain_watched(ref, fetch)
        except Unwanted:
            log.info("fetching image %s was given up: nobody asks for it any more", fetch.name)
        except DriverError as error:
            failed = str(error), isinstance(error, Refused), isinstance(error, OtherContents)
        except Exception as error:
            log.exception("fetching image %s failed in a way nobody foresaw", fetch.name)
            failed = f"image {fetch.name}: {repr(error)[:SAID]}; please report this", False, False
        finally:
            del self._running[ref.key]
        if failed is None:
            self._failures.remove(ref.key)
        else:
            said, permanent, changed = failed
            self._failures.add(ref, said, permanent, source, changed=changed)
        for key in (ref.key, *(key for key, other in self._running.items() if other.waits)):
            self._changed(key)

    async def _obtain_watched(self, ref: ImageRef, fetch: Fetch) -> None:
        """Obtains the image. Ends what is too slow, and what nobody wants; the watch decides both."""
        work = asyncio.ensure_future(self._obtain(ref, fetch))
        watching = asyncio.ensure_future(watch(fetch, self._turns, lambda: self._changed(ref.key), self._running.values))
        try:
            await asyncio.wait({work, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not work.done():
                fetch.stop.set()
            work.cancel()
            watching.cancel()
            await asyncio.gather(work, watching, return_exceptions=True)
        if work.cancelled():
            try:
                watching.result()
            except TooSlow as error:
                raise TooSlow(f"{error}; it is tried again, and {self._next_try(ref)}") from error
        work.result()

    def _next_try(self, ref: ImageRef) -> str:
        from .fetch import next_try

        return next_try(self._partial(ref))

    async def _obtain(self, ref: ImageRef, fetch: Fetch) -> None:
        path, partial = self.path(ref.key), self._partial(ref)
        report = bound(self._report, ref, fetch, asyncio.get_running_loop())
        try:
            arrived = await self._bring(ref, partial, report, fetch)
            if arrived.resumed and not await _matches(ref, arrived, partial):
                discard(partial)  # perhaps only its two halves do not match
                arrived = await self._bring(ref, partial, report, fetch)
            await self._accept(ref, arrived, partial, path)
        except qemu_img.Broken as error:
            discard(partial)
            if arrived.measured or ref.sha256 is not None:
                raise
            raise DriverError(f"{error}: its server says no length, so it may have hung up; it is fetched again") from error
        except (qemu_img.Unusable, Damaged):
            discard(partial)
            raise

    async def _bring(self, ref: ImageRef, partial: Path, report: Report, fetch: Fetch) -> Arrived:
        if not is_remote(ref.url):
            opened = bound(open_local, ref, self._folders, self._rooms.root)
            await in_thread(copy_local, opened, shown(ref.url), partial, report, fetch.stop)
            return Arrived(resumed=False, measured=True, digest=None)
        from .fetch import download  # imported late: only remote images need the 11 MB of an HTTP client

        best = _size(partial)
        while True:  # after a broken connection it goes on at once, as long as each attempt gets further
            fetch.coming = True
            try:
                return await download(ref.url, partial, report, pinned=ref.sha256 is not None)
            except (Refused, NoSpace):
                raise
            except DriverError:
                if _size(partial) <= best:
                    raise
                best = _size(partial)
            finally:
                fetch.coming = False

    async def _accept(self, ref: ImageRef, arrived: Arrived, partial: Path, path: Path) -> None:
        """Verifies the whole file, and only then gives it its name."""
        if arrived.digest is not None and not await asyncio.to_thread(arrived.digest.fits, partial):
            raise Damaged(
                f"image {shown(ref.url)} does not have the {arrived.digest.name} checksum that its server names: it was damaged "
                "on the way, or is being replaced there; it was thrown away, and is fetched again"
            )
        found = await verified(ref, partial)
        await in_thread(check, self._rooms, path, called(ref), found)
        await in_thread(publish_image, ref, partial, path, await examine(ref, partial), found)

    async def close(self) -> None:
        """Ends all fetches. The bytes that they have so far stay."""
        tasks = [fetch.task for fetch in self._running.values() if fetch.task is not None]
        for fetch in self._running.values():
            fetch.stop.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._failures.close()

    @property
    def busy(self) -> frozenset[str]:
        """Keys of the images that are being fetched."""
        return frozenset(self._running)


def not_uploaded(ref: ImageRef) -> str:
    """Says that the file of an upload is not here."""
    again = f"upload it there: homeostat image upload FILE {ref.known_as}".rstrip()
    return f"image {called(ref)}: no file with the SHA-256 {ref.sha256} was uploaded to this host; {again}"


def _ready(path: Path, found: qemu_img.Inspection, signature: Signature, sha256: str) -> ObservedImage:
    return ObservedImage(
        ImagePhase.READY, str(path), found.format, found.virtual_size, iso=found.iso, size=signature[0], sha256=sha256
    )


def publish_image(ref: ImageRef, partial: Path, path: Path, found: qemu_img.Inspection, sha256: str) -> None:
    """Gives a complete file, which was examined, its place in the cache. Waits for the disk. Raises DriverError."""
    with file_errors(path, f"save the image {shown(ref.url)}"):
        partial.chmod(0o444)
        flush(partial)
        os.replace(partial, path)
        write_note(path, ref, found, sha256)
        remember(path, sha256)
        discard(partial)
        flush(path.parent)


def withdraw_image(path: Path, partial: Path) -> None:
    """Takes back what ``publish_image`` did, where nothing stands for the file. Raises DriverError."""
    with file_errors(path, f"take the image {path} back"):
        os.replace(path, partial)
        partial.chmod(0o600)
        notes_of(path).unlink(missing_ok=True)
        forget(path)


async def _matches(ref: ImageRef, arrived: Arrived, path: Path) -> bool:
    """Tells whether its hash is what the spec and its server say."""
    if arrived.digest is not None and not await asyncio.to_thread(arrived.digest.fits, path):
        return False
    return ref.sha256 is None or await asyncio.to_thread(sha256_of, path) == ref.sha256.lower()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
