"""A kernel that is booted from its copy in the machine's folder is recognised as the image that it was copied from."""

from __future__ import annotations

import pytest

from homeostat.planner.domain import BOOT_COPY, KernelBoot

FOLDER = "/state/machines/default/web"
IMAGE, INITRD = "/state/images/vmlinuz", "/state/images/initrd"


@pytest.mark.parametrize("initramfs", [None, INITRD])
def test_there_and_back(initramfs: str | None) -> None:
    boot = KernelBoot(IMAGE, initramfs, "quiet", FOLDER)
    defined = KernelBoot(boot.given(IMAGE), boot.given(initramfs) if initramfs else None, "quiet")
    assert defined.kernel == f"{FOLDER}/{BOOT_COPY}vmlinuz"
    assert defined.with_images("/state") == boot


@pytest.mark.parametrize(
    "kernel",
    [
        KernelBoot(IMAGE, INITRD, ""),
        KernelBoot(f"{FOLDER}/vmlinuz", None, ""),
        KernelBoot(f"/elsewhere/{BOOT_COPY}vmlinuz", None, ""),
        KernelBoot(f"{FOLDER}/{BOOT_COPY}vmlinuz", INITRD, ""),
        KernelBoot(f"{FOLDER}/{BOOT_COPY}vmlinuz", f"/state/machines/default/db/{BOOT_COPY}initrd", ""),
    ],
)
def test_what_is_no_copy_of_ours_stays_as_it_is(kernel: KernelBoot) -> None:
    assert kernel.with_images("/state") == kernel
