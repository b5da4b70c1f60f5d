"""The words of the routes of Disks."""

from __future__ import annotations

from homeostat.models.disk import Disk, DiskSpec

from .http.spec_changes import SpecChanged
from .http.whole import Named
from .http.words import Words


class NewDisk(Words):
    name: Named
    spec: DiskSpec


class DiskList(Words):
    disks: list[Disk]


class DiskSpecChanged(SpecChanged):
    spec: DiskSpec
