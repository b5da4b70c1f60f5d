"""What clients call the parts of the contract: machines by their vmid, snapshots and ISOs by their files."""

from __future__ import annotations

from homeostat.models.base import Resource
from homeostat.models.disk import Disk
from homeostat.service.naming.marks import given_name

from .isos import FILE_OF, handle_of
from .marks import OVERLAY, SESSION, SNAPSHOT, is_part, vmid_of
from .snapshots import name_of


def called(resource: Resource) -> str:
    """Returns what clients call a resource."""
    if isinstance(resource, Disk) and is_part(resource, SNAPSHOT):
        return str(name_of(resource))
    if is_part(resource, SESSION) or is_part(resource, OVERLAY):
        return vmid_of(resource)
    user = resource.metadata.annotations.get(FILE_OF, "")
    return handle_of(user) if user.isdigit() else given_name(resource)
