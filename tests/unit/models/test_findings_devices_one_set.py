"""What a folder takes the CustomResourceDefinitions take as it is written, whatever stands at whatever place."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from homeostat.models.base import ObjectMeta
from homeostat.models.kinds import STORED
from tests.kubernetes.test_crds_take_what_the_models_take import EVERYWHERE, with_value
from tests.unit.crd_schemas import is_let_in
from tests.unit.documents import DOCUMENTS

ALMOST: tuple[Any, ...] = (
    True, 0, 1, -1, 1.0, 2**31, 2**63, 10**30, -(2**63), "1", "0", "true", "True", "yes", "on", "", " ", "\n",
    "a", "a\n", " a", "a ", "A", "64Mi", " 64Mi", "64 Mi", "+64Mi", "64mi", "64MiB", "064Mi", "6.4Gi", ".5Gi",
    "1e3", "0x10", "1_000", "٣Gi", "9" * 30, "25%", " 25%", "25 %", "+5%", "101%", "٣%", "x" * 64, "x" * 5000,
    "é", "\U0001f600", "a\x00", "a\x7f", "a\u2028b", "\ufeffa", "7.2", "7.2\n", "-x", "127.0.0.1", "127.1",
    "0x7f.1", "::1", "FE80::1", "fe80::1%eth0", "::ffff:1.2.3.4", "1.2.3.4/24", "52:54:00:00:00:0A",
    "52-54-00-00-00-01", "525400000001", "01:00:5e:00:00:01", "http://h/x", "HTTP://h/x", "http://h/x\n",
    "file:///x", "file://h/x", "sha256:" + "a" * 64, "sHa256:" + "a" * 64, "A" * 64, "Always", "always",
    "2026-01-01T00:00:00Z", "/", "/a b", [], ["a"], [1], [[]], [{}], {}, {"a": 1}, {"a": "1"}, {"a": {}},
    {"A/b c": "x"},
)  # fmt: skip
_NUMBER = re.compile(r"^template\.spec\.|\d+")
KINDS = [one["kind"] for one in DOCUMENTS]
PLACES = list({(KINDS[n], _NUMBER.sub("", ".".join(map(str, path[1:])))): (n, path) for n, path in EVERYWHERE}.values())
SPECS = [(number, path) for number, path in PLACES if path[0] == "spec"]


def taken(one: dict[str, Any]) -> bool:
    try:
        STORED[one["kind"]].model_validate(one)
    except ValidationError:
        return False
    return True


def check(place: tuple[int, tuple[Any, ...]], value: Any) -> None:
    number, path = place
    one = {name: part for name, part in with_value(DOCUMENTS[number], path, value).items() if name != "status"}
    assert not taken(one) or is_let_in(one), (one["kind"], path, value)


@pytest.mark.parametrize("value", ["yes", "64 Mi"], ids=repr)
def test_findings_devices_what_people_write_from_habit(value: Any) -> None:
    for place in SPECS:
        check(place, value)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SPECS), st.sampled_from(ALMOST) | st.text(max_size=5) | st.integers() | st.floats(allow_nan=False))
def test_findings_devices_one_set(place: tuple[int, tuple[Any, ...]], value: Any) -> None:
    check(place, value)


NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")


def is_a_key(key: str) -> bool:
    """As Kubernetes' IsQualifiedName has it."""
    prefix, slash, name = key.rpartition("/")
    labels = prefix.split(".")
    dns = all(re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", label) for label in labels) and len(prefix) <= 253
    return bool(NAME.fullmatch(name)) and len(name) <= 63 and (dns or not slash)


letters = st.text(alphabet="aZ0-_./ é\n", max_size=8) | st.sampled_from(
    ["a" * 64, "a" * 63, "a.b/c", "a/b/c", "/a", "a/", "A.b/c", "1.10"]
)


@settings(max_examples=40, deadline=None)
@given(letters, letters)
def test_findings_devices_labels_are_kubernetes(key: str, value: str) -> None:
    right = is_a_key(key) and len(value) <= 63 and (value == "" or bool(NAME.fullmatch(value)))
    try:
        ObjectMeta(name="a", labels={key: value})
    except ValidationError:
        assert not right
    else:
        assert right
    try:
        ObjectMeta(name="a", annotations={key: value})
    except ValidationError:
        assert not is_a_key(key.lower())
    else:
        assert is_a_key(key.lower())
