"""Names become host names, file names and domain names: only RFC 1123 labels are taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from homeostat.models.base import Key
from homeostat.planner.machine.identity import disk_path, domain_name, domain_uuid, mac_address
from tests.unit.machines import machine


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../etc", "lower-case letters, digits and '-'"),
        ("a/b", "lower-case"),
        ("", "lower-case"),
        ("-a", "start and end with a letter or digit"),
        ("a-", "start and end"),
        ("Web", "lower-case"),
        ("a.b", "lower-case"),
        ("web\n", "lower-case"),
        ("ä", "lower-case"),
        ("x" * 300, "is 300 characters long; a name has at most 63"),
    ],
)
@pytest.mark.parametrize("field", ["name", "namespace"])
def test_anything_else_is_refused_and_the_rule_told(field: str, name: str, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        machine(**{field: name})
    (error,) = caught.value.errors()
    assert error["loc"] == ("metadata", field)
    assert words in error["msg"]


@pytest.mark.parametrize("name", ["../x", "x" * 64, "a b"])
@pytest.mark.parametrize("field", ["disks", "nics"])
def test_names_of_devices_follow_the_same_rule(field: str, name: str) -> None:
    with pytest.raises(ValidationError):
        machine(**{field: [{"name": name, "size": "1Gi"} if field == "disks" else {"name": name, "network": "default"}]})


@given(st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True))
def test_a_label_is_taken_and_stays_inside_its_folder(name: str) -> None:
    vm = machine(name=name)
    assert disk_path("/state", vm, "root") == f"/state/machines/default/{name}/root.qcow2"
    assert Key.parse(str(vm.key)) == vm.key


def test_outside_the_default_namespace_the_domain_s_name_says_which() -> None:
    assert domain_name(machine()) == "web"
    assert domain_name(machine(namespace="lab")) == "lab--web"


@given(st.text(), st.text())
def test_identity_follows_from_the_uid_alone(uid: str, nic: str) -> None:
    assert domain_uuid(uid) == domain_uuid(uid)
    mac = mac_address(uid, nic)
    assert mac == mac_address(uid, nic)
    assert int(mac[:2], 16) & 0b11 == 0b10, "locally administered, unicast"
