"""Disks that are to be copies of each other are never made, and say so; whoever copies one of them waits for it."""

from __future__ import annotations

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.runtime.disk.circle import in_a_circle
from homeostat.runtime.engine.ports import R, Unreadable
from tests.unit.disks import disk
from tests.unit.operating import Shelf
from tests.unit.runtime.disk.test_disks_are_placed import Cluster


def copy(name: str, of: str, **spec: object) -> Disk:
    return disk(name=name, source={"diskRef": {"name": of}}, **spec)


async def said(first: Disk, *others: Disk) -> str:
    found = await in_a_circle(first, Shelf(first, *others))
    return found.message if found is not None else ""


async def test_each_of_them_names_all() -> None:
    a, b, c = copy("a", "b"), copy("b", "c"), copy("c", "a")
    assert "(Disk a of b, Disk b of c, Disk c of a)" in await said(a, b, c)
    assert "(Disk c of a, Disk a of b, Disk b of c)" in await said(c, a, b)


async def test_who_copies_one_of_them_waits_for_it() -> None:
    assert not await said(copy("d", "a"), copy("a", "b"), copy("b", "a"))


async def test_a_chain_that_ends_is_no_circle() -> None:
    assert not await said(copy("a", "b"), copy("b", "c"), disk(name="c"))
    assert not await said(copy("a", "b"), copy("b", "c"))
    assert not await said(copy("a", "b"), copy("b", "a", deleting=True))


async def test_what_cannot_be_read_is_not_judged() -> None:
    class Refused(Shelf):
        async def get(self, kind: type[R], key: Key) -> R | None:
            raise Unreadable("spec.size: must be a quantity")

    assert await in_a_circle(copy("a", "b"), Refused()) is None


async def test_in_a_cluster_too_it_is_said_before_there_is_a_host() -> None:
    cluster = Cluster(copy("a", "b"), copy("b", "a"))
    assert await cluster.where("a") == "CopiesInACircle"
    cluster.put(disk(name="b"))
    await cluster.where("b")
    assert await cluster.where("a") == "a", "it goes on once one of them is made of something else"
