"""A domain that is off has no usage, whatever QEMU's driver says of it."""

from __future__ import annotations

import libvirt
import pytest

from homeostat.driver.domains.usage import uses

# What libvirt 9.0 gives of a domain of QEMU that was only defined: the time is of libvirtd's cgroup.
GIVEN = {"state.reason": 0, "cpu.time": 25_050_000_000, "balloon.current": 65_536, "balloon.maximum": 65_536}


@pytest.mark.parametrize("state", [libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_CRASHED])
def test_off(state: int) -> None:
    assert not uses({**GIVEN, "state.state": state})


@pytest.mark.parametrize("state", [libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_SHUTDOWN])
def test_on(state: int) -> None:
    assert uses({**GIVEN, "state.state": state})


def test_what_says_nothing_of_it() -> None:
    assert not uses({"state.state": libvirt.VIR_DOMAIN_RUNNING})
