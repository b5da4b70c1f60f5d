"""The stores of a process that serves the API and runs no operator: over a folder, or over a cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from homeostat.models.kinds import CLUSTER_KINDS
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.store.errors import StoreError
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from homeostat.store.index.index import Index

if TYPE_CHECKING:
    from homeostat.store.kubernetes.access import Access
    from homeostat.store.kubernetes.informer import Informer
    from homeostat.store.kubernetes.writer import ClusterWriter

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServedCluster:
    """Readers ask the mirror, which the informer keeps."""

    store: ClusterWriter
    informer: Informer


def served_folder(folder: Path, state: Path) -> FilesStore:
    """Opens the folder. Brings the index up to date once, where no operator does that: for a large folder that takes long, and
    requests would wait.

    Raises:
        StoreError: the folder or the state cannot be opened.
    """
    store = FilesStore.open(folder, StateFolder.open(state))
    try:
        if not store.state.operator_runs:
            store.compare()
    except StoreError as error:  # for example the state folder is full: what is known is shown, and the operator keeps trying
        log.warning("the folder was not looked through: %s", error)
    return store


def served_cluster(access: Access, state: Path, supervisor: Supervisor, say: Callable[[str], None]) -> ServedCluster:
    """Begins to follow the cluster. Nothing may be read before the informer is ready. ``say`` receives what is waited for.

    Raises:
        StoreError: the state cannot be opened.
    """
    from homeostat.store.kubernetes.eventlog import EventLog
    from homeostat.store.kubernetes.informer import Informer
    from homeostat.store.kubernetes.mirror import Mirror
    from homeostat.store.kubernetes.writer import ClusterWriter

    index = Index.open(StateFolder.open(state).api_index, repair=True)
    mirror = Mirror(index, told=True)
    index.troubled = supervisor.teller("state")
    informer = Informer(access, mirror, CLUSTER_KINDS, say, EventLog(index), supervisor)
    informer.begin()
    return ServedCluster(ClusterWriter(index, mirror, access), informer)
