"""Which images the resources name: whom the progress of one concerns, and which of them the host's cache has to keep."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from homeostat.models.base import Key
from homeostat.planner.actions import ImageRef


class ImageUse:
    """Noted before a resource's images are looked at, so that none that was seen there is given up meanwhile."""

    def __init__(self) -> None:
        self._named: dict[Key, frozenset[str]] = {}  # resource -> ImageRef.keys

    def note(self, key: Key, images: Iterable[ImageRef]) -> None:
        self._named[key] = frozenset(image.key for image in images)

    def forget(self, key: Key) -> None:
        self._named.pop(key, None)

    def users(self, image: str) -> list[Key]:
        """The resources that name the image with that ImageRef.key."""
        return [key for key, named in self._named.items() if image in named]

    def in_use(self) -> frozenset[str]:
        """ImageRef.keys."""
        return frozenset().union(*self._named.values())

    def knows(self, keys: Collection[Key]) -> bool:
        """Whether the images of all these resources are known."""
        return self._named.keys() >= set(keys)
