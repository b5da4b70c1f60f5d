"""What libvirt's XML cannot carry, and sizes that it or QEMU refuse, are refused by the models, and texts by the CRDs too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from homeostat.driver.xml.elements import element, parse_xml, to_text
from homeostat.models.kinds import STORED
from homeostat.models.machine_disks import SIZE_MAX
from homeostat.store.files.reading.validate import Rejected, validate
from tests.unit.crd_schemas import is_let_in

MACHINE: dict[str, Any] = {
    "restartedAt": lambda text: {"restartedAt": text},
    "poweredOffAt": lambda text: {"poweredOffAt": text},
    "cmdline": lambda text: {"boot": {"kernel": {"path": "/k"}, "cmdline": text}},
    "path": lambda text: {"disks": [{"name": "a", "image": {"path": f"/{text}"}}]},
    "url": lambda text: {"disks": [{"name": "a", "image": {"url": f"http://h/{text}"}}]},
    "network": lambda text: {"nics": [{"name": "a", "network": f"n{text}"}]},
    "passwordFile": lambda text: {"display": {"vnc": {"passwordFile": f"/{text}"}}},
    "serial": lambda text: {"disks": [{"name": "a", "size": 1, "serial": f"s{text}"}]},
    "model": lambda text: {"resources": {"cpu": {"model": f"m{text}"}}},
    "bridge": lambda text: {"nics": [{"name": "a", "bridge": f"b{text}"}]},
}  # fmt: skip
CONTROLS = [chr(code) for code in (*range(0x20),) if chr(code) not in "\t\n\r"] + ["\ufffe", "\uffff"]


def document(spec: Any, kind: str = "VirtualMachine") -> dict[str, Any]:
    return {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": "a"}, "spec": spec}


@pytest.mark.parametrize("field", MACHINE)
def test_security_14_control_characters_are_refused_in_both_modes(field: str) -> None:
    for control in CONTROLS:
        one = document(MACHINE[field](f"a{control}b"))
        with pytest.raises(Rejected, match=field):
            validate(one)
        assert not is_let_in(one) or control > "\x7f", repr(control)
        template = document({"template": {"spec": one["spec"]}}, "VirtualMachineDeployment")
        with pytest.raises(Rejected, match=field):
            validate(template)


@given(st.sampled_from(sorted(MACHINE)), st.text(max_size=6))
def test_security_14_what_is_taken_xml_can_carry(field: str, text: str) -> None:
    try:
        spec = STORED["VirtualMachine"].model_validate(document(MACHINE[field](text))).dump()["spec"]
    except ValidationError:
        return

    def texts(value: Any) -> list[str]:
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [value] if isinstance(value, str) else [inner for part in parts for inner in texts(part)]

    for one in texts(spec):
        made = element("a", one, value=one)
        assert parse_xml(to_text(made)).get("value") == one


def test_security_14_the_words_say_what_to_do() -> None:
    with pytest.raises(Rejected, match=r"spec\.restartedAt: holds a control character, .* \(got 'a\\x07b'\): remove it"):
        validate(document({"restartedAt": "a\x07b"}))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"resources": {"memory": "2Pi"}}, "memory: is too large: the most is 1Pi"),
        ({"resources": {"memory": "7Ei"}}, "memory: is too large"),
        ({"disks": [{"name": "a", "size": SIZE_MAX + 1}]}, "size: is too large: the most is 2Pi"),
        ({"disks": [{"name": "a", "size": 0}]}, "size: must be larger than 0"),
    ],
)
def test_security_14_sizes_that_no_hypervisor_takes(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(Rejected, match=words):
        validate(document(spec))
