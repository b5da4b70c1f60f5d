"""What fetching an image would give. Local files are read as the fetch reads them; others are not asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from homeostat.driver.errors import DriverError, Refused
from homeostat.models.image import UPLOADED
from homeostat.planner.actions import ImageRef
from homeostat.planner.observed import ImagePhase, ObservedImage

from ..paths import PARTIAL
from .cache import not_uploaded
from .examine import examine, verified
from .local import check_space
from .source import check_source, is_remote, local_file, shown


async def foresee_image(ref: ImageRef, path: Path, confined: Sequence[Path], own: Path) -> ObservedImage:
    """Foresees the image. ``path``: where it will be in the cache. The size of a remote image is not known, and 0; its format is
    as ``ref`` says."""
    try:
        if ref.url == UPLOADED:
            return ObservedImage(ImagePhase.FAILED, error=not_uploaded(ref))
        if is_remote(ref.url):
            check_source(ref, None, own)
            return ObservedImage(ImagePhase.READY, str(path), ref.format or "qcow2")
        source = local_file(ref, None, own, confined)
        if ref.sha256 is not None:
            await verified(ref, source)
        found = await examine(ref, source)
        await asyncio.to_thread(_check_space, ref, source, path)
    except DriverError as error:
        return ObservedImage(ImagePhase.FAILED, error=str(error), permanent=isinstance(error, Refused))
    return ObservedImage(ImagePhase.READY, str(path), found.format, found.virtual_size)


def _check_space(ref: ImageRef, source: Path, path: Path) -> None:
    folder = next(parent for parent in path.parents if parent.is_dir())  # the cache's folder may not exist yet
    size = source.stat()
    check_space(shown(ref.url), folder / f"{path.name}{PARTIAL}", min(size.st_size, size.st_blocks * 512))
