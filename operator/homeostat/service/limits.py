"""What requests may name and ask for on this server."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol


class ServerLimits(Protocol):
    """The limits that this server was started with."""

    @property
    def state(self) -> Path:
        """Returns the operator's state folder. No request may name a file in it."""

    @property
    def image_folders(self) -> tuple[Path, ...]:
        """Returns the folders whose files a request may name."""

    @property
    def named_sources(self) -> Collection[str]:
        """Returns the files and addresses of images that the server's owner named himself."""

    @property
    def max_replicas(self) -> int:
        """Returns the most replicas that one deployment may have."""

    @property
    def max_upload(self) -> int:
        """Returns the bytes of the largest file that may be uploaded."""

    @property
    def uploads_elsewhere(self) -> str:
        """Says why a file that was uploaded here would be of no use; empty: it is of use."""

    @property
    def max_exports(self) -> int:
        """Returns how many copies of disks may be made and sent at once."""

    @property
    def clustered(self) -> bool:
        """Tells whether the resources are a cluster's."""
