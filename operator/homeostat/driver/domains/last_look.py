"""The last look at files just before libvirt gives them to QEMU. A plan may rest on older knowledge."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import libvirt

from homeostat.planner.domain import DiskConfig

from ..errors import SaveDamaged, SaveOutdated
from ..storage.disks.disks import check_header, read_disk
from ..survey.survey import is_local
from ..xml import parse_domain
from .step import Domain, sources_of

# The test driver keeps no memory. And libvirtd lists a save whose file was removed by hand, but starts its domain without it.
NO_SAVE = (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_INVALID)
# A host that went down while memory was saved. There is nothing to go on with: libvirt removes such a file with the start.
NEVER_WHOLE = ("save image is incomplete", "failed to read qemu header")


def check_headers(uri: str, disks: Sequence[DiskConfig]) -> None:
    """Checks the headers just before libvirt gives QEMU the files that they name. Where a definition names no chain, the plan
    has checked the headers.

    Raises:
        HeaderAltered: a header names another file than the definition.
    """
    if not is_local(uri):
        return
    for disk in disks:
        if disk.source is None or disk.format != "qcow2" or disk.chain is None:
            continue
        with contextlib.suppress(OSError):  # libvirt will say so in its own words
            found = read_disk(disk.source)
            backing = os.path.realpath(disk.chain[0].path) if disk.chain else None
            check_header(found if found.backing != backing else replace(found, backing=None))


def check_save(request: Callable[..., Any], domain: Domain, name: str) -> None:
    """Checks a managed save. It continues with the files that it was made with, whatever the definition has since.

    Raises:
        SaveOutdated: a disk is on another file by now. That file would lose its data, or become worthless.
        SaveDamaged: it begins with something else than libvirt wrote.
    """
    try:
        then = sources_of(parse_domain(request(domain.managedSaveGetXMLDesc, 0)))
    except libvirt.libvirtError as error:
        if error.get_error_code() in NO_SAVE or any(words in str(error) for words in NEVER_WHOLE):
            return
        if error.get_error_code() != libvirt.VIR_ERR_OPERATION_FAILED:
            raise
        raise damaged(name, str(error)) from error
    now = sources_of(parse_domain(request(domain.XMLDesc, libvirt.VIR_DOMAIN_XML_INACTIVE)))
    for disk, source in then.items():
        if os.path.realpath(now.get(disk) or source or "") != os.path.realpath(source or ""):
            raise SaveOutdated(
                f"disks[{disk}] of machine {name} was on {source} when its memory was saved, and someone put it on "
                f"{now[disk]} since: going on would write to the former file. `virsh managedsave-remove {name}` lets it boot "
                f"from {now[disk]}, without the saved memory; or `virsh edit {name}`, and name the former file again"
            )


def damaged(name: str, why: str) -> SaveDamaged:
    """Says what a person may do. libvirt keeps memory that it or QEMU could not read: each later start would fail, too."""
    return SaveDamaged(
        f"QEMU cannot go on with the saved memory of machine {name}: its file is damaged, or of another QEMU ({why}). "
        f"`virsh managedsave-remove {name}` lets it boot from its disks, without the saved memory"
    )
