"""`up --until-ready` waits for addresses of this run, and names what lacks one when its time is over (BR-06)."""

from __future__ import annotations

from homeostat.cli.commands.up import not_ready
from homeostat.cli.show.live.moments import Moment
from homeostat.cli.show.live.sights import sight_of
from homeostat.cli.show.status_words import lacks_address
from homeostat.models.condition import Condition
from homeostat.models.machine import GuestAddress, MachineState, VirtualMachine, VirtualMachineStatus
from tests.unit.machines import machine

READY = (Condition(type="Ready", status="True", reason="InSync", observed_generation=1),)


def running(*addresses: GuestAddress, conditions: tuple[Condition, ...] = READY) -> VirtualMachine:
    status = VirtualMachineStatus(state=MachineState.RUNNING, run="1", conditions=conditions, addresses=addresses)
    return machine(nics=[{"name": "lan", "network": "default"}]).model_copy(update={"status": status})


def test_br06_a_machine_that_is_ready_and_has_no_address_is_named() -> None:
    vm = running()
    assert lacks_address(vm)
    error = not_ready(Moment([sight_of(vm)], (), ()), 20)
    assert str(error) == "no address is known of vm/web after 20 s"


def test_a_forward_is_no_address_of_its_own() -> None:
    assert lacks_address(running(GuestAddress(nic="u", ip="127.0.0.1", source="Forward", port=1, guest_port=80)))
    assert not lacks_address(running(GuestAddress(nic="lan", ip="10.0.0.9", source="Lease")))


def test_what_is_not_ready_comes_first() -> None:
    waiting = (Condition(type="Ready", status="False", reason="ImageFetching", message="fetching", observed_generation=1),)
    error = not_ready(Moment([sight_of(running(conditions=waiting))], (), ("web.yaml:1: wrong",)), 20)
    assert str(error) == "not everything is Ready after 20 s"
    assert "fetching" in error.mend and "web.yaml:1: wrong" in error.mend
