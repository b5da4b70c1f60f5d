"""What everybody has is counted: uploads, and the images that they become, where they are this server's."""

from __future__ import annotations

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.charges.measures import Measure
from homeostat.accounts.rights import Right, Role
from homeostat.driver.storage.images.uploads import Upload
from homeostat.models.base import Key
from homeostat.service.charges.usage import CountedUsage
from tests.unit.serving import MIB, Served
from tests.unit.store_fixtures import Room

ALICE = Actor("session", Role.USER, "alice", frozenset(Right), (), author="alice")


@pytest.mark.parametrize("elsewhere", ["", "another server has the uploads"])
async def test_uploads_are_counted_where_they_are(room: Room, elsewhere: str) -> None:
    served = Served(room)
    alice = served.service(actor=ALICE)
    await alice.disks.make("data", {"size": "1Gi"})
    await alice.images.make("debian", {"source": {"upload": {}}})
    await alice.uploads.begin("next", 2000)
    await served.service().disks.make("nobodys", {"size": "1Gi"})
    served.allowed.uploads_elsewhere = elsewhere
    counted = await served.whole().usage()
    of_disks = {Key("Disk", "default", "data"): {Measure.DISK: 2**30}}
    of_images = {
        Key("Image", "default", "debian"): {Measure.UPLOADS: 1},
        Key("Image", "default", "next"): {Measure.UPLOADS: 1, Measure.DISK: 2000},
    }
    assert counted.found == {"alice": {**of_disks, **({} if elsewhere else of_images)}}
    others = {"VirtualMachine", "VirtualMachineDeployment", "Disk", "Snapshot"}
    assert counted.kinds == (others if elsewhere else {*others, "Image"}) and counted.namespace == "default"


async def test_what_has_no_length_counts_as_what_it_may_have(room: Room) -> None:
    served = Served(room)
    bounded = served.service(actor=ALICE).uploads
    bounded.most = 3000
    begun = await bounded.begin("bounded", None)
    await served.service(actor=ALICE).uploads.begin("any", None)

    def disk(found: CountedUsage) -> dict[str, int]:
        return {key.name: cost[Measure.DISK] for key, cost in found.found["alice"].items()}

    assert disk(await served.whole().usage()) == {"bounded": 3000, "any": 64 * MIB}
    served.allowed.max_upload = 2000  # the server began again with less
    assert disk(await served.whole().usage()) == {"bounded": 2000, "any": 2000}
    assert begun.most == 3000


async def test_uploads_that_count(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are under way, in this namespace, of an account."""
    uploads = [
        Upload("1", "default", "mine", 100, owner="alice"),
        Upload("2", "default", "nobodys", 100),
        Upload("3", "lab", "elsewhere", 100, owner="alice"),
        Upload("4", "default", "done", 100, owner="alice", done=True),
    ]
    whole = Served(room).whole()
    monkeypatch.setattr(whole._usage._uploads, "all", lambda: uploads)
    assert (await whole.usage()).found == {"alice": {Key("Image", "default", "mine"): {Measure.UPLOADS: 1, Measure.DISK: 100}}}
