"""An image that cannot be had stalls its own machine with a clear message, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.homeostat import Homeostat, idle
from tests.unit.images import Answer, ImageServer, blob, serving

PAGES = {
    "/html": Answer(b"<!DOCTYPE html><html><body>Please log in</body></html>" + b" " * 4096),
    "/good": Answer(blob()),
    "/cut": Answer(blob(), cut=100_000),
}


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with serving() as server:
        server.answer = lambda path, count: PAGES.get(path, Answer(status=404))
        yield server


def test_each_says_what_is_wrong_and_the_others_go_on(homeostat: Homeostat, server: ImageServer) -> None:
    images = {
        "missing": {"url": f"{server.url}/missing"},
        "changed": {"url": f"{server.url}/good", "sha256": "0" * 64},
        "page": {"url": f"{server.url}/html"},
        "cut": {"url": f"{server.url}/cut"},
        "nowhere": {"path": str(homeostat.root / "no-such.img")},
    }
    for name, image in images.items():
        homeostat.write(f"img-{name}", idle(disks=[{"name": "root", "image": image}]))
    homeostat.write("img-none", idle())
    homeostat.start()
    homeostat.wait_ready("img-none")
    for name, words in {
        "missing": "404 Not Found; check the url",
        "changed": "0000000",
        "page": "is a web page",
    }.items():
        stalled = homeostat.wait_condition(f"img-{name}", "Stalled", "ImageFailed")
        assert words in stalled.message
        assert homeostat.status(f"img-{name}").state == "Failed"
        storage = homeostat.condition(f"img-{name}", "StorageReady")
        assert storage is not None and (storage.status, storage.reason) == ("False", "ImageFailed")
    waiting = homeostat.wait_condition("img-cut", "Reconciling", "ImageFailed")
    assert "the connection was cut" in waiting.message and "the next try begins anew" in waiting.message
    waiting = homeostat.wait_condition("img-nowhere", "Reconciling", "ImageFailed")
    assert "no-such.img: No such file or directory; put the file there, or correct the path" in waiting.message
    assert all(homeostat.state_of(f"img-{name}") == "" for name in images)

    homeostat.edit("img-changed", lambda spec: spec["disks"][0]["image"].pop("sha256"))
    homeostat.wait_ready("img-changed")
