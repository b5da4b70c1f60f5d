"""Whose a name is, once there was something of it: what it left behind comes back to the next one of that name. A machine finds
its disks in the trash, a Disk the file that was kept; histories, events, schedules and grants go by names, too. So an account may
use again what it used itself, and nobody but an administrator what others did."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from homeostat.accounts.rights import Right
from homeostat.models.base import OWNER, Key
from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.disk import Disk
from homeostat.models.kinds import BY_KIND
from homeostat.models.machine import VirtualMachine
from homeostat.runtime.engine.ports import SpecRevision
from homeostat.store.errors import AlreadyExists
from homeostat.store.index.store import IndexedStore

from ..asking import Asking
from .left_on_hosts import left_on_hosts

OPERATOR = "operator"  # as revisions name it, which makes the machines of deployments

_LEAVES = frozenset({VirtualMachine.KIND, VirtualMachineDeployment.KIND, Disk.KIND})
"""The kinds of what may leave disks behind."""

_REPLICA = re.compile(r"(?P<deployment>.+)-[1-9][0-9]*")


async def check_name(asking: Asking, key: Key) -> None:
    """Checks that a name was nobody else's, nor those that the machines of a deployment would have.

    Raises:
        AlreadyExists: it was.
        TrashUnavailable: nobody can tell.
    """
    if asking.actor.everywhere(Right.CHANGE) or await asking.sees(key):
        return  # of what he sees the store says where it is
    names = Names(asking.workspace.store, asking.actor.author)
    above = deployment_of(key)
    if not names.may_use(key) or (above is not None and not names.may_use(above)):
        raise AlreadyExists(key, hidden=True)
    if key.kind == VirtualMachineDeployment.KIND and names.taken_replica(key):
        raise AlreadyExists(key, hidden=True)
    if key.kind in _LEAVES:
        for left in await left_on_hosts(asking):
            if key in (left, deployment_of(left)) and not names.known(left):
                raise AlreadyExists(key, hidden=True)


async def is_named(asking: Asking, account: str) -> bool:
    """Tells whether something there names an account: as its owner, or as whoever wrote it."""
    store = asking.workspace.store
    if store.wrote(account):
        return True
    for kind in BY_KIND.values():
        if any(one.metadata.labels.get(OWNER) == account for one in await store.list(kind)):
            return True
    return False


class Names:
    """The names that an author may use."""

    def __init__(self, store: IndexedStore, author: str) -> None:
        self._store = store
        self._author = author

    def may_use(self, key: Key) -> bool:
        """Tells whether nobody used the name, or the author did last."""
        revisions = self._store.revisions(key)
        return not revisions or self._maker(key, _made(revisions)) == self._author

    def known(self, key: Key) -> bool:
        """Tells whether there is a history of the name. There is none where the index was lost since."""
        return bool(self._store.revisions(key))

    def left_behind(self, key: Key, since: str) -> bool:
        """Tells whether what the resource of a name left behind is the author's. ``since``: when it did, RFC 3339; empty: nobody
        knows, and then it is nobody's.

        Disks in the trash say seconds only. So whatever was made of that name in the same second, or later, must be his, too.
        """
        if not since:
            return False
        made = [one for one in self._store.revisions(key) if one.changes is None]  # newest first
        then = datetime.fromisoformat(since)
        later = [one for one in made if datetime.fromisoformat(one.time) >= then]
        chain = made[: len(later) + 1]
        there = bool(chain) and datetime.fromisoformat(chain[-1].time).replace(microsecond=0) <= then
        return there and all(self._maker(key, one) == self._author for one in chain)

    def taken_replica(self, deployment: Key) -> bool:
        """Tells whether others had a machine with a name that one of a deployment would have."""
        named = self._store.revised(VirtualMachine.KIND, deployment.namespace, f"{deployment.name}-")
        machines = (Key(VirtualMachine.KIND, deployment.namespace, name) for name in named)
        return any(deployment_of(key) == deployment and not self.may_use(key) for key in machines)

    def _maker(self, key: Key, made: SpecRevision | None) -> str | None:
        """Returns who made the last one of a name. What the operator made for a deployment is of who made that."""
        above = deployment_of(key)
        if made is None or above is None or made.author != OPERATOR:
            return made.author if made is not None else None
        before = [one for one in self._store.revisions(above) if one.time <= made.time]
        deployment = _made(before)
        return deployment.author if deployment is not None else None


def _made(revisions: Sequence[SpecRevision]) -> SpecRevision | None:
    return next((one for one in revisions if one.changes is None), None)


def deployment_of(key: Key) -> Key | None:
    """Returns the deployment that a machine of that name could be of."""
    found = _REPLICA.fullmatch(key.name) if key.kind == VirtualMachine.KIND else None
    return Key(VirtualMachineDeployment.KIND, key.namespace, found["deployment"]) if found is not None else None
