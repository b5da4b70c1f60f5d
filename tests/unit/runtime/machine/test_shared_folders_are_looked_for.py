"""The folders that a machine shares are looked for, but none that it may not share: nobody learns of those whether they exist."""

from __future__ import annotations

from dataclasses import replace

from homeostat.planner.allowed import Allowed
from homeostat.planner.observed import RememberedActs
from homeostat.runtime.machine.images import ImageUse
from homeostat.runtime.machine.observe import observe
from tests.unit.acting_host import HOST
from tests.unit.machines import machine
from tests.unit.operating import WorldHost
from tests.unit.world import World


async def test_only_those_that_the_host_shares() -> None:
    world = World(host=replace(HOST, allowed=Allowed(folders=("/srv/a", "/srv/b"))))
    world.lost_folders |= {"/srv/a", "/etc/secret"}
    shares = [{"name": name, "path": path} for name, path in (("a", "/srv/a"), ("b", "/srv/b"), ("c", "/etc/secret"))]
    seen = await observe(machine(filesystems=shares), WorldHost(world), RememberedActs(), {}, ImageUse())
    assert seen.lost_folders == {"/srv/a"}
