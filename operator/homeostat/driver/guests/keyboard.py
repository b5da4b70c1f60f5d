"""The keyboard of a running domain."""

from __future__ import annotations

from collections.abc import Sequence

import libvirt

from ..errors import DriverError
from .running import check_runs, running_domain

TAKEN = "its keyboard takes keys"


def press_keys(uri: str, uuid: str, chords: Sequence[Sequence[int]], hold: int) -> None:
    """Presses chords of keys one after another. The keys have the codes of Linux, and move every ``hold`` milliseconds.

    It does not wait for the guest: QEMU has room for about 80 chords, and forgets what is beyond that.

    Raises:
        HostUnreachable: no connection.
        DomainGone: no such domain.
        Refused: it does not run.
        DriverError: libvirt does not press them.
    """
    with running_domain(uri, uuid, TAKEN) as domain:
        try:
            for chord in chords:
                domain.sendKey(libvirt.VIR_KEYCODE_SET_LINUX, hold, list(chord), len(chord), 0)
        except libvirt.libvirtError as error:
            check_runs(domain, error, TAKEN)
            raise DriverError(f"the keyboard of {domain.name()} takes no keys: {error.get_error_message()}") from error
