"""The corpus of hostile images: each is refused whole, by url and by upload, and nothing of it is left. The good ones pass."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from homeostat.driver.storage import Storage
from homeostat.driver.storage.formats import qemu_img
from homeostat.driver.storage.formats.header import HEAD, sniff
from homeostat.models.image import UPLOADED
from homeostat.planner.actions import ImageRef
from homeostat.planner.observed import ImagePhase
from homeostat.service.files.uploads import ImageUploads
from homeostat.service.refusals import UploadRefused
from tests.hostile_images import AS_RAW, CORPUS, cd, write_corpus
from tests.rig.uploading import ImagesOfNobody
from tests.unit.images import Answer, ImageServer, fetch

BY_ITS_TABLES = ("qcow2-corrupt", "qcow2-cut", "qcow2-noise", "qcow2-table-beyond", "vmdk-noise")
BY_ITS_HEADER = {name for name in CORPUS if not name.startswith(BY_ITS_TABLES)}


async def parts(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("name", CORPUS)
async def test_it_is_refused_by_url(server: ImageServer, storage: Storage, tmp_path: Path, name: str) -> None:
    content = CORPUS[name](tmp_path)
    server.answer = lambda path, count: Answer(content)
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img"), tmp_path)
    assert found.phase is ImagePhase.FAILED and found.permanent, found
    assert not [path for path in tmp_path.glob("images/*") if path.is_file()]


@pytest.mark.parametrize("name", CORPUS)
async def test_it_is_refused_by_upload(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content, opened = CORPUS[name](tmp_path), []
    inspect = qemu_img.inspect

    async def noted(path: Path, format: str) -> Any:
        opened.append(path)
        return await inspect(path, format)

    monkeypatch.setattr(qemu_img, "inspect", noted)
    uploads = ImageUploads(ImagesOfNobody(), tmp_path, 2**30)  # type: ignore[arg-type]
    with pytest.raises(UploadRefused) as refused:
        upload = await uploads.begin("bad", len(content))
        await uploads.append(upload, 0, parts(content, 10_000))
        await uploads.finish(upload)
    assert refused.value.why == "not_an_image", refused.value
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"]
    assert not opened or name not in BY_ITS_HEADER, "its header said enough: qemu-img need not see it"


@pytest.mark.parametrize("name", AS_RAW)
async def test_raw_does_not_make_it_harmless(server: ImageServer, storage: Storage, tmp_path: Path, name: str) -> None:
    content = CORPUS[name](tmp_path)
    server.answer = lambda path, count: Answer(content)
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img", format="raw"), tmp_path)
    assert found.phase is ImagePhase.FAILED and "leave format out" in found.error


def test_a_script_writes_them(tmp_path: Path) -> None:
    assert {path.stem for path in write_corpus(tmp_path / "all")} == CORPUS.keys()


@pytest.mark.parametrize(
    "options",
    [
        ["-f", "qcow2"],
        ["-f", "qcow2", "-o", "compat=0.10"],
        ["-f", "qcow2", "-o", "cluster_size=512"],
        ["-f", "qcow2", "-o", "cluster_size=2M,extended_l2=on,compression_type=zstd"],
        ["-f", "vmdk"],
        ["-f", "vmdk", "-o", "subformat=streamOptimized"],
    ],
)
async def test_what_qemu_img_makes_is_taken(server: ImageServer, storage: Storage, tmp_path: Path, options: list[str]) -> None:
    raw, path = tmp_path / "raw", tmp_path / "good"
    raw.write_bytes(b"hello".ljust(4 * 2**20, b"\1"))
    subprocess.run(["qemu-img", "convert", "-f", "raw", raw, "-O", options[1], *options[2:], path], check=True)
    server.answer = lambda asked, count: Answer(path.read_bytes())
    found = await fetch(storage, ImageRef(f"{server.url}/disk.img"), tmp_path)
    assert (found.phase, found.format, found.virtual_size) == (ImagePhase.READY, options[1], 4 * 2**20), found.error


def test_a_disk_of_many_snapshots_and_a_hybrid_cd_are_taken(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "16M"], check=True)
    for number in range(3):
        subprocess.run(["qemu-img", "snapshot", "-c", f"s{number}", disk], check=True)
    content = disk.read_bytes()
    assert sniff(content[:HEAD], len(content)).problem == ""
    hybrid = bytearray(cd())
    hybrid[510:512] = b"\x55\xaa"
    assert (found := sniff(bytes(hybrid[:HEAD]), len(hybrid))).format == "iso" and not found.problem
    assert ImageRef(UPLOADED, "0" * 64).label.endswith("(uploaded)")
