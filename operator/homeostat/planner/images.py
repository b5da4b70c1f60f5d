"""What the names of Images stand for in a machine's spec. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from homeostat.models.condition import STALLED, find_condition
from homeostat.models.image import UPLOADED, Image, ImageOrigin, boot_sources, disk_sources
from homeostat.models.image_source import ImageFormat, ImageSource, NamedImage
from homeostat.models.machine import VirtualMachine
from homeostat.models.outside import redacted

from .plan import Stalled, Waiting

CHANGED = "ImageSourceChanged"
NOT_FOUND, NOT_UPLOADED, NOT_RAW, GOES = "ImageNotFound", "ImageNotUploaded", "ImageNotRaw", "ImageBeingDeleted"
INVALID = "ImageInvalid"
REFUSALS = frozenset({CHANGED, NOT_FOUND, NOT_UPLOADED, NOT_RAW, GOES, INVALID})
"""The reasons for which a machine has no file yet that an Image of its stands for."""


def source_of(image: Image) -> ImageSource:
    """Returns the file that an Image stands for. It has the Image's name beside it, for messages."""
    origin = image.spec.source
    return ImageSource.model_construct(
        url=UPLOADED if origin.upload is not None else origin.url,
        path=origin.path,
        sha256=origin.sha256,
        format=image.spec.format,
        image_ref=NamedImage(name=image.metadata.name),
    )


def awaits_upload(origin: ImageOrigin) -> bool:
    """Tells whether nothing was uploaded yet: whatever is, its SHA-256 is written into the spec."""
    return origin.upload is not None and origin.sha256 is None


def made_of_another(noted: str) -> str:
    """Says that an Image names another file by now. ``noted``: the ImageRef.key of the one that it stands for."""
    url, _, rest = noted.rpartition("#")[0].rpartition("#")
    was = f"{'an upload' if url == UPLOADED else redacted(url)}{f' with sha256 {rest}' if rest else ''}"
    return (
        f"spec.source: it was Ready as {was}, and what an image is made of does not change: disks are built on it. Restore that, "
        "and give the other file an Image of its own"
    )


def unobtainable(image: Image, keys: Collection[str], noted: str) -> Waiting | Stalled | None:
    """Says why an Image stands for no file; None: it does. ``keys``: the ImageRef.key of the file that it names, none while
    nothing was uploaded. ``noted``: that of the file which it stood for before; empty: of none."""
    if not keys:
        return Waiting(NOT_UPLOADED, f"nothing was uploaded yet: homeostat image upload FILE {image.metadata.name}")
    return Stalled(CHANGED, made_of_another(noted)) if noted and noted not in keys else None


def with_images(machine: VirtualMachine, images: Mapping[str, Image | str]) -> VirtualMachine:
    """Returns the machine with the files that its Images stand for. What is not known, or not uploaded yet, stays a name."""

    def file_of(source: ImageSource | None) -> ImageSource | None:
        found = images.get(source.image_ref.name) if source is not None and source.image_ref is not None else None
        known = isinstance(found, Image) and not awaits_upload(found.spec.source)
        return source_of(found) if isinstance(found, Image) and known else source

    return _with_sources(machine, file_of)


def with_names(machine: VirtualMachine) -> VirtualMachine:
    """Returns the machine with the name of each Image in place of its file: enough to see where two specs differ."""

    def name_of(source: ImageSource | None) -> ImageSource | None:
        if source is None or source.image_ref is None or not source.is_open:
            return source
        return ImageSource.model_construct(url=f"image:{source.image_ref.name}", image_ref=source.image_ref)

    return _with_sources(machine, name_of)


def _with_sources(machine: VirtualMachine, file_of: Callable[[ImageSource | None], ImageSource | None]) -> VirtualMachine:
    spec, boot = machine.spec, machine.spec.boot
    booted = boot.model_copy(update={"kernel": file_of(boot.kernel), "initramfs": file_of(boot.initramfs)})
    disks = tuple(disk.model_copy(update={"image": file_of(disk.image)}) if disk.image else disk for disk in spec.disks)
    return machine.model_copy(update={"spec": spec.model_copy(update={"boot": booted, "disks": disks})})


def _was_another(image: Image) -> bool:
    """Tells whether its own reconcile found that it names another file by now."""
    stalled = find_condition(image.status.conditions, STALLED) if image.status is not None else None
    return stalled is not None and stalled.reason == CHANGED


def missing_image(machine: VirtualMachine, images: Mapping[str, Image | str], new: bool) -> Waiting | Stalled | None:
    """Says which of its Images cannot be used, and why; None: all can. ``images``: by name, or what is wrong (empty: there is
    none). ``new``: it has no domain yet."""
    booted = boot_sources(machine.spec)
    for source in (*booted, *disk_sources(machine.spec)):
        if source.image_ref is None:
            continue
        name = source.image_ref.name
        image = images.get(name, "")
        if isinstance(image, str):
            namespace = machine.metadata.namespace
            why = image or f"there is no image {name!r} in namespace {namespace}: add it, or name another"
            return Stalled(INVALID if image else NOT_FOUND, f"imageRef: {why}")
        if new and image.deleting and not machine.deleting:
            return Stalled(GOES, f"imageRef: image {name!r} is being deleted: name another")
        if new and _was_another(image):
            return Stalled(
                CHANGED, f"imageRef: image {name!r} names another file than before: see `homeostat describe image {name}`"
            )
        if awaits_upload(image.spec.source):
            return Waiting(NOT_UPLOADED, f"image {name!r} is not uploaded yet: homeostat image upload FILE {name}")
        if source in booted and image.spec.format is not ImageFormat.RAW:
            return Stalled(
                NOT_RAW, f"boot: image {name!r} is taken for a disk; a kernel or an initramfs needs an Image with format: raw"
            )
    return None
