"""The TPM, which libvirt has swtpm emulate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, TpmConfig

from ..elements import Element, alias_element, alias_name, attribute, element

PARENT = "devices"
FAMILY = "tpm"


def build(config: DomainConfig) -> Iterator[Element]:
    tpm = config.tpm
    if tpm is not None:
        backend = element("backend", type_="emulator", version=tpm.version)
        yield element("tpm", None, backend, *alias_element(FAMILY, "chip"), model=tpm.model)


def parse(root: Element) -> dict[str, Any]:
    ours = (device for device in root.iterfind("devices/tpm") if alias_name(device, FAMILY))
    return {"tpm": next((TpmConfig(tpm.get("model", ""), attribute(tpm, "backend", "version") or "") for tpm in ours), None)}
