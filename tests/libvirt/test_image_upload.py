"""`homeostat image upload`, as a process over real files: into the state folder and by REST; killed, repeated, refused."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from homeostat.driver.storage.images.uploads import EXPIRES, UploadFolder
from homeostat.models.base import Key
from homeostat.models.image import Image
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from tests.libvirt.site import living
from tests.libvirt.test_images_by_name import WEB, image, qcow2, status

SLOW = "import homeostat.cli.upload_source as one; one.BLOCK = 2**16\n"  # so that a kill comes in the middle


def call(root: Path, *words: str, program: str = "") -> subprocess.Popen[str]:
    code = f"{program}from homeostat.cli.main import main; main()"
    given = ["--state", str(root / "state"), "--dir", str(root / "vms")]
    (root / "vms").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", code, "image", "upload", *words, *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said(root: Path, *words: str) -> tuple[int, str]:
    process = call(root, *words)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out


def random_qcow2(path: Path, size: int = 8 * 2**20) -> Path:
    raw = path.with_suffix(".raw")
    raw.write_bytes(os.urandom(size))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, path], check=True)
    return path


def stored(root: Path, name: str) -> Image | None:
    store = FilesStore.open(root / "vms", StateFolder.open(root / "state"))
    try:
        row = store.index.row(Key("Image", "default", name))
        found = store.resource(row) if row else None
        assert found is None or isinstance(found, Image)
        return found
    finally:
        store.close()


def test_a_file_becomes_an_image(tmp_path: Path) -> None:
    file = qcow2(tmp_path / "Debian_12.x86.qcow2")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    code, out = said(tmp_path, str(file))
    assert code == 0 and out.endswith(f"MiB\nimage/debian-12 uploaded: sha256:{digest}\n"), out
    made = stored(tmp_path, "debian-12")
    assert made is not None and made.spec.source.sha256 == digest
    code, out = said(tmp_path, str(file), "debian-12", "--sha256", "0" * 64)
    assert code == 1 and "SHA-256" in out
    (kept,) = (tmp_path / "state" / "images").glob("*.img")
    assert kept.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"<html>no</html>", "web page"), (b"", "is empty"), (b"\x1f\x8b" + bytes(2**20), "gzip archive")],
)
def test_what_is_no_image_leaves_nothing(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.img").write_bytes(content)
    code, out = said(tmp_path, str(tmp_path / "a.img"), "a")
    assert code == 1 and words in out and "Traceback" not in out
    assert stored(tmp_path, "a") is None and not list((tmp_path / "state").glob("uploads/*.*"))
    assert not list((tmp_path / "state").glob("images/*"))


def test_names_that_are_none_are_refused(tmp_path: Path) -> None:
    file = qcow2(tmp_path / "a.img")
    for name in ("..", "$(id)", "it's", "a\nb"):
        code, out = said(tmp_path, str(file), name)
        assert code == 1 and "can be no image's name" in out


def test_the_same_command_goes_on_after_a_kill(tmp_path: Path) -> None:
    file = random_qcow2(tmp_path / "a.img")
    process = call(tmp_path, str(file), "a", program=SLOW)
    assert process.stdout is not None
    for line in process.stdout:
        if "30 %" in line:
            process.kill()
            break
    process.wait()
    process.stdout.close()
    (upload,) = UploadFolder(tmp_path / "state").all()
    at = UploadFolder(tmp_path / "state").offset(upload)
    assert 2**20 <= at < file.stat().st_size
    code, out = said(tmp_path, str(file), "other-name")
    assert code == 0
    code, out = said(tmp_path, str(file), "a")
    assert code == 0 and "a: 0 %" not in out
    made = stored(tmp_path, "a")
    assert made is not None and made.spec.source.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_what_nobody_goes_on_with_expires(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    file = random_qcow2(tmp_path / "a.img")
    process = call(tmp_path, str(file), "a", program=SLOW)
    assert process.stdout is not None
    next(line for line in process.stdout if "20 %" in line)
    process.kill()
    process.wait()
    process.stdout.close()
    folder = UploadFolder(tmp_path / "state")
    (upload,) = folder.all()
    expires = folder.expires(upload)
    assert list(folder.expire(expires - 1)) == [] and folder.all()
    assert [gone.id for gone in folder.expire(expires + 1)] == [upload.id]
    assert not [path for path in folder.folder.iterdir() if path.name != "lock"] and EXPIRES == 86400


async def test_a_machine_waits_for_the_upload(tmp_path: Path) -> None:
    file = qcow2(tmp_path / "a.img")
    async with living(tmp_path) as site:
        site.write("Image", "base", {"source": {"upload": {}}})
        site.write("VirtualMachine", "web", WEB)
        site.start()
        await site.until(lambda: status(site).phase == "Pending" and status(site).users == 1, "it waits for it")
        process = call(tmp_path, str(file), "base")
        await site.until(lambda: process.poll() is not None, "it is uploaded")
        await site.until(lambda: "web" in site.domains() and status(site).phase == "Ready", "it starts")
        found = image(site)
        assert found is not None and status(site).digest == f"sha256:{found.spec.source.sha256}"
        assert status(site).virtual_size == 16 * 2**20
        process.communicate()
