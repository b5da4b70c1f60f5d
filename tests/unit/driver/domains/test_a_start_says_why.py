"""QEMU that ends before libvirt reaches it is started once more: the second refusal has the reason."""

from __future__ import annotations

from unittest.mock import Mock

import libvirt
import pytest

from homeostat.driver.domains.power import begin

UNHEARD = libvirt.libvirtError("failed to connect to monitor socket: Connection refused")
REASON = libvirt.libvirtError("internal error: process exited while connecting to monitor: Could not set up host forwarding rule")


def test_the_second_start_says_why() -> None:
    with pytest.raises(libvirt.libvirtError, match="forwarding rule"):
        begin(Mock(side_effect=[UNHEARD, REASON]))


def test_the_second_start_may_run() -> None:
    start = Mock(side_effect=[UNHEARD, 0])
    assert begin(start) == 0
    assert start.call_count == 2


@pytest.mark.parametrize("refusals", [(REASON,), (UNHEARD, UNHEARD)])
def test_it_starts_no_more_often_than_that(refusals: tuple[libvirt.libvirtError, ...]) -> None:
    start = Mock(side_effect=refusals)
    with pytest.raises(libvirt.libvirtError):
        begin(start)
    assert start.call_count == len(refusals)
