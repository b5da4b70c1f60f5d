"""Base images: what one is, and that it is fetched."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from homeostat.models.image import UPLOADED


def file_name(key: str) -> str:
    """Returns the name of an image's file in the cache. ``key``: its ImageRef.key."""
    return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.img"


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A base image: where it comes from, and what its hash must be."""

    url: str  # http, https or file
    sha256: str | None = None
    format: str | None = None  # raw | qcow2 | vmdk | iso; None: detect
    known_as: str = field(default="", compare=False)  # the Image that stands for it, for messages

    @property
    def label(self) -> str:
        """How people know it."""
        if self.url == UPLOADED:
            return f"{self.known_as or self.sha256} (uploaded)"
        return f"{self.known_as} ({self.url})" if self.known_as else self.url

    @property
    def key(self) -> str:
        return f"{self.url}#{self.sha256 or ''}#{self.format or ''}"

    @property
    def file_name(self) -> str:
        """The name of its file in the cache."""
        return file_name(self.key)


@dataclass(frozen=True, slots=True)
class FetchImage:
    """Starts to fetch an image into the cache. The fetch goes on in the background."""

    image: ImageRef
    reason: str
