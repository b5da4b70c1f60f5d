"""A document or a folder of a hundred thousand mistakes: told in few words, with little work, and none of it large in force."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.bounds import DEVICES_MAX, NAMED_MAX, OPENAPI_MAX, SEED_MAX, WORDS_MAX, WORKLOAD_MAX
from homeostat.store.files.passes import indexing
from homeostat.store.files.reading import files
from homeostat.store.files.reading.validate import Rejected, validate
from tests.unit.crd_schemas import is_let_in
from tests.unit.store_fixtures import Room, document

MANY = 40_000
BOUNDED: dict[str, tuple[int, Any]] = {
    "spec.cloudInit.variables": (WORKLOAD_MAX, lambda n: {"cloudInit": {"variables": {f"v{i}": i for i in range(n)}}}),
    "spec.cloudInit.metaData": (SEED_MAX, lambda n: {"cloudInit": {"metaData": ("a: " + "b" * n)[:n]}}),
    "spec.cloudInit.networkConfig": (SEED_MAX, lambda n: {"cloudInit": {"networkConfig": ("a: " + "b" * n)[:n]}}),
    "spec.disks": (DEVICES_MAX, lambda n: {"disks": [{"name": f"d{i}", "size": 1} for i in range(n)]}),
    "spec.nics": (DEVICES_MAX, lambda n: {"nics": [{"name": f"n{i}", "network": "a"} for i in range(n)]}),
    "spec.hostSelector": (NAMED_MAX, lambda n: {"hostSelector": {f"l{i}": "x" for i in range(n)}}),
    "spec.resources.cpu.features": (WORDS_MAX, lambda n: {"resources": {"cpu": {"features": ["+a"] * n}}}),
    "spec.probes.readiness.exec.command": (WORDS_MAX, lambda n: {"probes": {"readiness": {"exec": {"command": ["a"] * n}}}}),
}  # fmt: skip


def of(kind: str, spec: Any) -> dict[str, Any]:
    return {"apiVersion": "homeostat.dev/v1alpha1", "kind": kind, "metadata": {"name": "a"}, "spec": spec}


@pytest.mark.parametrize("field", BOUNDED)
def test_security_13_what_is_taken_has_an_end(field: str) -> None:
    most, made = BOUNDED[field]
    validate(of("VirtualMachine", made(most)))
    for many in (most + 1, MANY):
        with pytest.raises(Rejected) as caught:
            validate(of("VirtualMachine", made(many)))
        assert [problem.field for _, problem in caught.value.problems] == [field]
        assert len(str(caught.value)) < 300
        assert "variables" in field or not is_let_in(of("VirtualMachine", made(many)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("labels", {f"l{i}": "x" for i in range(MANY)}),
        ("openapi", {f"p{i}": {} for i in range(OPENAPI_MAX + 1)}),
        ("workload", {"env": {f"V{i}": "x" for i in range(MANY)}}),
        ("workload", {"entrypoint": ["x"] * MANY}),
    ],
)
def test_security_13_plugins_too(field: str, value: Any) -> None:
    with pytest.raises(Rejected, match=field):
        validate(of("Plugin", {"version": "1", "rootfs": {"path": "/r"}, field: value}))


def test_security_13_what_a_plugin_tells_its_workload_is_counted_apart() -> None:
    variables: dict[str, Any] = {f"v{i}": i for i in range(WORKLOAD_MAX)} | {
        "homeostat_env": {f"V{i}": "x" for i in range(WORDS_MAX)}
    }
    validate(of("VirtualMachine", {"cloudInit": {"variables": variables}}))


def test_security_13_of_many_broken_documents_some_are_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "ERRORS_TOLD", 10)
    monkeypatch.setattr(files, "PLACED_MAX", 5)
    placed = []
    monkeypatch.setattr(files, "Positions", lambda *given: placed.append(1) or reading_positions(*given))
    room.write("ok.yaml", document("ok"))
    room.write("b.yaml", "---\n".join(document(f"b{n}", "bogus: 1", "resources: {vcpu: two}") for n in range(30)))
    room.write("n.yaml", "- a\n")
    report = room.sync()
    assert (room.names(), len(placed)) == (["ok"], 5)
    assert len([error for error in report.errors if error.severity == "Error"]) == 11
    assert "25 more are not listed" in room.said()[10]
    assert "b.yaml:8:1: spec.bogus: unknown field" not in room.said()[0]
    assert [error.severity for error in report.errors][-1] == "Notice"
    before = room.said()
    room.sync()
    assert room.said() == before
    room.write("b.yaml", document("b"))
    room.sync()
    assert (room.names(), len(room.said())) == (["b", "ok"], 1)


reading_positions = files.Positions
