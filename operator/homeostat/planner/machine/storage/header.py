"""What the header of a disk may name. QEMU writes headers, and so may a guest that broke into its QEMU. So a name in a header
counts only where the operator, or the domain's definition, put that file below the disk. No other file that it names is
opened."""

from __future__ import annotations

from pathlib import PurePosixPath

from ...domain import DiskConfig
from ...observed import ObservedDisk
from ...plan import Stalled

ALTERED = "DiskHeaderAltered"  # reason
DATA_FILE = "another file as the place of its contents"


def altered(name: str, found: ObservedDisk, base: str | None, defined: DiskConfig | None, root: str) -> Stalled | None:
    """Says why a disk that is our own file must not be opened. ``base``: the image it is to be built on; ``defined``: as the
    domain has it; ``root``: the state folder."""
    if found.data_file:
        return Stalled(ALTERED, f"disks[{name}]: {told(found.path, DATA_FILE)}")
    if found.backing is None or found.backing == base:
        return None
    if defined is not None and defined.source == found.path and defined.chain is not None:
        ours = bool(defined.chain) and defined.chain[0].path == found.backing
    else:
        ours = found.backing.startswith("/") and str(PurePosixPath(found.backing).parent) in (
            f"{root}/images",
            str(PurePosixPath(found.path).parent),
        )
    return None if ours else Stalled(ALTERED, f"disks[{name}]: {told(found.path, found.backing)}")


def told(path: str, named: str) -> str:
    """Returns the message. ``named``: the file, or what it is said to be."""
    return (
        f"the header of {path} names {named[:200]!a}, which nobody put beneath it: a guest that got into its QEMU may have "
        "written that. Nothing of it is opened, and the machine is not started with it. Put the disk back from a backup; or, "
        "where you did that yourself, flatten it (`qemu-img convert -O qcow2`, as a user who may read no secrets)"
    )
