"""Writes the field tables of docs/spec/*.md and the keys of docs/configuration.md from the models, and docs/swagger.yaml from the
routes of LIMEN's contract: ``python docs/generate.py [--check]``.

A page holds ``<!-- fields: NAME -->``, or ``<!-- keys -->``, and ``<!-- end -->``; what stands between them is made here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from homeostat.cli.configuration.sections import Configuration
from homeostat.models.base import ObjectMeta, OwnerReference
from homeostat.models.cloud_init import CloudInit
from homeostat.models.condition import Condition
from homeostat.models.deployment import VirtualMachineDeploymentSpec, VirtualMachineDeploymentStatus
from homeostat.models.disk import DiskSpec, DiskStatus
from homeostat.models.host import HostSpec, HostStatus
from homeostat.models.image import ImageSpec, ImageStatus
from homeostat.models.image_source import ImageSource
from homeostat.models.machine import VirtualMachineSpec, VirtualMachineStatus
from homeostat.models.machine_disks import DiskDevice
from homeostat.models.machine_hardware import Resources
from homeostat.models.machine_nics import Nic
from homeostat.models.network import NetworkSpec, NetworkStatus
from homeostat.models.plugin import PluginSpec, PluginStatus
from homeostat.models.probe import Probes
from homeostat.models.quantity import format_quantity
from homeostat.models.schedule import SnapshotScheduleSpec, SnapshotScheduleStatus
from homeostat.models.snapshot import SnapshotSpec, SnapshotStatus
from homeostat_api.app import make_parts
from homeostat_api.config import ApiConfig
from homeostat_api.openapi import describe
from homeostat_api.resources.documents import as_yaml
from homeostat_contracts.limen.routes import limen

DOCS = Path(__file__).parent
MODELS: dict[str, type[BaseModel]] = {
    "metadata": ObjectMeta,
    "virtualmachine.spec": VirtualMachineSpec,
    "virtualmachine.status": VirtualMachineStatus,
    "virtualmachinedeployment.spec": VirtualMachineDeploymentSpec,
    "virtualmachinedeployment.status": VirtualMachineDeploymentStatus,
    "plugin.spec": PluginSpec,
    "plugin.status": PluginStatus,
    "disk.spec": DiskSpec,
    "disk.status": DiskStatus,
    "image.spec": ImageSpec,
    "image.status": ImageStatus,
    "snapshotschedule.spec": SnapshotScheduleSpec,
    "snapshotschedule.status": SnapshotScheduleStatus,
    "snapshot.spec": SnapshotSpec,
    "snapshot.status": SnapshotStatus,
    "network.spec": NetworkSpec,
    "network.status": NetworkStatus,
    "host.spec": HostSpec,
    "host.status": HostStatus,
}
# Described on the page of VirtualMachine; the other pages only name them.
ON_MACHINES_PAGE = (VirtualMachineSpec, Resources, CloudInit, DiskDevice, ImageSource, Nic, Probes)
SHARED = (OwnerReference, Condition)  # described by Kubernetes' API conventions
KEYS = re.compile(r"(<!-- keys -->\n).*?(<!-- end -->)", re.DOTALL)
BLOCK = re.compile(r"(<!-- fields: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rows(
    model: type[BaseModel], prefix: str = "", elsewhere: tuple[type[BaseModel], ...] = ()
) -> Iterator[tuple[str, str, str, str]]:
    """(field, type, default, meaning) of each field, nested ones after their parent, but for those described ``elsewhere``."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        path = f"{prefix}{field.alias or name}"
        inner, many = _inner(field.annotation)
        meaning = _meaning(field, inner)
        if inner in elsewhere:
            meaning += " As of a [machine](virtualmachine.md)."
        yield path + ("[]" if many else ""), _type(field), _default(field), meaning
        if isinstance(inner, type) and issubclass(inner, BaseModel) and inner not in (*SHARED, *elsewhere):
            yield from rows(inner, path + ("[]." if many else "."), elsewhere)


def _inner(annotation: Any) -> tuple[Any, bool]:
    """The type behind Optional, Annotated and tuple[...], and whether it is a list."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _inner(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return _inner(next(a for a in get_args(annotation) if a is not NoneType))
    if origin is tuple:
        return _inner(get_args(annotation)[0])[0], True
    return annotation, False


def _type(field: FieldInfo) -> str:
    inner, many = _inner(field.annotation)
    if "parse_quantity" in repr((field.metadata, field.annotation)):
        word = "quantity"
    elif "_check_share" in repr((field.metadata, field.annotation)):
        word = "integer or percentage"
    elif get_origin(inner) is Literal:
        word = " · ".join(map(str, get_args(inner)))
    elif isinstance(inner, type) and issubclass(inner, Enum):
        word = " · ".join(str(m.value) for m in inner)
    elif get_origin(inner) is dict:
        word = "map of strings" if getattr(get_args(inner)[1], "__origin__", get_args(inner)[1]) is str else "object"
    elif isinstance(inner, type) and issubclass(inner, BaseModel):
        word = "object"
    else:
        word = {str: "string", int: "integer", bool: "boolean"}.get(inner, "any")
    return f"list of {word}" if many and word != "object" else "list" if many else word


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or isinstance(value, BaseModel) or value in ((), {}, ""):
        return ""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return str(value).lower()
    return format_quantity(value) if _type(field) == "quantity" else str(value)


def _meaning(field: FieldInfo, inner: Any) -> str:
    text = field.description
    if not text and isinstance(inner, type) and issubclass(inner, (BaseModel, Enum)):
        text = (inner.__doc__ or "").strip().split("\n\n")[0]
    return " ".join((text or "").split()).replace("|", "\\|")


def table(name: str) -> str:
    elsewhere = () if name.startswith("virtualmachine.") else ON_MACHINES_PAGE
    lines = ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{path}` | {type} | {default} | {meaning} |"
        for path, type, default, meaning in rows(MODELS[name], elsewhere=elsewhere)
    ]
    return "\n".join(lines) + "\n"


def keys() -> str:
    """The table of all keys of homeostat.toml, section by section."""
    return "\n".join(["| key | meaning |", "| --- | --- |", *_keys(Configuration, "")]) + "\n"


def _keys(model: type[BaseModel], above: str) -> Iterator[str]:
    """A row for each key of a table, and the tables in it, which have rows of their own, behind."""
    inner = {name: _inner(field.annotation)[0] for name, field in model.model_fields.items()}
    tables = {name: kind for name, kind in inner.items() if isinstance(kind, type) and issubclass(kind, BaseModel)}
    for name, field in model.model_fields.items():
        if name not in tables:
            yield f"| `{name.replace('_', '-')}` | {_meaning(field, inner[name] if not above else None)} |"
    for name, table in tables.items():
        written = f"{above}{name}".replace("_", "-")
        yield f"| **`[{written}]`** | {_meaning(model.model_fields[name], table)} |"
        yield from _keys(table, f"{written}.")


def render(page: str) -> str:
    page = KEYS.sub(lambda m: m[1] + keys() + m[2], page)
    return BLOCK.sub(lambda m: m[1] + table(m[2]) + m[3], page)


def swagger() -> bytes:
    """What LIMEN's listener says of itself."""
    with TemporaryDirectory() as folder:
        parts = make_parts(ApiConfig(directory=Path(folder), state=Path(folder) / "state"))
        return as_yaml(describe(limen(parts.given(None)), True))


def main(check: bool) -> int:
    stale = []
    if (written := DOCS / "swagger.yaml").read_bytes() != (new_one := swagger()):
        stale.append(written.name)
        if not check:
            written.write_bytes(new_one)
    for path in sorted([*DOCS.glob("spec/*.md"), DOCS / "configuration.md"]):
        text = path.read_text()
        new = render(text)
        if new != text:
            stale.append(path.name)
            if not check:
                path.write_text(new)
    if stale:
        print(("out of date, run `python docs/generate.py`: " if check else "written: ") + ", ".join(stale))
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
