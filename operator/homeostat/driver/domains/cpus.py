"""CPUs of a running guest, plugged in and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libvirt

from ..errors import GuestHolds

LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE


def set_vcpus(request: Callable[..., Any], domain: Any, vcpus: int) -> None:
    """Plugs CPUs in or out, on one of the connection's threads. libvirt asks the guest to let go of one, and waits some seconds.

    Raises:
        GuestHolds: the guest keeps those that are to go.
        libvirtError: anything else.
    """
    has = request(domain.vcpusFlags, LIVE)
    try:
        request(domain.setVcpusFlags, vcpus, LIVE)
    except libvirt.libvirtError as error:
        if vcpus >= has:
            raise
        raise GuestHolds(
            f"the guest has {has} CPUs and does not let go of {has - vcpus} of them yet ({error}). It is "
            "asked again, and has fewer once it is started again"
        ) from error
