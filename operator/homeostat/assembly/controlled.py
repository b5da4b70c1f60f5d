"""What the controller of several hosts reconciles, in a cluster and over a folder."""

from __future__ import annotations

from homeostat.models.disk import Disk
from homeostat.models.host import Host
from homeostat.models.machine import VirtualMachine
from homeostat.models.network import Network
from homeostat.models.snapshot import Snapshot
from homeostat.runtime.disk.placement import DiskPlacer
from homeostat.runtime.engine.operator import Reconcilers
from homeostat.runtime.host.reconcile import HostKeeper
from homeostat.runtime.machine.placement import Placer
from homeostat.runtime.network.keeper import NetworkKeeper
from homeostat.runtime.snapshot.homeless import SnapshotKeeper

from .job_stores import ControllerStore


def controlled(
    store: ControllerStore, placer: Placer, disks: DiskPlacer, snapshots: SnapshotKeeper, keeper: HostKeeper
) -> Reconcilers:
    """Returns its own reconcilers, beside those of every job: what is of no host yet, or of several."""
    return {
        VirtualMachine: placer,
        Host: keeper,
        Snapshot: snapshots,
        Disk: disks,
        Network: NetworkKeeper(store, store.exists),
    }
