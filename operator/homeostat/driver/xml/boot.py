"""Machine type, firmware, and booting a kernel directly. The order of devices is on the devices themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from homeostat.planner.domain import DomainConfig, KernelBoot

from . import smbios
from .elements import Element, attribute, element, text_of

PARENT = "domain"


def build(config: DomainConfig) -> Iterator[Element]:
    made = element("os", firmware="efi" if config.uefi else None)
    made.append(element("type", "hvm", arch="x86_64", machine=config.machine))
    if config.uefi:
        # libvirt picks the image and makes the variables file. Only enrolled keys make secure boot secure.
        secure = "yes" if config.secure_boot else "no"
        made.append(
            element(
                "firmware",
                None,
                element("feature", enabled=secure, name="enrolled-keys"),
                element("feature", enabled=secure, name="secure-boot"),
            )
        )
        if config.secure_boot:
            made.append(element("loader", secure="yes"))
    if config.kernel is not None:
        made.append(element("kernel", config.kernel.given(config.kernel.kernel)))
        if config.kernel.initramfs is not None:
            made.append(element("initrd", config.kernel.given(config.kernel.initramfs)))
        if config.kernel.cmdline is not None:
            made.append(element("cmdline", config.kernel.cmdline))
    if smbios.has_entries(config):
        made.append(element("smbios", mode="sysinfo"))
    yield made


def parse(root: Element) -> dict[str, Any]:
    os = root.find("os")
    if os is None:
        return {"machine": ""}
    loader = attribute(os, "loader", "type")
    kernel = text_of(os, "kernel")
    return {
        "machine": attribute(os, "type", "machine") or "",
        "uefi": os.get("firmware") == "efi" or loader == "pflash",
        "secure_boot": attribute(os, "firmware/feature[@name='secure-boot']", "enabled") == "yes"
        or attribute(os, "loader", "secure") == "yes",
        "kernel": KernelBoot(kernel, text_of(os, "initrd"), text_of(os, "cmdline")) if kernel else None,
    }
