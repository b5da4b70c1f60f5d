"""Snapshots inside the file of a disk."""

from __future__ import annotations

from dataclasses import dataclass

OURS = "homeostat-"  # every tag of ours begins with it


@dataclass(frozen=True, slots=True)
class DiskTag:
    """One entry in the table of snapshots that a qcow2 file has."""

    tag: str
    taken: float  # seconds since the epoch
    memory: int  # bytes of a guest's memory in it
    virtual_size: int = 0  # bytes that the guest saw then; 0: as now
    size_now: int = 0  # bytes that it sees now

    @property
    def copied_size(self) -> int:
        """Returns the bytes that a guest sees of a copy. QEMU makes it as large as the disk is now, with nothing in what was
        added since."""
        return max(self.virtual_size, self.size_now)
