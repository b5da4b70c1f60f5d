"""How this contract knows its own resources: by labels that only the service writes."""

from __future__ import annotations

import uuid

from homeostat.models.base import API_GROUP, OWNER, Resource
from homeostat.service.naming.marks import ID, Marks

PART = f"{API_GROUP}/vm-share"
"""A label: which part of the contract a resource is."""
SESSION, OVERLAY, SNAPSHOT, ISO, MOMENT = "session", "overlay", "snapshot", "iso", "moment"
"""MOMENT: the Snapshot that a snapshot's Disk is copied from, which goes once that is there."""
USER = f"{API_GROUP}/vm-share-user"
"""A label: the id of the user whose it is."""
OS_TYPE = f"{API_GROUP}/vm-share-os"
"""A label: its os_type."""
CHARGED = f"{API_GROUP}/vm-share-charged"
"""An annotation of a snapshot's Disk: the bytes that its user is charged with."""
TURN = f"{API_GROUP}/vm-share-turn"
"""An annotation of a snapshot's Disk, or an ISO's Image: of several of which one is to stay, the newest has the highest."""
CUSTOM = "custom"
"""The os_type of what boots an uploaded ISO."""


def marks(part: str, user: int, vmid: str = "", os_type: str = "", charged: int | None = None, turn: int = 0) -> Marks:
    """Returns the marks of a new resource."""
    labels = {PART: part, USER: str(user), **({ID: vmid} if vmid else {}), **({OS_TYPE: os_type} if os_type else {})}
    return Marks(labels, {CHARGED: str(charged), TURN: str(turn)} if charged is not None else {})


def is_part(resource: Resource, part: str, owner: str | None = None) -> bool:
    """Tells whether a resource is a part of the contract. ``owner``: and belongs to that account. Each part was made for an
    account, and is no other resource's: what such a one says of itself came from a template."""
    labels = resource.metadata.labels
    made = resource.owner is None and labels.get(PART) == part and bool(labels.get(OWNER))
    return made and (owner is None or labels[OWNER] == owner)


def vmid_of(resource: Resource) -> str:
    return resource.metadata.labels.get(ID, "")


def os_of(resource: Resource) -> str:
    return resource.metadata.labels.get(OS_TYPE, "")


def user_of(resource: Resource) -> str:
    return resource.metadata.labels.get(USER, "")


def turn_of(resource: Resource) -> int:
    """Returns how many there had been, one in place of another, when this one was begun: whatever clocks say, it is newer."""
    found = resource.metadata.annotations.get(TURN, "")
    return int(found) if found.isdecimal() else 0


def fresh() -> str:
    """Returns an id that nothing else has."""
    return uuid.uuid4().hex[:12]
