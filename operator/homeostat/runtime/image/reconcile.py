"""One reconcile of one Image: fetches it into the host's cache, and removes it once nothing names it."""

from __future__ import annotations

from homeostat.models.base import Key
from homeostat.models.condition import READY, find_condition
from homeostat.models.image import Image, ImageState, ImageStatus
from homeostat.models.kinds import STORED, kind_of
from homeostat.planner.actions import FetchImage
from homeostat.planner.images import unobtainable
from homeostat.planner.machine.storage.storage import plan_images
from homeostat.planner.observed import ImagePhase, Observed, ObservedImage
from homeostat.planner.plan import Converged, Outcome, Waiting

from ..engine.clock import timestamp
from ..engine.ports import Happening, ResourceStore
from ..engine.reconciler import GONE, Next
from ..hypervisor import Files
from ..machine.images import ImageUse
from .refs import image_refs, users_of
from .status import image_status

IN_USE_POLL_SECONDS = 10.0  # seconds between checks whether the last user of an Image has gone


class ImageReconciler:
    def __init__(self, store: ResourceStore, host: Files, images: ImageUse) -> None:
        self._store = store
        self._host = host
        self._images = images

    async def reconcile(self, image: Image) -> Next:
        """Fetches an Image and writes its status, or removes it.

        Raises:
            DriverError: it could not be asked for.
        """
        users = [f"{kind_of(STORED[key.kind]).noun}/{key.name}" for key in await users_of(self._store, image.key)]
        if image.deleting and not users:
            await self._host.note_image(image.identity, "")
            await self._store.record_event(image.key, "Normal", "Deleted", "nothing names it any more")
            await self._store.release(image.key, image.metadata.uid)
            return GONE
        found, outcome = await self._obtain(image)
        if image.deleting:
            named = f"{', '.join(users[:3])}{' …' if len(users) > 3 else ''}"
            outcome = Waiting("InUse", f"used by {named}: it goes with the last", IN_USE_POLL_SECONDS)
        status, before = image_status(image, found, outcome, users, timestamp()), image.status or ImageStatus()
        if status != image.status:
            await self._store.report(image.key, image.metadata.uid, status, _happenings(before, status))
        return Next(outcome.after if isinstance(outcome, Waiting) else None, moved=status.phase != before.phase)

    looks_at_many = True

    def forget(self, key: Key) -> None:
        """Forgets what it named, so that its file may be removed."""
        self._images.forget(key)

    async def _obtain(self, image: Image) -> tuple[ObservedImage, Outcome]:
        """Asks for its file where it is missing, and returns what is there."""
        facts, refs = self._host.facts, image_refs(image)
        self._images.note(image.key, refs)
        absent = ObservedImage(ImagePhase.MISSING)
        if not facts.reachable:
            return absent, Waiting("HostUnreachable", facts.error)
        noted = await self._host.image_note(image.identity)
        if (why := unobtainable(image, [ref.key for ref in refs], noted)) is not None:
            return absent, why
        storage = await self._host.storage(refs, (), (), facts.storage_root)
        actions, blocker = plan_images(refs, Observed(facts, None, storage=storage))
        for action in actions:
            if isinstance(action, FetchImage):
                await self._host.execute(action)
        if blocker is None and not noted:
            await self._host.note_image(image.identity, refs[0].key)
        return storage.images.get(refs[0].key, absent), blocker or Converged("ImageReady", "")


def _happenings(before: ImageStatus, after: ImageStatus) -> list[Happening]:
    """Returns the events that a change of the status is worth."""
    why = find_condition(after.conditions, READY)
    said = why.message if why is not None else ""
    if after.phase == before.phase:
        return []
    if after.phase is ImageState.READY:
        return [Happening("Normal", "Ready", f"{after.format}, {after.digest}")]
    if after.phase is ImageState.FAILED:
        return [Happening("Warning", "ImageFailed", said)]
    return [Happening("Normal", "Fetching", said)] if after.phase is ImageState.FETCHING else []
