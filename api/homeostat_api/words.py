"""The words of our own routes, which Volant's contract has not."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .http.words import Timestamp, Words


class DesiredError(Words):
    severity: Literal["Error", "Held", "Notice"] = Field(
        description="Error: the last good spec stays in force. Held: a deletion that waits for a confirmation, "
        "also of replicas or disks that a document has no more."
    )
    path: str = Field(description="Relative to the folder; empty for the folder as a whole.")
    line: int
    column: int
    field: str
    message: str
    kind: str | None = Field(description="Of the resource it is about, where that is known.")
    namespace: str | None
    name: str | None


class DesiredErrors(Words):
    errors: list[DesiredError]


class TrashedDisk(Words):
    name: str
    path: str = Field(description="Where it lay.")
    size: int = Field(description="Bytes on the host's disk.")
    virtual_size: int = Field(description="Bytes that the guest sees.")
    backing: str | None = Field(description="The image that it was built on.")


class TrashEntry(Words):
    entry: str = Field(examples=["default.web-0b5c9a1e"])
    namespace: str
    name: str = Field(description="Of the machine, or of the Disk; empty where the label cannot be read.")
    kind: str = Field(description="What it was of: VirtualMachine or Disk.")
    uid: str
    reason: str
    since: Timestamp
    until: Timestamp | None = Field(description="Then it is erased; null: only by a request.")
    returns: bool = Field(
        description="To what has the same identity, without a restore: over a folder a resource of its name, in a cluster one "
        "that names its uid in the annotation homeostat.dev/identity."
    )
    macs: list[str]
    disks: list[TrashedDisk]
    note: str = Field(description="Why it may not last until then, as of when it was set aside; empty: nothing is known.")
    size: int = Field(description="Bytes on the host's disk.")
    host: str | None = Field(
        description="In a cluster: the host whose trash has it; null: that of the state folder of this server."
    )
    changeable: bool = Field(description="Whether who asks may put it back, and erase it.")


class TrashList(Words):
    entries: list[TrashEntry]
    size: int


class TrashErased(Words):
    erased: list[str]
    size: int = Field(description="Bytes that are free again.")


class TrashRestored(Words):
    entry: str
    machine: str
    restored: list[str] = Field(description="Paths.")


class OrphanBody(Words):
    """Ours: what is on a host by our doing, and belongs to no resource."""

    name: str
    host: str
    state: str = Field(
        description="Of its domain, in libvirt's words; else no domain, retained, or machine elsewhere; or network.",
        examples=["running"],
    )
    domain: str | None
    network: str | None = Field(description="Its name on the host, where it is a network.")
    disks: list[str]
    bytes: int | None = Field(description="What its disks take; null where there are none, or they are elsewhere.")
    last_written: Timestamp | None = Field(description="When the record on the domain was written last.")
    deleting: bool = Field(description="It was being deleted; that is finished once nothing is in doubt.")
    why: str
    todo: str


class Ready(Words):
    ready: Literal[True]
    parts: dict[str, str]


class FailingTask(Words):
    task: str = Field(examples=["informer"])
    since: str
    error: str
    times: int


class Alive(Words):
    status: Literal["ok"]
    failing: list[FailingTask]


class DiskOrphanBody(Words):
    """A file of a disk that nothing refers to."""

    name: str = Field(description="Of the Disk that it was, or would be; or of the machine.")
    host: str | None = Field(description="Where it is; null: in the state folder of this server.")
    state: Literal["retained", "unlabelled", "unreferenced", "foreign"]
    path: str = Field(description="The file there. Of a Disk on another host: below the state folder there.")
    bytes: int | None = Field(description="What it takes on the host; null where that cannot be seen from here.")
    was: str = Field(description="What it was, as far as its label says.")
    todo: str = Field(description="What a person can do.")
