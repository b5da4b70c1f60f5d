"""Numbers, names and texts are bounded before anything is computed of them: one document never stops the pass."""

from __future__ import annotations

import pytest

from homeostat.models.kinds import STORED
from homeostat.store.files.reading.validate import Rejected, validate
from tests.unit.crd_schemas import SCHEMAS, nodes
from tests.unit.store_fixtures import Room, document

LONG = 20_000
HUGE = {
    "digits": "9" * LONG, "quoted": f'"{"9" * LONG}"', "with a unit": f"{'9' * LONG}Mi", "small": f'"0.{"0" * LONG}1Gi"',
    "exponent": "1e999999999", "negative": f"-{'9' * LONG}", "leading zeros": f'"{"0" * LONG}64Mi"',
    "hexadecimal": f"0x{'f' * LONG}",
    "41 digits": "1" * 41, "20 digits": "1" * 20, "octal": f"0o{'7' * 30}",
    "fraction": f'"1.{"1" * 40}Gi"', "percent": f"{'1' * LONG}%",
}  # fmt: skip
PLACES = {
    "memory": ("resources: {memory: %s}",), "vcpu": ("resources: {vcpu: %s}",), "size": ("disks: [{name: a, size: %s}]",),
    "port": ("display: {vnc: {port: %s}}",), "seconds": ("shutdown: {gracePeriodSeconds: %s}",),
    "told": ("cloudInit: {variables: {a: [%s]}}", "exponent", "digits", "41 digits"),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_security_5_no_number_ends_the_pass(room: Room, place: str) -> None:
    spec, *only = PLACES[place]
    wrong = {name: value for name, value in HUGE.items() if not only or name in only}
    for number, value in enumerate(wrong.values()):
        room.write(f"{number:02}.yaml", document(f"w{number}", spec % value))
    room.write("good.yaml", document("good"))
    room.sync()
    assert room.names() == ["good"]
    assert {line.partition(":")[0] for line in room.said()} == {f"{number:02}.yaml" for number in range(len(wrong))}
    assert max(map(len, room.said())) < 400


@pytest.mark.parametrize(
    "share",
    ["1" * LONG + "%", "²%", "٣%", " 5%", "5 %", "+5%", "101%", "", "%", 2**31, -1, 10**4000, True, 1.0],
    ids=lambda share: repr(share)[:12],
)
def test_security_5_shares(share: object) -> None:
    spec = {"template": {}, "strategy": {"rollingUpdate": {"maxSurge": share}}}
    value = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachineDeployment", "metadata": {"name": "a"}, "spec": spec}
    with pytest.raises(Rejected, match=r"maxSurge: must"):
        validate(value)


def test_security_5_every_number_of_a_spec_has_an_end() -> None:
    endless = [
        (kind, path)
        for kind, schema in SCHEMAS.items()
        if kind in STORED
        for path, node in nodes(schema["properties"]["spec"], "spec")
        if node.get("type") == "integer" and "maximum" not in node
    ]
    assert endless == [("MachineRevision", "spec.revision")]  # the operator's own


def test_security_5_a_million_digits(room: Room) -> None:
    room.write("a.yaml", document("a", 'resources: {memory: "%s"}' % ("9" * 1_000_001)))
    room.write("b.yaml", document("b", "resources: {memory: %s}" % ("9" * 1_000_001)))
    room.write("good.yaml", document("good"))
    room.sync()
    assert room.names() == ["good"]
    assert [line.partition(": ")[2] for line in room.said()] == [
        "spec.resources.memory: is too large: the most is 8Ei (its text has 1000001 characters)",
        "spec.resources.memory: is too long a number",
    ]


def test_security_5_names_are_short(room: Room) -> None:
    room.write("a.yaml", document("x" * LONG))
    room.write("b.yaml", document("b", "nics: [{name: n, network: %s}]" % ("y" * LONG)))
    room.sync()
    assert room.names() == []
    assert max(map(len, room.said())) < 400
