"""A template that cannot exist twice is refused where its deployment may make two of it, and what runs goes on."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.deployment import MachineTemplate, VirtualMachineDeployment
from homeostat.planner.deployment.repeat import usable_once
from tests.unit.fleet import deployment

MAC = {"nics": [{"name": "lan", "network": "default", "mac": "52:54:00:11:22:33"}]}
PORT = {"nics": [{"name": "lan", "user": {"forwards": [{"hostPort": 8080, "guestPort": 80}]}}]}
TAP = {"nics": [{"name": "own", "tap": {"name": "tap0"}}]}
CID = {"vsock": {"cid": 42}}
KEY = {"hostDevices": [{"name": "key", "usb": {"bus": 1, "device": 4}}]}
VNC = {"display": {"vnc": {"port": 5905}}}
RECREATE = {"type": "Recreate"}
ONE_LESS = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def of(spec: dict[str, Any], replicas: int, **fields: Any) -> VirtualMachineDeployment:
    return deployment(replicas, MachineTemplate.model_validate({"spec": spec}), **fields)


@pytest.mark.parametrize("spec", [MAC, PORT, VNC, TAP, CID, KEY])
@pytest.mark.parametrize(
    ("replicas", "fields", "most"),
    [
        (0, {}, 0),
        (1, {}, 2),
        (2, {}, 3),
        (1, {"strategy": RECREATE}, 0),
        (2, {"strategy": RECREATE}, 2),
        (1, {"strategy": ONE_LESS}, 0),
        (2, {"strategy": ONE_LESS}, 2),
    ],
)
def test_br05_br18_by_what_there_may_be_at_once(spec: dict[str, Any], replicas: int, fields: dict[str, Any], most: int) -> None:
    why = usable_once(of(spec, replicas, **fields))
    assert bool(why) == bool(most)
    assert not most or f"is for one machine only, but there may be {most} (replicas: {replicas}" in why


def test_br05_it_says_what_and_what_to_do() -> None:
    why = usable_once(of({**MAC, **VNC}, 1))
    assert why == (
        "template.spec: nics[lan]: mac 52:54:00:11:22:33, display.vnc: port 5905/TCP on 127.0.0.1 is for one machine only, but "
        "there may be 2 (replicas: 1, and 1 more while they are replaced): leave it out, or say strategy: {type: Recreate}"
    )


@pytest.mark.parametrize(
    "spec",
    [
        {"nics": [{"name": "lan", "network": "default"}]},
        {"nics": [{"name": "lan", "user": {}, "mac": "52:54:00:11:22:33"}]},
        {"disks": [{"name": "root", "size": "1Gi", "serial": "root"}]},
        {"display": {"vnc": {"port": 5905, "enabled": False}}},
    ],
)
def test_br05_what_each_guest_has_for_itself_is_no_hindrance(spec: dict[str, Any]) -> None:
    assert usable_once(of(spec, 3)) == ""


def test_devices_of_a_host_are_named_and_a_cid_that_is_chosen_at_each_start_is_none() -> None:
    why = usable_once(of({**TAP, **CID, **KEY}, 2))
    assert "nics[own]: tap tap0, vsock: cid 42, hostDevices[key]: usb 1.4 is for one machine only" in why
    assert usable_once(of({"vsock": {}}, 2)) == ""
