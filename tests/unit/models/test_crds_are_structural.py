"""The CustomResourceDefinitions keep the rules of Kubernetes 1.20 for structural schemas and defaults.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from homeostat.models.crd import crd, crds
from homeostat.models.kinds import CLUSTER_KINDS, STORED
from tests.unit.crd_schemas import SCHEMAS, Schema, nodes

NODES = [(f"{kind}{path}", node) for kind, schema in SCHEMAS.items() for path, node in nodes(schema)]
KNOWN = {
    "type", "description", "properties", "additionalProperties", "items", "required", "enum", "pattern", "format", "minimum",
    "maximum", "minLength", "maxLength", "minItems", "maxItems",
    "maxProperties", "default", "anyOf", "oneOf", "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
}  # fmt: skip
TYPES = {"object", "array", "string", "integer", "boolean"}
FORMATS = {"int32", "int64", "ipv4", "ipv6", "date-time"}


def broken_rules(node: Schema) -> list[str]:
    fields, either = set(node.get("properties", ())), [*node.get("anyOf", ()), *node.get("oneOf", ())]
    int_or_string = "x-kubernetes-int-or-string" in node
    rules = {
        "only known words": set(node) <= KNOWN,
        "a type, or int-or-string": int_or_string != (node.get("type") in TYPES),
        "int-or-string in its one form": not int_or_string or node["anyOf"] == [{"type": "integer"}, {"type": "string"}],
        "fields or values": not ("properties" in node and "additionalProperties" in node),
        "a list has items": ("items" in node) == (node.get("type") == "array"),
        "a known format": node.get("format", "int32") in FORMATS,
        "what is required is a field": all(set(part.get("required", ())) <= fields for part in (node, *either)),
        "alternatives only restrict": int_or_string or all(set(part) <= {"required", "format", "enum"} for part in either),
        "RE2 looks around nowhere": "(?" not in node.get("pattern", ""),
    }
    return [rule for rule, kept in rules.items() if not kept]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_part_has_a_type_and_only_what_kubernetes_knows(kind: str) -> None:
    for path, node in nodes(SCHEMAS[kind]):
        assert broken_rules(node) == [], path


def test_every_field_is_described() -> None:
    fields = [
        (where, node) for where, node in NODES if re.search(r"\.(spec|status)\b", where) and not where.endswith(("[]", "{}"))
    ]
    assert len(fields) > 400
    assert [where for where, node in fields if not node.get("description")] == []


def test_what_names_an_item_of_a_list_is_required() -> None:
    for where, node in NODES:
        assert set(node.get("x-kubernetes-list-map-keys", ())) <= set(node.get("items", {}).get("required", ())), where


def test_named_items_are_merged_by_name() -> None:
    lists = {
        path: node["x-kubernetes-list-type"] for path, node in nodes(SCHEMAS["VirtualMachine"]) if node.get("type") == "array"
    }
    merged = {path for path, kind in lists.items() if kind == "map"}
    assert merged == {".spec.disks", ".spec.nics", ".status.conditions"}
    assert set(lists.values()) == {"map", "atomic"}


def defaults(kind: str) -> dict[str, Any]:
    return {path: node["default"] for path, node in nodes(SCHEMAS[kind]) if "default" in node}


def test_the_server_writes_no_default_into_a_machine_or_a_template() -> None:
    assert defaults("VirtualMachine") == {} and defaults("MachineRevision") == {}
    assert defaults("Plugin") == {".spec.enabled": True}
    assert defaults("Host") == {".spec.maintenance": False}
    assert defaults("VirtualMachineDeployment") == {
        ".spec.replicas": 1,
        ".spec.strategy": {},
        ".spec.strategy.type": "RollingUpdate",
        ".spec.strategy.rollingUpdate.maxSurge": "25%",
        ".spec.strategy.rollingUpdate.maxUnavailable": 0,
        ".spec.minReadySeconds": 0,
        ".spec.progressDeadlineSeconds": 600,
        ".spec.revisionHistoryLimit": 10,
        ".spec.paused": False,
        ".spec.autoRollback": False,
        ".spec.stateful": False,
    }


def test_defaults_are_valid() -> None:
    for _, node in NODES:
        if "default" in node:
            jsonschema.Draft4Validator(node).validate(node["default"])


def test_defaults_that_the_server_does_not_write_are_told() -> None:
    told = dict(nodes(SCHEMAS["VirtualMachine"]))
    assert told[".spec.runStrategy"]["description"].endswith("Default: Always.")
    assert told[".spec.resources.memory"]["description"].endswith("Default: 512Mi.")
    assert told[".spec.guestAgent.enabled"]["description"].endswith("Default: true.")
    assert "Default" not in told[".status.restarts"]["description"]


def test_subresources_and_names() -> None:
    made = {kind.KIND: crd(kind)["spec"] for kind in CLUSTER_KINDS}
    with_status = {kind for kind, spec in made.items() if "status" in spec["versions"][0].get("subresources", {})}
    assert with_status == set(STORED) - {"MachineRevision"}
    assert made["VirtualMachineDeployment"]["versions"][0]["subresources"]["scale"]["labelSelectorPath"] == ".status.selector"
    assert {kind for kind, spec in made.items() if spec["scope"] == "Cluster"} == {"Host"}
    short = {kind: spec["names"].get("shortNames") for kind, spec in made.items()}
    assert short["VirtualMachine"] == ["vm", "vms"] and short["VirtualMachineDeployment"] == ["vmd", "vmds"]
    assert short["Host"] == ["vmhost", "vmhosts"] and short["Plugin"] is None
    assert all(spec["names"]["categories"] == ["homeostat"] for spec in made.values())


def test_columns_show_fields_that_there_are() -> None:
    for kind in CLUSTER_KINDS:
        known = {path.replace("[]", "") for path, _ in nodes(SCHEMAS[kind.KIND])} | {".metadata.creationTimestamp"}
        columns = crd(kind)["spec"]["versions"][0]["additionalPrinterColumns"]
        for column in columns:
            path = re.sub(r'\[\?\(@\.type=="\w+"\)\]|\[0\]', "", column["jsonPath"])
            assert path in known, (kind.KIND, column)


def test_kubectl_apply_can_remember_each_in_an_annotation() -> None:
    assert all(len(json.dumps(one)) < 262_144 for one in crds().values())
