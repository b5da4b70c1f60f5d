"""Hands the configuration to the commands, as defaults of their options. An option that is given wins, and its variable, too."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from .sections import Configuration, ContractSection, ContractsSection

Defaults = MutableMapping[str, Any]
"""Values by the names of a command's parameters."""


def defaults(configuration: Configuration) -> MutableMapping[str, Defaults]:
    """Returns the defaults of each command that takes some, for click's ``default_map``."""
    c = configuration
    trash = {"trash_keep": c.trash.keep}
    cluster = {"kubeconfig": c.kubernetes.kubeconfig, "context": c.kubernetes.context}
    allowed = {
        "qemu_arguments": c.allow.qemu_arguments,
        "host_devices": c.allow.host_devices,
        "share_folders": c.allow.share_folder,
    }
    hosts = {"hosts": _pairs(c.up.host), "host_labels": _pairs(c.up.host_label)}
    commands = {
        "up": {**_api(c), **hosts, **trash, **allowed, "settle": c.up.settle, "commit": c.up.commit},
        "plan": {**hosts, **allowed},
        "down": trash,
        "migrate": cluster,
        "operator": {
            **cluster,
            **trash,
            **allowed,
            "hosts": c.operator.host,
            "host_selector": ",".join(_pairs(c.operator.host_selector) or ()) or None,
            "labels": _pairs(c.operator.host_label),
            "host_files": c.operator.host_file,
            "lease_namespace": c.operator.lease_namespace,
            "health_bind": c.operator.health_bind,
            "api_address": c.operator.api_address,
            "image_folders": c.api.image_folder,
        },
    }
    return {name: _given(values) for name, values in commands.items()}


def api_defaults(configuration: Configuration) -> Defaults:
    """Returns the defaults of ``python -m homeostat_api``."""
    c = configuration
    return _given(
        {
            **_api(c),
            "directory": c.dir,
            "state": c.state,
            "namespace": c.namespace,
            "kubeconfig": c.kubernetes.kubeconfig,
            "context": c.kubernetes.context,
        }
    )


def _api(c: Configuration) -> dict[str, Any]:
    values = {name: getattr(c.api, name) for name in type(c.api).model_fields}
    several = {"image_folders": "image_folder", "allow_origins": "allow_origin", "trusted_proxies": "trusted_proxy"}
    values |= {option: values.pop(key) for option, key in several.items()}
    provider = c.accounts.oidc.model_dump_json(exclude_none=True) if c.accounts.oidc is not None else None
    accounts = {"accounts_required": c.accounts.required, "accounts_database": c.accounts.database, "accounts_oidc": provider}
    consoles = {f"consoles_{name}": getattr(c.consoles, name) for name in type(c.consoles).model_fields}
    return {**values, **accounts, **consoles, **_contracts(c.contracts)}


def _contracts(c: ContractsSection) -> dict[str, Any]:
    tables: dict[str, ContractSection | None] = {name.replace("_", "-"): getattr(c, name) for name in type(c).model_fields}
    served = {name: table.bind for name, table in tables.items() if table is not None and table.bind is not None}
    settings = c.model_dump_json(exclude_none=True) if any(tables.values()) else None
    return {"contracts": _pairs(served) if served else None, "contract_settings": settings}


def _pairs(named: Mapping[str, str] | None) -> list[str] | None:
    return None if named is None else [f"{name}={value}" for name, value in named.items()]


def _given(values: Mapping[str, Any]) -> Defaults:
    """Leaves out what is not configured. Paths become texts, as on a command line."""
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_plain, value))
    return str(value) if isinstance(value, Path) else value
