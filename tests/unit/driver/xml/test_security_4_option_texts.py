"""No text of a spec is split by QEMU's option parser: it is refused by the model, or means what it says."""

from __future__ import annotations

from dataclasses import replace
from string import printable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from homeostat.driver.xml import build_domain, parse_domain
from homeostat.driver.xml.elements import parse_xml
from homeostat.driver.xml.forwards import own_arguments
from homeostat.models.machine import VirtualMachine
from homeostat.planner.domain import DomainType, NicConfig
from homeostat.planner.machine.desired import desired_domain
from homeostat.planner.observed import Observed
from tests.unit.crd_schemas import refusals
from tests.unit.world import World

SIGNS = [*printable, "\x00", "\x1b", "\x7f", "\x85", "\u2028", "é", "０"]
MAC = "52:54:00:12:34:56"


def document(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "m"}, "spec": spec}


def user(name: str = "lan", mac: str = MAC, address: str = "127.0.0.1") -> dict[str, Any]:
    forwards = [{"hostPort": 8080, "guestPort": 80, "hostAddress": address}]
    return document(nics=[{"name": name, "mac": mac, "user": {"forwards": forwards}}])


WHERE = {
    "name": lambda text: user(name=text),
    "mac": lambda text: user(mac=text),
    "hostAddress": lambda text: user(address=text),
    "network": lambda text: document(nics=[{"name": "n", "network": text}]),
    "bridge": lambda text: document(nics=[{"name": "n", "bridge": text}]),
    "serial": lambda text: document(disks=[{"name": "d", "size": "1Gi", "serial": text}]),
    "cpu": lambda text: document(resources={"cpu": {"model": text}}),
    "feature": lambda text: document(resources={"cpu": {"features": [text]}}),
    "version": lambda text: document(machine={"version": text}),
    "listen": lambda text: document(display={"vnc": {"listen": text, "passwordFile": "/p"}}),
}
PLAIN = {"mac": MAC, "hostAddress": "10.0.0.1", "version": "7.2", "listen": "::1", "feature": "avx2"}


def taken(given: dict[str, Any]) -> VirtualMachine | None:
    try:
        return VirtualMachine.model_validate(given)
    except ValidationError:
        return None


@pytest.mark.parametrize("field", WHERE)
def test_security_4_what_splits_is_refused_wherever_it_stands(field: str) -> None:
    plain = PLAIN.get(field, "abc")
    assert taken(WHERE[field](plain)) is not None
    for sign in SIGNS:
        for text in (sign + plain, plain[:2] + sign + plain[2:], plain + sign):
            if taken(WHERE[field](text)) is not None:
                assert text.isascii() and text.isprintable() and not set(text) & set(" ,=[]{}()'\"\\%;|&<>$`/"), text


@pytest.mark.parametrize(
    "address", ["::1", "::ffff:127.0.0.1", "fe80::1%eth0", "1.2.3.4%e,x=y", "localhost", "", "127.1", "0x7f.1"]
)
def test_security_4_a_forward_listens_on_ipv4_and_else_it_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="must be an IPv4 address, such as"):
        VirtualMachine.model_validate(user(address=address))
    assert refusals(user(address=address)) != []


@pytest.mark.parametrize("zone", ["fe80::1%eth0", "fe80::1%eth0,id=x", "::1%", "127.0.0.1%lo"])
def test_security_4_no_address_has_a_zone(zone: str) -> None:
    with pytest.raises(ValidationError, match="without a zone"):
        VirtualMachine.model_validate(WHERE["listen"](zone))


def test_security_4_a_mapped_address_is_the_one_that_it_maps() -> None:
    """Else 127.0.0.1 by its other name would be another address to whoever compares them."""
    found = taken(WHERE["listen"]("::ffff:127.0.0.1"))
    assert found is not None and found.spec.display.vnc.listen == "127.0.0.1"


@given(st.text(st.sampled_from(SIGNS[:-6]), min_size=1, max_size=8), st.integers(0, 9))
@example(",,", 0)
@example(",hostfwd=tcp::1-:2", 0)
@example("=,", 1)
@settings(max_examples=60)
def test_security_4_what_is_composed_reads_back_as_it_was(text: str, place: int) -> None:
    """Of every text, also of those that no model lets through: the builder trusts none."""
    text = text.translate(dict.fromkeys(range(32))) or "x"  # XML carries no control characters
    machine = VirtualMachine.model_validate(user())
    config = desired_domain(machine, Observed(World().host, None))
    (nic,) = config.nics
    odd = NicConfig(text, "user", "", MAC, nic.model, nic.forwards, place or None)
    for kind in (DomainType.QEMU, DomainType.TEST):
        xml = build_domain(replace(config, nics=(odd,), type=kind))
        assert parse_domain(xml).nics == (odd,)
        netdev, _ = own_arguments(parse_xml(xml))
        assert netdev.replace(",,", "").count(",") == 2  # id and one hostfwd
