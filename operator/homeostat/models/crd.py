"""CustomResourceDefinitions (apiextensions.k8s.io/v1) of the kinds, from the models. Pure.

Structural schemas for Kubernetes 1.20 and later: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
Where a schema cannot say what a model checks, the operator does, and the resource is Stalled with the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import API_GROUP, API_VERSION, NAME_MAX, NAME_PATTERN, Resource
from .deployment import VirtualMachineDeployment
from .host import Host
from .kinds import CLUSTER_KINDS
from .machine import VirtualMachine
from .plugin import Plugin
from .quantity import format_quantity
from .schema import EXACTLY_ONE, without_null

Schema = dict[str, Any]

CATEGORY = "homeostat"
KUBERNETES_OWN = frozenset({"deployment", "deployments"})  # names of ours that kubectl gives to other resources
TEXT_MAX = 1_000_000  # what every text is limited to by the models: no use to say of each

# Where the API server may write defaults into specs. Nowhere else: what a machine leaves unset its plugin decides.
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
_IDENTITY: Mapping[str, str] = {"Disk": "name", "Nic": "name", "Condition": "type"}
_KEPT = (
    *("type", "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength"),
    *("minItems", "maxItems", "maxProperties", "anyOf"),
)

Column = tuple[str, str, str, str, int]  # name, type, path, description, priority (1: with -o wide only)


def _condition(type: str, field: str = "status") -> str:
    return f'.status.conditions[?(@.type=="{type}")].{field}'


_READY: Column = ("Ready", "string", _condition("Ready"), "Whether it is as it should be, and healthy.", 0)
_AGE: Column = ("Age", "date", ".metadata.creationTimestamp", "Since it was created.", 0)
_WHY: Column = ("Message", "string", _condition("Ready", "message"), "Why it is Ready, or is not.", 1)
_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    VirtualMachine.KIND: (
        ("Status", "string", ".status.state", "What it is doing, in one word.", 0),
        _READY,
        ("IP", "string", ".status.addresses[0].ip", "The first address that its guest can be reached at.", 0),
        ("Host", "string", ".status.host", "The host its domain is on.", 0),
        ("Suspended", "boolean", ".spec.suspend", "Whether it is left alone.", 0),
        (
            "Restart-Required",
            "string",
            '.status.conditions[?(@.type=="RestartRequired")].status',
            "Whether changes wait for one.",
            0,
        ),
        _AGE,
        ("vCPU", "integer", ".spec.resources.vcpu", "Virtual CPUs, where the spec says.", 1),
        ("Memory", "string", ".spec.resources.memory", "Memory, where the spec says.", 1),
        ("Virtualization", "string", ".status.virtualization", "What it runs with.", 1),
        ("Restarts", "integer", ".status.restarts", "Restarts after the guest ended unasked.", 1),
        ("Plugin", "string", ".spec.pluginRef.name", "The plugin that it is made from.", 1),
        _WHY,
    ),
    VirtualMachineDeployment.KIND: (
        ("Desired", "integer", ".spec.replicas", "Machines that there should be.", 0),
        ("Current", "integer", ".status.replicas", "Machines that exist.", 0),
        ("Up-To-Date", "integer", ".status.updatedReplicas", "Machines of the current template.", 0),
        ("Ready", "integer", ".status.readyReplicas", "Machines that are Ready.", 0),
        ("Available", "integer", ".status.availableReplicas", "Machines that have been Ready for minReadySeconds.", 0),
        _AGE,
        ("Revision", "integer", ".status.revision", "The revision that is being kept or rolled out.", 1),
        ("Plugin", "string", ".spec.template.spec.pluginRef.name", "The plugin that its machines are made from.", 1),
        ("Selector", "string", ".status.selector", "Label selector of its machines.", 1),
        _WHY,
    ),
    Plugin.KIND: (
        ("Version", "string", ".spec.version", "Version of the plugin.", 0),
        ("Enabled", "boolean", ".spec.enabled", "Whether it makes new machines.", 0),
        _READY,
        ("Machines", "integer", ".status.machines", "Machines that use it.", 0),
        _AGE,
        ("Workload", "string", ".spec.workload.type", "What kind of workload runs inside.", 1),
        _WHY,
    ),
    "MachineRevision": (
        ("Deployment", "string", ".spec.deployment", "Whose template it is.", 0),
        ("Revision", "integer", ".spec.revision", "Its number.", 0),
        ("Cause", "string", ".spec.cause", "Why it came about.", 0),
        _AGE,
        ("Failed", "string", ".spec.failed", "Why its rollout was given up.", 1),
    ),
    Host.KIND: (
        _READY,
        ("Machines", "integer", ".status.machines", "Machines that are on it.", 0),
        ("vCPUs", "integer", ".status.capacity.vcpus", "CPUs that it has.", 0),
        ("Memory", "string", ".status.capacity.memory", "Memory that it has.", 0),
        ("Maintenance", "boolean", ".spec.maintenance", "Whether no new machines are placed on it.", 0),
        _AGE,
        ("KVM", "string", _condition("KVMUsable"), "Whether KVM was found usable.", 1),
        ("URI", "string", ".spec.uri", "libvirt's address.", 1),
        ("Version", "string", ".status.version", "Versions of libvirt and of the hypervisor.", 1),
        ("Operator", "string", ".status.operator", "Who serves it.", 1),
        _WHY,
    ),
}


def crds() -> dict[str, Schema]:
    """Every CustomResourceDefinition, by its name."""
    made = [crd(kind) for kind in CLUSTER_KINDS]
    return {one["metadata"]["name"]: one for one in made}


def crd(kind: type[Resource]) -> Schema:
    """The definition of one kind."""
    singular = kind.KIND.lower()
    short = [word for word in kind.SHORT if word not in {singular, kind.PLURAL, *KUBERNETES_OWN}]
    names: Schema = {"plural": kind.PLURAL, "singular": singular, "kind": kind.KIND, "listKind": f"{kind.KIND}List"}
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
    version["additionalPrinterColumns"] = [_column(*column) for column in _COLUMNS[kind.KIND]]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.PLURAL}.{API_GROUP}"},
        "spec": {
            "group": API_GROUP,
            "names": names | ({"shortNames": short} if short else {}) | {"categories": [CATEGORY]},
            "scope": kind.SCOPE,
            "versions": [version],
        },
    }


def _column(name: str, type: str, path: str, description: str, priority: int) -> Schema:
    column: Schema = {"name": name, "type": type, "jsonPath": path, "description": description}
    return column | ({"priority": priority} if priority else {})


def schema_of(kind: type[Resource]) -> Schema:
    """The structural schema of one kind's objects."""
    whole = without_null(kind.model_json_schema(by_alias=True, mode="validation"))
    definitions = whole.pop("$defs")
    name_rules = {"maxLength": NAME_MAX, "pattern": NAME_PATTERN} if kind.SCOPE == "Namespaced" else {}
    properties: Schema = {
        "apiVersion": {"type": "string", "description": f"Which version of the API: {API_VERSION}."},
        "kind": {"type": "string", "description": f"Which kind of resource: {kind.KIND}."},
        "metadata": {"type": "object"},
    }
    if name_rules:
        properties["metadata"]["properties"] = {"name": {"type": "string", **name_rules}}
    properties["spec"] = _structural(whole["properties"]["spec"], definitions)
    if "status" in whole["properties"]:  # its defaults are nobody's to choose
        properties["status"] = _structural(whole["properties"]["status"], _without_defaults(definitions))
    required = ["spec"] if "spec" in whole.get("required", ()) else []
    return {
        "type": "object",
        "description": (kind.__doc__ or "").strip(),
        **({"required": required} if required else {}),
        "properties": properties,
    }


def _without_defaults(node: Any) -> Any:
    """``node``, a part of a JSON schema, with no default in it."""
    if isinstance(node, list):
        return [_without_defaults(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_defaults(value) for key, value in node.items() if key != "default"}


def _structural(node: Schema, definitions: Mapping[str, Schema], default: bool = False) -> Schema:
    """``node`` without references, in the form that Kubernetes takes. ``default``: whether the API server writes its default."""
    model = node.get("$ref", "").rpartition("/")[2]
    node = {**definitions[model], **node} if model else node
    result: Schema = {"description": _description(node, model, told=not default)}
    if not result["description"]:
        del result["description"]
    choices = [choice.get("type") for choice in node.get("anyOf", ())]
    if choices == ["integer", "string"]:
        return result | _int_or_string(node, default)
    result |= {key: node[key] for key in _KEPT if key in node and not (key == "maxLength" and node[key] == TEXT_MAX)}
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
    kept = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]} if key else {"x-kubernetes-list-type": "atomic"}
    return {"items": _structural(items, definitions), **kept}


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
    """What the field means, what it takes where it can have one of several forms, and its default, where ``told``."""
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
