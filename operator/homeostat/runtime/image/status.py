"""The status of an Image. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from homeostat.models.condition import READY, RECONCILING, STALLED, merge_conditions, sayer
from homeostat.models.image import USERS_SHOWN, Image, ImageState, ImageStatus
from homeostat.models.image_source import ImageFormat
from homeostat.planner.observed import ImagePhase, ObservedImage
from homeostat.planner.plan import Converged, Outcome, Stalled

_STATES = {
    ImagePhase.MISSING: ImageState.PENDING,
    ImagePhase.QUEUED: ImageState.QUEUED,
    ImagePhase.FETCHING: ImageState.FETCHING,
    ImagePhase.READY: ImageState.READY,
    ImagePhase.FAILED: ImageState.FAILED,
}


def image_status(image: Image, found: ObservedImage, outcome: Outcome, users: Sequence[str], now: str) -> ImageStatus:
    """Returns the status. ``found``: the file, as it was observed. ``now``: RFC 3339, UTC."""
    say = sayer(image.metadata.generation)
    ready = isinstance(outcome, Converged)
    conditions = [say(READY, ready, outcome.reason, outcome.message)]
    if isinstance(outcome, Stalled):
        conditions.append(say(STALLED, True, outcome.reason, outcome.message))
    elif not ready:
        conditions.append(say(RECONCILING, True, outcome.reason, outcome.message))
    before, there = image.status or ImageStatus(), found.phase is ImagePhase.READY
    fetching = found.phase is ImagePhase.FETCHING
    return ImageStatus(
        observed_generation=image.metadata.generation,
        conditions=merge_conditions(before.conditions, conditions, now),
        phase=ImageState.FAILED if isinstance(outcome, Stalled) else _STATES[found.phase],
        progress=min(100, found.fetched * 100 // found.total) if fetching and found.total else None,
        format=ImageFormat("iso" if found.iso else found.format) if there else None,
        size=found.size if there else None,
        virtual_size=found.virtual_size if there else None,
        digest=f"sha256:{found.sha256}" if there and found.sha256 else "",
        used_by=tuple(users[:USERS_SHOWN]),
        users=len(users),
    )
