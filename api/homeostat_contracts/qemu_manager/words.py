"""What is asked for, and how machines and disks are shown."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from homeostat.models.machine_hardware import VCPU_MAX
from homeostat_api.http.words import LooseWords

MIB = 2**20
GIB = 2**30
MEMORY_LEAST = 16  # MiB
MEMORY_MOST = 2**30
_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
_FILE = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_ABSOLUTE = r"^/[^\x00]*$"


def _of(pattern: str, what: str) -> AfterValidator:
    """Checks a text by a pattern, and says in words what it has to be."""
    whole = re.compile(pattern)

    def check(said: str) -> str:
        if whole.fullmatch(said) is None:
            raise ValueError(f"must be {what}")
        return said

    return AfterValidator(check)


GivenName = Annotated[
    str,
    Field(min_length=1, max_length=64, json_schema_extra={"pattern": _LINE}),
    _of(_LINE, "one line that is not blank"),
]
"""A name for people."""
FileName = Annotated[
    str,
    Field(min_length=1, max_length=64, json_schema_extra={"pattern": _FILE}),
    _of(_FILE, "letters, digits, '.', '-' and '_', the first of them a letter or digit"),
]
"""A name that a file may have: it is one."""
HostPath = Annotated[
    str,
    Field(min_length=2, max_length=4096, json_schema_extra={"pattern": _ABSOLUTE}),
    _of(_ABSOLUTE, "an absolute path"),
]
Cpus = Annotated[int, Field(ge=1, le=VCPU_MAX)]
Memory = Annotated[int, Field(ge=MEMORY_LEAST, le=MEMORY_MOST, description="MiB.")]
Gigabytes = Annotated[float, Field(gt=0, le=2**21, allow_inf_nan=False, description="GiB.")]


class NewMachine(LooseWords):
    """A machine to make. It is off."""

    name: GivenName
    cpus: Cpus
    memory: Memory


class NewSize(LooseWords):
    """What a machine that is off is to have."""

    cpus: Cpus | None = None
    memory: Memory | None = None


class DiskPath(LooseWords):
    diskPath: HostPath


class IsoPath(LooseWords):
    isoPath: HostPath


class DiskToMake(LooseWords):
    """A disk to make."""

    name: FileName
    size: Gigabytes
    format: Literal["qcow2", "raw", "vmdk"]


class AttachedDisk(LooseWords):
    path: str
    attachedAt: str | None


class Machine(LooseWords):
    """A machine as it is shown."""

    id: str
    name: str
    cpus: int
    memory: int
    status: str
    vnc_port: int
    disks: list[AttachedDisk]
    iso: str | None
    createdAt: str | None
    startedAt: str | None


class OneMachine(LooseWords):
    vm: Machine


class StartedMachine(LooseWords):
    vm: Machine
    command: str


class AllMachines(LooseWords):
    vms: list[Machine]


class DiskInfo(LooseWords):
    virtual_size: int | None = Field(alias="virtual-size")
    filename: str
    format: str
    actual_size: int | None = Field(alias="actual-size")


class DiskShown(LooseWords):
    """A disk as it is shown."""

    id: str
    name: str
    size: int
    format: str
    path: str | None
    status: Literal["creating", "ready", "error"]
    createdAt: str | None
    createdAtCompleted: str | None
    info: DiskInfo | None = None


class OneDisk(LooseWords):
    disk: DiskShown


class AllDisks(LooseWords):
    disks: list[DiskShown]


class IsoShown(LooseWords):
    """An ISO that was uploaded, as it is shown."""

    id: str
    name: str
    path: str
    size: int
    uploadedAt: str | None


class OneIso(LooseWords):
    iso: IsoShown


class AllIsos(LooseWords):
    isos: list[IsoShown]


class ErrorAnswer(LooseWords):
    error: str
    timestamp: str


class DoneMessage(LooseWords):
    message: str


class Healthy(LooseWords):
    status: Literal["ok"]
    timestamp: str
