"""``spec.restoreFrom``: brings a machine back to a snapshot, once for each token.

The machine's folder says which tokens were carried out, and no snapshot brings an older folder back. So a restore is neither
repeated nor undone, whatever becomes of the domain and its record, also where an older spec comes back (a revert in git).
"""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.machine import VirtualMachine

from ..actions import Action, DiscardSave, NoteRestored, RestoreSnapshot
from ..domain import Record
from ..observed import Observed, Restore
from ..plan import Outcome, Stalled, Waiting
from .identity import machine_directory
from .power.power import PowerPlan
from .power.shutdown import ASK_AGAIN, STARTING_UP, shut_down

NOT_FOUND, NOT_TAKEN, OF_ANOTHER, LOST = "SnapshotNotFound", "SnapshotNotTaken", "SnapshotOfAnotherMachine", "SnapshotLost"
HARMLESS = frozenset({NOT_FOUND, NOT_TAKEN, OF_ANOTHER, LOST})
"""Why a restore cannot be done now. The machine goes on as it is."""
LOOK_AGAIN = 2.0  # seconds: there is no event when a snapshot is taken


def restore_due(machine: VirtualMachine, observed: Observed) -> bool:
    """Tells whether a token was given that was not carried out."""
    wanted = machine.spec.restore_from
    return wanted is not None and observed.domain is not None and not observed.storage.carried_out(wanted.token)


def new_token(machine: VirtualMachine, observed: Observed) -> tuple[Action, ...]:
    """Notes the token of a machine that is only made now, with new disks or with disks from the trash: it was not given to undo
    what those hold."""
    wanted = machine.spec.restore_from
    if wanted is None or observed.domain is not None or observed.storage.created or observed.storage.carried_out(wanted.token):
        return ()
    directory = machine_directory(observed.host.storage_root, machine)
    return (NoteRestored(directory, wanted.token, "the machine is new: there is nothing to go back from"),)


def plan_restore(machine: VirtualMachine, observed: Observed, record: Record, now: float) -> PowerPlan | Outcome | None:
    """Plans the next step of a restore that is due; or says why it cannot be done. None: none is due."""
    if not restore_due(machine, observed):
        return None
    restore, domain, wanted = observed.restore, observed.domain, machine.spec.restore_from
    assert domain is not None and wanted is not None
    if not isinstance(restore, Restore):
        return restore
    why = f"restoreFrom: snapshot {wanted.snapshot} of {restore.taken}, token {wanted.token}"
    if domain.reason == STARTING_UP:
        return PowerPlan(record, outcome=Waiting("Busy", "libvirt is starting it", ASK_AGAIN))
    if domain.state.active and not restore.memory:
        marked = replace(record, outcome="Stopping")
        return PowerPlan(marked, *shut_down(machine, domain, observed.memory, now, why), stopping=True)
    directory = machine_directory(observed.host.storage_root, machine)
    back = RestoreSnapshot(restore.uid, domain.uuid, restore.tag, restore.disks, restore.memory, directory, wanted.token, why)
    discard = (DiscardSave(domain.uuid, "the saved memory does not fit the disks as they were"),) if domain.managed_save else ()
    return PowerPlan(record, (*discard, back), Waiting("Restoring", f"going back to snapshot {wanted.snapshot}"), stopping=True)


def untaken(machine: VirtualMachine, snapshot: str, problem: str) -> Waiting | Stalled:
    """Says that the snapshot is not taken yet, and that it cannot be, where there is a ``problem``."""
    if problem:
        return unrestorable(NOT_TAKEN, machine, f"snapshot {snapshot} cannot be taken: {problem}")
    return Waiting(
        NOT_TAKEN, f"spec.restoreFrom: snapshot {snapshot} is being taken; {machine.metadata.name} goes on until then", LOOK_AGAIN
    )


def unrestorable(reason: str, machine: VirtualMachine, message: str) -> Stalled:
    """Says why the machine goes on as it is, and that it is brought back as soon as it can be: also much later."""
    going_on = f"Machine {machine.metadata.name} goes on as it is, and is brought back once it can be"
    return Stalled(reason, f"spec.restoreFrom: {message}. {going_on}: take restoreFrom out where that is not wanted any more")
