"""Which images the resources name. Says whom the progress of an image concerns, and which images the host's cache must keep."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from homeostat.models.base import Key
from homeostat.planner.actions import ImageRef


class ImageUse:
    """The images that resources name. They are recorded before a resource is observed, so that none of them is given up
    meanwhile."""

    def __init__(self) -> None:
        self._named: dict[Key, tuple[str, ...]] = {}  # resource -> ImageRef.keys

    def note(self, key: Key, images: Iterable[ImageRef], also: Iterable[str] = ()) -> None:
        """Records the images that a resource names. ``also``: what else it waits for, and the host reports in the same way."""
        self._named[key] = (*(image.key for image in images), *also)

    def forget(self, key: Key) -> None:
        self._named.pop(key, None)

    def users(self, image: str) -> list[Key]:
        """Returns the resources that name the image with that ImageRef.key."""
        return [key for key, named in self._named.items() if image in named]

    def in_use(self) -> frozenset[str]:
        """Returns the ImageRef.keys of all images that are named."""
        return frozenset().union(*self._named.values())

    def knows(self, keys: Collection[Key]) -> bool:
        """Tells whether the images of all these resources are known."""
        return self._named.keys() >= set(keys)
