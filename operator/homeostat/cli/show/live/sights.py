"""What `homeostat up` shows of each resource: a few words, which take a tenth of the resource's memory."""

from __future__ import annotations

from dataclasses import dataclass

from homeostat.models.base import Key, Resource
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus
from homeostat.models.machine import VirtualMachine

from ..rollout_state import progress_bar, rollout_counts
from ..status_words import address, is_ready, lacks_address, ready_word, state_word, status_cell, status_of, waits_for


@dataclass(frozen=True, slots=True)
class Sight:
    """``cells`` are those of its table, ``words`` those of its line, and ``note`` says what it waits for.

    ``observed``: somebody has looked at it, and it is not torn down. ``lacks_address``: see ``status_words.lacks_address``.
    """

    key: Key
    observed: bool
    ready: bool
    cells: tuple[str, ...]
    words: tuple[str, ...]
    note: str
    lacks_address: bool = False


def sight_of(resource: Resource) -> Sight:
    note, ready = waits_for(resource), is_ready(resource)
    cells, words = _cells(resource), _words(resource, ready, note)
    lacking = isinstance(resource, VirtualMachine) and lacks_address(resource)
    return Sight(resource.key, bool(status_of(resource).conditions), ready, cells, words, note, lacking)


def _cells(resource: Resource) -> tuple[str, ...]:
    if isinstance(resource, VirtualMachine):
        return status_cell(resource), ready_word(resource), address(resource)
    if isinstance(resource, VirtualMachineDeployment):
        status, wanted = resource.status or VirtualMachineDeploymentStatus(), resource.spec.replicas
        counts = (f"{status.ready_replicas}/{wanted}", str(status.updated_replicas), str(status.available_replicas))
        return *counts, progress_bar(status, wanted)
    return ()


def _words(resource: Resource, ready: bool, note: str) -> tuple[str, ...]:
    readiness = "ready" if ready else "not ready"
    if isinstance(resource, VirtualMachine):
        return state_word(resource), readiness, address(resource)
    if isinstance(resource, VirtualMachineDeployment):
        return () if note else (rollout_counts(resource),)  # the note begins with the counts
    return (readiness,)
