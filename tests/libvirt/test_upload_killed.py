"""An upload whose server is killed at any step ends as no upload, or as the whole image, once somebody asks how far it is; one
that finds no space loses the last part, or all of it where it came in one request."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from homeostat.driver.storage.images import uploads as files
from homeostat.service.files import uploads as service
from homeostat.service.files.uploads import ImageUploads
from homeostat.service.naming.marks import Marks
from homeostat.service.refusals import UploadRefused
from tests.rig.uploading import ImagesOfNobody


class KilledHere(BaseException):
    """What the server dies of."""


class Written(ImagesOfNobody):
    """The Images, as one folder has them."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, str] = {}

    async def check_upload(self, name: str) -> None:
        if name in self.made:
            raise UploadRefused("conflict", "it is there")

    async def uploaded(self, name: str, sha256: str, format: str, marks: Marks) -> str:
        self.made[name] = sha256
        return name


async def parts(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]


def image(path: Path) -> bytes:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "16M"], check=True)
    return path.read_bytes()


def dying(step: Callable[..., Any], before: bool) -> Callable[..., Any]:
    def killed(*arguments: Any, **more: Any) -> Any:
        if not before:
            step(*arguments, **more)
        raise KilledHere

    return killed


STEPS: list[tuple[Any, str]] = [
    (files.UploadWriter, "add"),
    (files.UploadFolder, "judged"),
    (service, "publish_image"),
    (Written, "uploaded"),
    (files.UploadFolder, "close"),
]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("where", "step"), STEPS, ids=[step for _, step in STEPS])
async def test_it_goes_on_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: Any, step: str, before: bool
) -> None:
    content, images = image(tmp_path / "disk"), Written()
    with monkeypatch.context() as patched:
        patched.setattr(where, step, dying(getattr(where, step), before) if step != "uploaded" else _dying_later(images, before))
        first = ImageUploads(images, tmp_path, 2**30)  # type: ignore[arg-type]
        upload = await first.begin("debian", len(content))
        with pytest.raises(KilledHere):
            await first.append(upload, 0, parts(content))
            await first.finish(upload)
    second = ImageUploads(images, tmp_path, 2**30)  # type: ignore[arg-type]
    found = await second.find(upload.id)
    offset = await second.offset(found)
    if offset < len(content):
        await second.append(found, offset, parts(content[offset:]))
        await second.finish(found)
    digest = hashlib.sha256(content).hexdigest()
    assert images.made == {"debian": digest}
    (kept,) = tmp_path.glob("images/*.img")
    assert kept.read_bytes() == content and not list(tmp_path.glob("*/*.partial"))
    assert await second.offset(await second.find(upload.id)) == len(content) and await second.all() == []


def _dying_later(images: Written, before: bool) -> Callable[..., Any]:
    async def killed(self: Written, name: str, sha256: str, format: str, marks: Marks) -> str:
        if not before:
            images.made[name] = sha256
        raise KilledHere

    return killed


def disk(size: int) -> bytes:
    content = bytearray(bytes(range(256)) * (size // 256))
    content[446:512] = bytes(64) + b"\x55\xaa"
    return bytes(content)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


async def test_space_that_runs_out_half_way_leaves_nothing_of_one_request(small: Path) -> None:
    uploads = ImageUploads(Written(), small, 2**40)  # type: ignore[arg-type]
    with pytest.raises(UploadRefused, match="are free in") as refused:
        await uploads.begin("large", 2**34)
    assert refused.value.why == "no_space"
    upload = await uploads.begin("large", None, whole=True)
    with pytest.raises(UploadRefused, match="no space is left") as refused:
        await uploads.append(upload, 0, parts(disk(2**22)))
    assert refused.value.why == "no_space"
    assert not [path for path in files_in(small) if path.suffix != ".server"]


async def test_space_that_runs_out_takes_the_last_part_alone(small: Path) -> None:
    uploads, content, filler = ImageUploads(Written(), small, 2**40), disk(200_000), small / "filler"  # type: ignore[arg-type]
    upload = await uploads.begin("large", len(content))
    assert await uploads.append(upload, 0, parts(content[:90_000])) == 90_000
    filler.write_bytes(bytes(80_000))
    free = os.statvfs(small).f_bavail
    with pytest.raises(UploadRefused, match=r"no space is left .* so go on from 90000") as refused:
        await uploads.append(upload, 90_000, parts(content[90_000:]))
    assert (refused.value.why, refused.value.details) == ("no_space", {"offset": 90_000})
    assert await uploads.offset(upload) == 90_000 and os.statvfs(small).f_bavail == free, "guests have what they had"
    filler.unlink()
    assert await uploads.append(upload, 90_000, parts(content[90_000:])) == len(content)
    await uploads.finish(upload)
    (kept,) = small.glob("images/*.img")
    assert kept.read_bytes() == content
