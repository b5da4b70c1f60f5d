"""``homeostat image``: files become images."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from homeostat.models.base import NAME_MAX, NAME_PATTERN

from ..access import AUTHOR, State, opened, run
from ..errors import CliError
from ..paths import NamedPath
from ..settings import CliSettings, common_options, pass_settings
from ..show.upload_progress import UploadProgress, progress_of
from ..terminal import say
from ..upload_source import SourceFile

if TYPE_CHECKING:
    from homeostat.driver.storage.images.uploads import Upload
    from homeostat.service.files.uploads import ImageUploads


@click.group()
@common_options(remote=True)
def image() -> None:
    """Upload images. `homeostat get images` lists them, `delete image NAME` removes one."""


@image.command()
@click.argument("file", type=NamedPath(exists=True, dir_okay=False, path_type=Path))
@click.argument("name", required=False)
@click.option("--sha256", metavar="HEX", help="What the file must hash to.")
@click.option("--raw", is_flag=True, help="Take the file as it is: a kernel or an initramfs.")
@click.option("--anew", is_flag=True, help="Begin from the start, whatever an earlier upload of that name left.")
@common_options(remote=True)
@pass_settings
def upload(
    settings: CliSettings,
    file: Path,
    name: str | None,
    sha256: str | None,
    raw: bool,
    anew: bool,
) -> None:
    """Upload FILE as the image NAME. Default: the file's name without its ending.

    The file is judged while it is read: its contents say what it is. An upload that was interrupted goes on where it was,
    by the same command.
    """
    named = _name(file, name)
    digest = (sha256 or "").lower().removeprefix("sha256:")
    if sha256 is not None and not re.fullmatch("[0-9a-f]{64}", digest):
        raise click.UsageError("--sha256: must be a SHA-256 in hexadecimal: 64 digits 0-9a-f")
    source = SourceFile.of(file)
    with progress_of(named, source.size) as progress:
        if settings.remote is not None:
            from ..tus_upload import upload_by_tus

            found = run(upload_by_tus(settings.remote.asked, source, named, digest, raw=raw, anew=anew, progress=progress))
        else:
            found = run(_upload_here(settings, source, named, digest, raw, anew, progress))
    say(f"image/{named} uploaded: sha256:{found}")


def _name(file: Path, given: str | None) -> str:
    suggested = re.sub("[^a-z0-9]+", "-", file.name.split(".", 1)[0].lower()).strip("-")[:NAME_MAX].strip("-")
    named = suggested if given is None else given
    if len(named) > NAME_MAX or not re.fullmatch(NAME_PATTERN, named):
        raise CliError(
            f"{named!r} can be no image's name",
            "give NAME: lower-case letters, digits and '-' (63 at most), with a letter or digit first and last",
        )
    return named


async def _upload_here(
    settings: CliSettings, file: SourceFile, name: str, sha256: str, raw: bool, anew: bool, progress: UploadProgress
) -> str:
    """Uploads into the state folder of this host, and returns the SHA-256."""
    from homeostat.service.refusals import Refusal

    async with opened(settings, create=True) as state:
        uploads = _uploads(state, settings)
        try:
            begun = await _begin(uploads, file, name, sha256, raw, anew)
            offset = uploads.arrived(begun)
            progress(offset)
            await uploads.append(begun, offset, file.read(offset, progress))
            done = await uploads.finish(begun)
        except Refusal as error:
            raise CliError(str(error)) from error
    return done.spec.source.sha256 or ""


async def _begin(uploads: ImageUploads, file: SourceFile, name: str, sha256: str, raw: bool, anew: bool) -> Upload:
    """Begins, or goes on with what the same command left."""
    earlier = await uploads.of(name)
    if earlier is not None and not anew and earlier.origin == file.origin and earlier.sha256 == sha256 and not earlier.found:
        return earlier
    if earlier is not None and (anew or earlier.origin.rsplit(":", 2)[0] == file.real):
        await uploads.discard(earlier)
    return await uploads.begin(name, file.size, sha256, "raw" if raw else "", file.origin)


def _uploads(state: State, settings: CliSettings) -> ImageUploads:
    from homeostat.accounts.actor import HOUSE
    from homeostat.service.asking import Asking
    from homeostat.service.changes import Changes
    from homeostat.service.files.uploads import ImageUploads
    from homeostat.service.kinds.images import Images
    from homeostat.store.files.last_look import listening_room, operator_listens
    from homeostat.store.files.state import StateFolder

    workspace, folder = state.workspace(settings.namespace), StateFolder.named(settings.state)
    if state.folder is None and not operator_listens(listening_room(folder.root)):
        raise CliError(
            "this state folder serves a cluster, and no operator runs on it: no host would see the file",
            "give --server URL, of an API server that shares the state folder of a host",
        )
    changes = Changes(workspace.store.index.data_version, lambda: False, 1.0)
    images = Images(Asking(replace(HOUSE, author=AUTHOR), workspace, changes, _OwnLimits(folder.root)))
    return ImageUploads(images, folder.root, 2**63)


class _OwnLimits:
    """What the owner of the state folder may do: all of it."""

    image_folders: tuple[Path, ...] = ()
    named_sources: frozenset[str] = frozenset()
    max_replicas = 0
    max_upload = 2**63
    uploads_elsewhere = ""
    max_exports = 0
    clustered = False

    def __init__(self, state: Path) -> None:
        self.state = state
