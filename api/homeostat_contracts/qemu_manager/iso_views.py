"""ISOs as QEMU Manager shows them: Images that are one."""

from __future__ import annotations

from typing import Any

from homeostat.models.base import API_GROUP, Resource
from homeostat.models.image import Image
from homeostat.models.image_source import ImageFormat
from homeostat.service.naming.marks import given_name, id_of

from .machine_views import ISOS
from .moments import moment

FILE = f"qemu-manager.{API_GROUP}/file"
"""An annotation of an Image: what the uploaded file was called."""


def is_iso(image: Resource) -> bool:
    return isinstance(image, Image) and image.status is not None and image.status.format is ImageFormat.ISO


def is_something_else(image: Image) -> bool:
    """Tells whether an Image is known to be no ISO. Of one that nobody has looked at yet that is not known."""
    return image.status is not None and image.status.format is not None and not is_iso(image)


def file_name(image: Image) -> str:
    """Returns what the file of an Image was called."""
    return image.metadata.annotations.get(FILE) or image.metadata.name


def called(resource: Resource) -> str:
    """Returns what whoever made a resource calls it."""
    return file_name(resource) if isinstance(resource, Image) else given_name(resource)


def shown(image: Image) -> dict[str, Any]:
    return {
        "id": id_of(image),
        "name": file_name(image),
        "path": f"{ISOS}{image.metadata.name}.iso",
        "size": (image.status.size if image.status else None) or 0,
        "uploadedAt": moment(image.metadata.creation_timestamp),
    }
