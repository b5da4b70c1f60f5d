"""A domain that was defined while the state folder was reached by a link has the same files, and is not defined again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from homeostat.planner.domain import KernelBoot
from homeostat.planner.observed import ObservedDomain
from homeostat.runtime.machine.observe import by_real_paths
from tests.unit.machines import IMAGE, running


def domain() -> ObservedDomain:
    world, operator, vm = running(disks=[{"name": "root", "image": IMAGE}, {"name": "data", "size": "1Gi"}])
    found = world.observe(vm, operator.memory).domain
    assert found is not None and found.config is not None and found.live is not None
    return found


DOMAIN = domain()


def reached(by: str, which: str = "both") -> ObservedDomain:
    """Returns the domain with its state folder reached by a path. ``which``: of its definitions."""

    def through(config: Any) -> Any:
        disks = tuple(replace(disk, source=disk.source and disk.source.replace("/state", by)) for disk in config.disks)
        kernel = KernelBoot(f"{by}/images/k", f"{by}/images/i")
        return replace(config, disks=disks, console_log=f"{by}/machines/default/web/console.log", kernel=kernel)

    other = through(DOMAIN.config), through(DOMAIN.live)
    return replace(DOMAIN, config=other[0], live=other[1])


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / "real" / "machines" / "default" / "web").mkdir(parents=True)
    (tmp_path / "real" / "images").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    return str(tmp_path / "real")


@pytest.mark.parametrize("which", [{"config", "live"}, {"config"}, {"live"}])
def test_what_leads_through_a_link_is_the_same_file(root: str, which: set[str]) -> None:
    real, linked = reached(root), reached(root.removesuffix("real") + "link")
    mixed = replace(real, **{name: getattr(linked, name) for name in which})
    settled = by_real_paths(mixed, root)
    assert settled.config is not None and settled.config.kernel is not None and real.config is not None
    assert [disk.source for disk in settled.config.disks] == [disk.source for disk in real.config.disks]
    assert settled.config.kernel.kernel == f"{root}/images/k" and settled.config.kernel.initramfs == f"{root}/images/i"
    assert settled.live is not None and settled.live.console_log == f"{root}/machines/default/web/console.log"
    assert "live" in which or settled.live is mixed.live
    assert "config" in which or settled.config is mixed.config


def test_what_has_real_paths_is_left_as_it_is(root: str) -> None:
    for there in (reached(root), reached("/elsewhere")):
        assert by_real_paths(there, root) is there
    linked = reached(root.removesuffix("real") + "link")
    assert by_real_paths(linked, "") is linked, "nobody knows the state folder"
    off = replace(reached(root), live=None, config=None)
    assert by_real_paths(off, root) is off
