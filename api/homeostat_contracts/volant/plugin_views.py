"""From plugins to the contract's words: the manifest they were installed from."""

from __future__ import annotations

from typing import Any

from homeostat.models.condition import find_condition
from homeostat.models.image_source import ImageSource
from homeostat.models.outside import redacted
from homeostat.models.plugin import Plugin, Workload

from .machine_views import runtime, sizes


def detail(plugin: Plugin) -> dict[str, Any]:
    spec = plugin.spec
    shown = {
        "name": plugin.metadata.name,
        "version": spec.version,
        "description": spec.description,
        "enabled": spec.enabled,
        "workload": _workload(spec.workload),
        "runtime": runtime(plugin.metadata.name, spec.labels),
        "resources": {"vcpu": spec.resources.vcpu, **sizes(spec.resources)},
        "rootfs": _image(spec.rootfs),
        "kernel": _image(spec.kernel),
        "initramfs": _image(spec.initramfs),
        "cmdline": spec.cmdline,
        "labels": dict(spec.labels) or None,
        "openapi": spec.openapi,
        "images": _images(plugin),
    }
    return {
        **{name: value for name, value in shown.items() if value is not None},
        "installed_at": plugin.metadata.creation_timestamp,
    }


def _workload(workload: Workload) -> dict[str, Any]:
    shown = {
        "type": workload.type.value,
        "port": workload.port,
        "base_url": workload.base_url,
        "entrypoint": list(workload.entrypoint) or None,
        "env": dict(workload.env) or None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _image(source: ImageSource | None) -> dict[str, Any] | None:
    if source is None:
        return None
    if source.image_ref is not None:
        return {"url": f"image:{source.image_ref.name}"}
    shown = {
        "format": source.format.value if source.format else None,
        "url": redacted(source.url) if source.url else f"file://{source.path}",
        "checksum": f"sha256:{source.sha256}" if source.sha256 else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _images(plugin: Plugin) -> dict[str, Any] | None:
    found = find_condition(plugin.status.conditions, "ImagesReady") if plugin.status else None
    if found is None:
        return None
    return {"ready": found.status == "True", "reason": found.reason, "message": found.message}
