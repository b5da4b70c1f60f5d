"""An Image itself: it is fetched once, says what it is and who names it, does not change, and goes with its last user."""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.image import Image, ImageState, ImageStatus
from homeostat.planner import actions as act
from homeostat.planner.observed import ImagePhase, ObservedImage
from homeostat.runtime.engine.reconciler import GONE
from homeostat.runtime.image.reconcile import IN_USE_POLL_SECONDS, ImageReconciler
from homeostat.runtime.image.refs import image_refs, users_of
from homeostat.runtime.machine.images import ImageUse
from tests.unit.fleet import deployment
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost
from tests.unit.runtime.image.test_machine_names_an_image import DEBIAN, NAMED, SHA256, WEB, going, image, why
from tests.unit.runtime.machine.test_reconcile_with_a_plugin import plugin

READY = ObservedImage(ImagePhase.READY, "/state/images/a.img", "qcow2", 2**30, size=2**20, sha256=SHA256)


def one(shelf: Shelf, host: WorldHost, images: ImageUse | None = None) -> ImageReconciler:
    return ImageReconciler(shelf, host, images or ImageUse())  # type: ignore[arg-type]


def status(shelf: Shelf) -> ImageStatus:
    found = shelf.resources[DEBIAN]
    assert isinstance(found, Image) and found.status is not None
    return found.status


async def test_it_is_fetched_once_and_says_what_it_is() -> None:
    shelf, host, moved = Shelf(image(), WEB), WorldHost(), list[bool]()
    reconciler = one(shelf, host)
    moved.append((await reconciler.reconcile(image())).moved)
    assert [type(action) for action in host.done] == [act.FetchImage] and why(shelf, DEBIAN)[0] == "ImageFetching"
    (ref,) = image_refs(image())
    host.world.images[ref.key] = ObservedImage(ImagePhase.FETCHING, fetched=21, total=50)
    moved.append((await reconciler.reconcile(shelf.resources[DEBIAN])).moved)  # type: ignore[arg-type]
    assert (status(shelf).phase, status(shelf).progress) == (ImageState.FETCHING, 42)
    host.world.images[ref.key] = READY
    moved.append((await reconciler.reconcile(shelf.resources[DEBIAN])).moved)  # type: ignore[arg-type]
    said = status(shelf)
    assert (said.phase, said.format, said.digest, said.used_by) == ("Ready", "qcow2", f"sha256:{SHA256}", ("vm/web",))
    assert (said.size, said.virtual_size, said.progress, said.users) == (2**20, 2**30, None, 1)
    assert moved == [False, True, True]  # by its phase
    assert (DEBIAN, "Ready") in shelf.told
    written = len(shelf.statuses)
    assert not (await reconciler.reconcile(shelf.resources[DEBIAN])).moved  # type: ignore[arg-type]
    assert len(shelf.statuses) == written and len(host.done) == 1


async def test_a_cd_is_told_by_its_contents() -> None:
    shelf, host = Shelf(image()), WorldHost()
    host.world.images[image_refs(image())[0].key] = replace(READY, format="raw", iso=True)
    await one(shelf, host).reconcile(image())
    assert status(shelf).format == "iso"


async def test_one_that_cannot_be_had_is_stalled_with_the_reason() -> None:
    shelf, host = Shelf(image()), WorldHost()
    broken = ObservedImage(ImagePhase.FAILED, error="image x is a web page", permanent=True)
    host.world.images[image_refs(image())[0].key] = broken
    await one(shelf, host).reconcile(image())
    assert why(shelf, DEBIAN) == ("ImageFailed", "image x is a web page") and status(shelf).phase is ImageState.FAILED
    assert (DEBIAN, "ImageFailed") in shelf.told


async def test_what_it_is_made_of_does_not_change_once_it_was_ready() -> None:
    shelf, host = Shelf(image()), WorldHost()
    reconciler = one(shelf, host)
    other = image({"url": "https://example.org/other.qcow2"})
    await reconciler.reconcile(other)
    host.world.images[image_refs(image())[0].key] = READY
    await reconciler.reconcile(image())  # it was not Ready yet: this is a correction
    assert status(shelf).phase is ImageState.READY
    host.done.clear()
    await reconciler.reconcile(other)
    reason, message = why(shelf, DEBIAN)
    assert reason == "ImageSourceChanged" and "https://example.org/debian.qcow2" in message and SHA256 in message
    assert host.done == []
    await reconciler.reconcile(image())
    assert status(shelf).phase is ImageState.READY


async def test_it_waits_for_an_upload() -> None:
    shelf, host = Shelf(image({"upload": {}})), WorldHost()
    await one(shelf, host).reconcile(image({"upload": {}}))
    assert why(shelf, DEBIAN)[0] == "ImageNotUploaded" and status(shelf).phase is ImageState.PENDING and host.done == []


async def test_it_goes_with_its_last_user() -> None:
    shelf, host, images = Shelf(going(image()), WEB), WorldHost(), ImageUse()
    reconciler = one(shelf, host, images)
    step = await reconciler.reconcile(going(image()))
    assert why(shelf, DEBIAN) == ("InUse", "used by vm/web: it goes with the last") and step.after == IN_USE_POLL_SECONDS
    assert images.in_use() and shelf.released == []
    host.image_notes["uid-debian"] = "x"
    shelf.drop(WEB.key)
    assert await reconciler.reconcile(going(image())) is GONE
    assert shelf.released == [DEBIAN] and host.image_notes["uid-debian"] == "" and (DEBIAN, "Deleted") in shelf.told
    reconciler.forget(DEBIAN)
    assert not images.in_use()


async def test_everything_that_names_it_counts() -> None:
    named = [{"name": "root", "image": NAMED}]
    fleet = deployment(template={"spec": {"disks": named}})
    booted = machine(name="booted", boot={"kernel": NAMED})
    other = machine(name="other", disks=[{"name": "root", "image": {"imageRef": {"name": "other"}}}])
    shelf = Shelf(image(), WEB, fleet, booted, other, plugin(rootfs=NAMED))
    found = await users_of(shelf, DEBIAN)  # type: ignore[arg-type]
    assert set(found) == {WEB.key, booted.key, fleet.key, plugin().key}
