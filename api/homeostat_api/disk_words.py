"""The words of the routes of Disks."""

from __future__ import annotations

from homeostat.models.disk import Disk, DiskSpec

from .http.kinds.kind_routes import KindWords
from .http.kinds.whole import Named
from .http.requests.spec_changes import SpecChanged
from .http.words import Words


class NewDisk(Words):
    name: Named
    spec: DiskSpec


class DiskList(Words):
    disks: list[Disk]


class DiskSpecChanged(SpecChanged):
    spec: DiskSpec


DISKS = KindWords(
    Disk,
    DiskSpec,
    NewDisk,
    DiskList,
    DiskSpecChanged,
    tag="Disks",
    noun="disk",
    made="It is written down; the operator makes it.",
    shown="What it is, where it lies, and who has it.",
    goes="It goes once no domain has it.",
    deletion="409 while machines or deployments name it: details.used_by says which. Its file follows reclaimPolicy.",
    replacement="Another source or format, and a smaller size, are Forbidden once the disk is there: they are written down, and "
    "it stays as it is.",
)
