"""libvirt gives kernel and initramfs to QEMU's user, whatever a definition says: so each machine has copies of its own."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.errors import Refused
from homeostat.driver.storage.boots import copy_boot
from homeostat.driver.storage.paths import Rooms
from homeostat.driver.xml import build_domain, parse_domain
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import CopyBoot, DefineDomain, StartDomain
from homeostat.planner.domain import KernelBoot
from tests.unit.driving import Operator
from tests.unit.images import blob
from tests.unit.machines import changed, machine
from tests.unit.world import HOST, ROOT, World

BOOT = {"kernel": {"url": "https://example.org/vmlinuz"}, "initramfs": {"url": "https://example.org/initrd"}}
FOLDER = f"{ROOT}/machines/default/web"


def up(relabels: bool, **spec: object) -> tuple[World, Operator, VirtualMachine]:
    world, vm = World(host=replace(HOST, relabels=relabels)), machine(boot=BOOT, **spec)
    operator = Operator(world)
    operator.settle(vm)
    return world, operator, vm


def kernel_of(world: World) -> KernelBoot:
    assert world.domain and world.domain.config and world.domain.config.kernel
    return world.domain.config.kernel


def test_security_2_they_are_copied_before_it_is_defined() -> None:
    world, operator, _ = up(relabels=True)
    kinds = [type(action) for action in operator.done]
    copies = [action for action in operator.done if isinstance(action, CopyBoot)]
    assert len(copies) == 2 and all(action.path.startswith(f"{FOLDER}/boot-") for action in copies)
    assert kinds.index(CopyBoot) < kinds.index(DefineDomain) < kinds.index(StartDomain)
    boot = kernel_of(world)
    assert {boot.given(boot.kernel), boot.given(boot.initramfs or "")} != {boot.kernel, boot.initramfs}


def test_where_libvirt_gives_nothing_away_nothing_is_copied() -> None:
    world, operator, _ = up(relabels=False)
    assert not any(isinstance(action, CopyBoot) for action in operator.done)
    assert kernel_of(world).given("/x") == "/x"


def test_the_definition_names_the_copies_and_is_read_as_naming_the_images() -> None:
    world, _, _ = up(relabels=True)
    assert world.domain and world.domain.config
    config = replace(world.domain.config, kernel=KernelBoot(f"{ROOT}/images/a.img", f"{ROOT}/images/b.img", "quiet", FOLDER))
    text = build_domain(config, None)
    assert f"<kernel>{FOLDER}/boot-a.img</kernel>" in text and f"<initrd>{FOLDER}/boot-b.img</initrd>" in text
    read = parse_domain(text).kernel
    assert read is not None
    assert read.with_images(ROOT) == config.kernel and read.with_images(ROOT).copies == FOLDER


@pytest.mark.parametrize("kernel", ["/boot/vmlinuz", "/srv/boot-1.img", f"{ROOT}/images/a.img", f"{ROOT}/machines/a/b/vmlinuz"])
def test_other_kernels_are_read_as_they_are(kernel: str) -> None:
    boot = KernelBoot(kernel, "/srv/initrd")
    assert boot.with_images(ROOT).kernel == kernel and boot.with_images(ROOT).copies is None


@pytest.mark.parametrize("policy", [{}, {"updatePolicy": "Immediate"}, {"driftPolicy": "Report"}])
def test_definitions_of_earlier_versions_get_copies_without_a_restart(policy: dict[str, str]) -> None:
    world, operator, vm = up(relabels=True, **policy)
    domain = world.domain
    assert domain and domain.config and domain.live
    old = replace(kernel_of(world), copies=None)
    domain.config, domain.live = replace(domain.config, kernel=old), replace(domain.live, kernel=old)
    world.seeds.clear()
    operator.done.clear()
    operator.settle(vm)
    assert [type(action) for action in operator.done] == [CopyBoot, CopyBoot, DefineDomain]
    assert kernel_of(world).copies == FOLDER


def test_another_kernel_is_another_copy() -> None:
    _, operator, vm = up(relabels=True)
    operator.done.clear()
    operator.settle(changed(vm, boot={**BOOT, "kernel": {"url": "https://example.org/newer"}}))
    (copy,) = [action for action in operator.done if isinstance(action, CopyBoot)]
    assert copy.path in copy.keep and len(copy.keep) == 3, "that of the definition stays until there is another"


def test_copies_are_whole_and_few(tmp_path: Path) -> None:
    rooms = Rooms(tmp_path, None)
    rooms.ensure(rooms.images)
    image, folder = rooms.images / "a.img", rooms.machines / "default" / "web"
    image.write_bytes(blob())
    image.chmod(0o444)
    path = str(folder / "boot-a.img")
    for _ in range(2):
        copy_boot(rooms, CopyBoot(path, str(image), "test", (path,)))
    (folder / "boot-old.img").write_bytes(b"old")
    (folder / "boot-kept.img").write_bytes(b"kept")
    Path(path).unlink()
    copy_boot(rooms, CopyBoot(path, str(image), "test", (path, str(folder / "boot-kept.img"))))
    assert sorted(found.name for found in folder.iterdir()) == ["boot-a.img", "boot-kept.img"]
    assert Path(path).read_bytes() == blob() and stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    with pytest.raises(Refused):
        copy_boot(rooms, CopyBoot(path, "/etc/hostname", "test"))
