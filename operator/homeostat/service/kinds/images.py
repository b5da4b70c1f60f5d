"""The Images, and which resources name them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from homeostat.driver.storage.paths import IMAGES
from homeostat.models.base import Key
from homeostat.models.condition import READY, holds
from homeostat.models.image import Image, ImageState
from homeostat.planner.images import awaits_upload
from homeostat.runtime.image.refs import image_refs, users_of

from ..asking import Asking
from ..naming.marks import NO_MARKS, Marks
from ..naming.names import check_name
from ..refusals import BeingDeleted, InUse, UploadRefused
from .collection import Collection


class Images(Collection[Image]):
    """The Images of one namespace."""

    def __init__(self, asking: Asking) -> None:
        super().__init__(asking, Image)

    async def users(self, name: str) -> Sequence[Key]:
        """Returns the keys of the machines, deployments and plugins that name the Image."""
        return await users_of(self.store, self.key(name))

    async def delete(self, resource: Image, force: bool = False) -> None:
        """Deletes an Image.

        Raises:
            InUse: machines, deployments or plugins name it.
        """
        async with self.asking.turn:  # nobody names it meanwhile
            if users := await self.users(resource.metadata.name):
                raise InUse(resource.metadata.name, users, Image, await self.asking.visible(users))
            await super().delete(resource, force)

    async def check_upload(self, name: str) -> None:
        """Checks that a file may be uploaded for that name.

        Raises:
            BeingDeleted: the Image is being deleted.
            UploadRefused: it is there already, or is no upload.
            AlreadyExists: the name is, or was, another's.
        """
        found = await self.find(name)
        if found is None:
            await check_name(self.asking, self.key(name))
            return
        if found.deleting:
            raise BeingDeleted(Image, name)
        if found.spec.source.upload is None:
            raise UploadRefused("conflict", f"the image {name} is not an upload: it comes from what its spec.source names")
        if holds(found.status, READY):
            raise UploadRefused("conflict", f"the image {name} is there already, and does not change: give another name")

    async def looked_at(self, made: Image, seconds: float) -> Image:
        """Returns an Image once an operator has looked at its file; as it is by then, where none has in time."""

        def is_looked_at(now: Image | None) -> bool:
            return now is None or (now.status is not None and now.status.phase in (ImageState.READY, ImageState.FAILED))

        _, found = await self.wait(made.metadata.name, is_looked_at, seconds)
        return found or made

    async def has_file(self, image: Image) -> bool:
        """Tells whether the file of an uploaded Image is there. In a cluster it is with an operator, which finds out."""
        limits = self.asking.limits
        if limits.clustered:
            return True
        files = [limits.state / IMAGES / ref.file_name for ref in image_refs(image)]
        return bool(files) and all([await asyncio.to_thread(file.is_file) for file in files])

    async def is_file_of_any(self, file: str) -> bool:
        """Tells whether an Image of any namespace stands for that file of the cache."""
        return any(ref.file_name == file for image in await self.store.list(Image) for ref in image_refs(image))

    async def uploaded(self, name: str, sha256: str, format: str, marks: Marks = NO_MARKS) -> Image:
        """Writes down what was uploaded for a name, and returns its Image. ``marks``: those of a new one.

        Raises:
            UploadRefused: the Image asks for another file.
            StoreError: see ``create`` and ``patch``.
        """
        found = await self.find(name)
        if found is None:
            spec = {"source": {"upload": {}, "sha256": sha256}, **({"format": format} if format else {})}
            return await self.make(name, spec, marks=marks)
        if found.spec.source.upload is None or (found.spec.source.sha256 not in (None, sha256)):
            asked = found.spec.source.sha256 or "what its url names"
            raise UploadRefused("checksum", f"the image {name} asks for another file: its SHA-256 is {sha256}, not {asked}")
        return await self.patch(found, {"spec": {"source": {"sha256": sha256}}}) if awaits_upload(found.spec.source) else found
