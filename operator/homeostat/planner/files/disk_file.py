"""The file of a Disk, where it lies, and the label beside it that says what it is. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter, ValidationError

from homeostat.models.explain import first_problem

from ..domain import BackingFile

DISK_FILE = "disk.img"
DISK_LABEL = "disk.json"
DISKS = "disks"  # the folder below the state folder


def disk_folder(storage_root: str, namespace: str, name: str) -> str:
    """Returns the folder of a Disk. It holds nothing else, so that no header of another disk may name what is in it."""
    return f"{storage_root}/{DISKS}/{namespace}/{name}"


def named_disk_path(storage_root: str, namespace: str, name: str) -> str:
    return f"{disk_folder(storage_root, namespace, name)}/{DISK_FILE}"


def is_named_disk(storage_root: str, path: str) -> bool:
    """Tells whether a path is that of some Disk's file."""
    return path.startswith(f"{storage_root}/{DISKS}/") and path.endswith(f"/{DISK_FILE}")


def disk_of_path(storage_root: str, path: str) -> tuple[str, str] | None:
    """Returns namespace and name of the Disk whose file it is; None: of none."""
    if not is_named_disk(storage_root, path):
        return None
    namespace, name = path.split("/")[-3:-1]
    return namespace, name


@dataclass(frozen=True, slots=True)
class DiskLabel:
    """What a Disk's file is. It is written beside the file, since no guest can change it there, and people read it too.

    ``made``: the file was there once, complete. ``retained``: when and why the Disk went and the file stayed; empty: it did not.
    """

    namespace: str
    name: str
    uid: str  # identity of the Disk
    format: str  # qcow2 | raw | vmdk
    source: str  # what it was made from, in one line; equal for equal sources
    base: BackingFile | None = None  # the image that it is built on
    made: bool = False
    retained: str = ""


_LABEL = TypeAdapter(DiskLabel)


def write_disk_label(label: DiskLabel) -> str:
    return json.dumps(asdict(label), indent=2) + "\n"


def read_disk_label(text: str | bytes) -> DiskLabel:
    """Reads a label.

    Raises:
        ValueError: it is none of ours.
    """
    try:
        return _LABEL.validate_json(text)
    except ValidationError as error:
        raise ValueError(first_problem(error)) from error
