"""The published JSON Schema accepts what the models accept, and editors can use it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from homeostat.cli.main import run
from homeostat.models.machine import VirtualMachine
from homeostat.models.schema import json_schema

SCHEMA = json_schema(VirtualMachine)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def document(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "web"}, "spec": spec}


def test_it_is_a_schema_of_draft_2020_12() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("memory", ["512Mi", "1.5Gi", "1G", 536870912])
def test_quantities_are_texts_or_bytes(memory: object) -> None:
    VALIDATOR.validate(document(resources={"memory": memory}))


@pytest.mark.parametrize(
    "spec",
    [
        {"resources": {"memory": "lots"}},
        {"resources": {"memory": -1}},
        {"cpus": 2},
        {"runStrategy": "Sometimes"},
        {"nics": [{"name": "lan"}]},
        {"nics": [{"name": "lan", "network": "default", "bridge": "br0"}]},
        {"disks": [{"name": "root", "image": {"url": "https://x/i", "path": "/i"}}]},
        {"disks": [{"name": "Root", "size": "1Gi"}]},
    ],
)
def test_what_the_models_refuse_the_schema_refuses(spec: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(document(**spec))


@pytest.mark.parametrize("missing", ["apiVersion", "kind", "metadata"])
def test_the_frame_is_required(missing: str) -> None:
    one = document()
    del one[missing]
    assert not VALIDATOR.is_valid(one)


def test_every_field_of_the_spec_is_described() -> None:
    spec = SCHEMA["$defs"]["VirtualMachineSpec"]["properties"]
    for name, field in spec.items():
        target = field.get("$ref") or field.get("items", {}).get("$ref")
        known = SCHEMA["$defs"][target.rpartition("/")[2]] if target else {}
        assert field.get("description") or known.get("description") or known.get("properties"), name
        assert field.get("title") or known.get("title"), name


def test_what_the_operator_writes_is_marked_read_only() -> None:
    assert SCHEMA["properties"]["status"]["readOnly"]
    assert SCHEMA["$defs"]["ObjectMeta"]["properties"]["uid"]["readOnly"]


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "vm"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
