"""What `up` will find on the host when it makes a machine: for `homeostat plan`, and for a dry run over REST."""

from __future__ import annotations

import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from pathlib import Path

from homeostat.models.machine import VirtualMachine
from homeostat.models.quantity import format_quantity
from homeostat.planner.actions import CreateDisk, ImageRef
from homeostat.planner.machine.host.fit import misfit
from homeostat.planner.machine.preview.foresee import foreseen
from homeostat.planner.machine.restore import NOT_TAKEN
from homeostat.planner.machine.storage.storage import storage_needs
from homeostat.planner.observed import HostFacts, ImagePhase, Observed, ObservedImage
from homeostat.planner.plan import Outcome, Plan, Stalled, Waiting

Foresee = Callable[[ImageRef], Awaitable[ObservedImage]]
"""Returns what fetching an image will give."""

SAID_BY_ACTIONS = frozenset({"Reconciling", "Starting", "ShuttingDown", "Terminating"})
PASSING = SAID_BY_ACTIONS | {
    "Busy", "CrashLoopBackOff", "GuestShuttingDown", "IOError", "ImageFetching", "ImageQueued", "Pausing", "PoweringOff",
    "Restoring", "Resuming", "Saving", "Unhealthy", NOT_TAKEN,
}  # fmt: skip
"""Reasons that pass by themselves. For every other reason somebody must act."""


def needs_somebody(outcome: Outcome) -> bool:
    """Tells whether it is stalled, or waits for what does not come by itself, such as a missing network or image."""
    return isinstance(outcome, Stalled) or (isinstance(outcome, Waiting) and outcome.reason not in PASSING)


async def foresee_images(
    refs: Sequence[ImageRef], observed: Observed, fetched: MutableMapping[str, ObservedImage], foresee: Foresee
) -> None:
    """Adds to ``fetched`` what the images will be that are not there yet, by ImageRef.key."""
    for ref in refs:
        known = observed.storage.images.get(ref.key)
        if (known is None or known.phase is ImagePhase.MISSING) and ref.key not in fetched:
            fetched[ref.key] = await foresee(ref)


async def foresee_machine(
    machine: VirtualMachine, observed: Observed, fetched: MutableMapping[str, ObservedImage], foresee: Foresee
) -> tuple[Plan, Observed, tuple[Outcome, ...]]:
    """Returns all steps to the end, what will be observed then, and what would stop it next where they cannot be taken."""
    await foresee_images(storage_needs(machine, observed.host.storage_root).images, observed, fetched, foresee)
    plan, end = foreseen(machine, observed, time.monotonic(), fetched)
    return plan, end, _beside(machine, observed, plan, fetched) if isinstance(plan.outcome, Stalled | Waiting) else ()


def _beside(machine: VirtualMachine, observed: Observed, plan: Plan, fetched: Mapping[str, ObservedImage]) -> tuple[Outcome, ...]:
    """Returns what would stop it next if the first problem were solved: other images, what the host lacks."""
    if observed.refusal is not None or machine.deleting or (observed.domain and observed.domain.state.active):
        return ()
    if not observed.host.reachable:
        return ()
    needed = [fetched.get(ref.key) for ref in storage_needs(machine, observed.host.storage_root).images]
    failed = [Waiting("ImageFailed", image.error) for image in needed if image and image.phase is ImagePhase.FAILED]
    found = [*failed, misfit(machine, observed)]
    return tuple(outcome for outcome in found if outcome is not None and outcome.message != plan.outcome.message)


def too_much_memory(asked: int, facts: HostFacts) -> str:
    """Says that machines ask for more memory together than their host has; empty: they do not."""
    if not facts.memory or asked <= facts.memory:
        return ""
    has = format_quantity(facts.memory // 2**20 * 2**20)
    return f"the machines that are to run ask for {format_quantity(asked)} of memory together, and host {facts.name} has {has}"


def too_much_space(plans: Sequence[Plan], facts: HostFacts) -> str:
    """Says that new disks may grow beyond what is free; empty: they may not, or nobody knows."""
    disks = sum(action.size or 0 for plan in plans for action in plan.actions if isinstance(action, CreateDisk))
    free = _free(Path(facts.storage_root))
    if not disks > free > 0:
        return ""
    left = format_quantity(free // 2**20 * 2**20)
    return f"the new disks may grow to {format_quantity(disks)} together, and {left} are free in {facts.storage_root}"


def _free(folder: Path) -> int:
    """Returns the free bytes of the file system that the folder is on, or will be on. 0: unknown."""
    try:
        return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.is_dir())).free
    except OSError:
        return 0
