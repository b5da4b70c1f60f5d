"""CustomResourceDefinitions (apiextensions.k8s.io/v1) of the kinds, made from the models. Pure.

The schemas are structural, for Kubernetes 1.20 and later:
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
What a model checks and a schema cannot say, the operator checks: then the resource is Stalled, and its condition names the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import API_GROUP, API_VERSION, NAME_MAX, NAME_PATTERN, Resource
from .deployment import VirtualMachineDeployment
from .kinds import CLUSTER_KINDS, kind_of
from .quantity import format_quantity
from .schema import EXACTLY_ONE, without_null

Schema = dict[str, Any]

CATEGORY = "homeostat"
KUBERNETES_OWN = frozenset({"deployment", "deployments"})  # names of ours that kubectl gives to other resources
TEXT_MAX = 1_000_000  # the models limit every text to this, so no schema repeats it

# Where the API server may write defaults into specs. It must not elsewhere: the plugin decides what a machine leaves unset.
_DEFAULTED: Mapping[str, frozenset[str]] = {
    "VirtualMachineDeploymentSpec": frozenset(
        {
            *("replicas", "minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"),
            *("paused", "autoRollback", "stateful", "strategy"),
        }
    ),
    "Strategy": frozenset({"type"}),
    "RollingUpdate": frozenset({"maxSurge", "maxUnavailable"}),
    "PluginSpec": frozenset({"enabled"}),
    "HostSpec": frozenset({"maintenance"}),
}
# Lists whose items have an identity, so that server-side apply merges them item by item.
_IDENTITY: Mapping[str, str] = {"DiskDevice": "name", "Nic": "name", "Condition": "type"}
_CARRIED = (
    *("type", "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength"),
    *("minItems", "maxItems", "maxProperties", "anyOf"),
)


def crds() -> dict[str, Schema]:
    """Returns every CustomResourceDefinition, by its name."""
    made = [crd(kind) for kind in CLUSTER_KINDS]
    return {one["metadata"]["name"]: one for one in made}


def crd(kind: type[Resource]) -> Schema:
    """Returns the definition of one kind."""
    singular = kind.KIND.lower()
    known = kind_of(kind)
    words = (known.noun, *known.words)
    short = [word for word in words if word not in {singular, known.plural, *KUBERNETES_OWN}]
    names: Schema = {"plural": known.plural, "singular": singular, "kind": kind.KIND, "listKind": f"{kind.KIND}List"}
    version: Schema = {"name": API_VERSION.rpartition("/")[2], "served": True, "storage": True}
    version["schema"] = {"openAPIV3Schema": schema_of(kind)}
    if "status" in kind.model_fields:
        version["subresources"] = {"status": {}}
    if kind is VirtualMachineDeployment:
        version["subresources"]["scale"] = {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        }
    version["additionalPrinterColumns"] = [_column(*column) for column in known.columns]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{known.plural}.{API_GROUP}"},
        "spec": {
            "group": API_GROUP,
            "names": names | ({"shortNames": short} if short else {}) | {"categories": [CATEGORY]},
            "scope": known.scope,
            "versions": [version],
        },
    }


def _column(name: str, type: str, path: str, description: str, priority: int) -> Schema:
    column: Schema = {"name": name, "type": type, "jsonPath": path, "description": description}
    return column | ({"priority": priority} if priority else {})


def schema_of(kind: type[Resource]) -> Schema:
    """Returns the structural schema of one kind's objects."""
    whole = without_null(kind.model_json_schema(by_alias=True, mode="validation"))
    definitions = whole.pop("$defs")
    name_rules = {"maxLength": NAME_MAX, "pattern": NAME_PATTERN} if kind_of(kind).scope == "Namespaced" else {}
    properties: Schema = {
        "apiVersion": {"type": "string", "description": f"Which version of the API: {API_VERSION}."},
        "kind": {"type": "string", "description": f"Which kind of resource: {kind.KIND}."},
        "metadata": {"type": "object"},
    }
    if name_rules:
        properties["metadata"]["properties"] = {"name": {"type": "string", **name_rules}}
    properties["spec"] = _structural(whole["properties"]["spec"], definitions)
    if "status" in whole["properties"]:  # nobody chooses its defaults
        properties["status"] = _structural(whole["properties"]["status"], _without_defaults(definitions))
    required = ["spec"] if "spec" in whole.get("required", ()) else []
    return {
        "type": "object",
        "description": (kind.__doc__ or "").strip(),
        **({"required": required} if required else {}),
        "properties": properties,
    }


def _without_defaults(node: Any) -> Any:
    """Returns ``node``, a part of a JSON schema, without any default in it."""
    if isinstance(node, list):
        return [_without_defaults(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_defaults(value) for key, value in node.items() if key != "default"}


def _structural(node: Schema, definitions: Mapping[str, Schema], default: bool = False) -> Schema:
    """Returns ``node`` without references, in the form that Kubernetes takes. ``default``: whether the API server writes its
    default."""
    model = node.get("$ref", "").rpartition("/")[2]
    node = {**definitions[model], **node} if model else node
    result: Schema = {"description": _description(node, model, told=not default)}
    if not result["description"]:
        del result["description"]
    choices = [choice.get("type") for choice in node.get("anyOf", ())]
    if choices == ["integer", "string"]:
        return result | _int_or_string(node, default)
    result |= {key: node[key] for key in _CARRIED if key in node and not (key == "maxLength" and node[key] == TEXT_MAX)}
    if default and "default" in node:
        result["default"] = node["default"]
    if node["type"] == "integer":
        result["format"] = "int32" if node.get("maximum", 2**31) < 2**31 else "int64"
    if node["type"] == "array":
        result |= _list(node["items"], definitions)
    if node["type"] == "object":
        result |= _object(node, model, definitions)
        if default and "default" not in node:
            result["default"] = {}
    return result


def _int_or_string(node: Schema, default: bool) -> Schema:
    number, text = node["anyOf"]
    rules = {key: part[key] for part in (number, text) for key in ("minimum", "maximum", "pattern") if key in part}
    result: Schema = {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}], **rules}
    return result | ({"default": node["default"]} if default else {})


def _list(items: Schema, definitions: Mapping[str, Schema]) -> Schema:
    key = _IDENTITY.get(items.get("$ref", "").rpartition("/")[2])
    listed = (
        {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]} if key else {"x-kubernetes-list-type": "atomic"}
    )
    return {"items": _structural(items, definitions), **listed}


def _object(node: Schema, model: str, definitions: Mapping[str, Schema]) -> Schema:
    values = node.get("additionalProperties")
    if values is True:
        return {"x-kubernetes-preserve-unknown-fields": True}
    if isinstance(values, dict):
        return {"additionalProperties": _structural(values, definitions)}
    defaulted = _DEFAULTED.get(model, frozenset())
    result: Schema = {}
    if node.get("required"):
        result["required"] = list(node["required"])
    if model in EXACTLY_ONE:
        result["oneOf"] = [{"required": [field]} for field in EXACTLY_ONE[model]]
    fields = node.get("properties", {})
    if fields:
        result["properties"] = {
            name: _structural(field, definitions, default=name in defaulted) for name, field in fields.items()
        }
    return result


def _description(node: Schema, model: str, *, told: bool) -> str:
    """Says what the field means, which forms it takes where there are several, and its default, where ``told``."""
    parts = [" ".join(str(node.get("description", "")).split())]
    if model in EXACTLY_ONE and "xactly one of" not in parts[0]:
        *others, last = EXACTLY_ONE[model]
        parts.append(f"Exactly one of {', '.join(others)} and {last}.")
    value = node.get("default")
    if told and value not in (None, "", [], {}) and "Default:" not in parts[0]:
        parts.append(f"Default: {_shown(value, node)}.")
    return " ".join(part for part in parts if part)


def _shown(value: Any, node: Schema) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return format_quantity(value) if isinstance(value, int) and "anyOf" in node else str(value)
