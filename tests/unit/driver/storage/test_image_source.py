"""Which places an image may come from: check_source, and what a local fetch then reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homeostat.driver.errors import DriverError, Refused
from homeostat.driver.storage import Storage, check_source
from homeostat.planner.actions import ImageRef
from homeostat.planner.observed import ImagePhase
from tests.unit.images import blob, fetch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images of mine"
    folder.mkdir()
    (folder / "disk.img").write_bytes(blob())
    return folder


def test_a_file_in_an_allowed_folder(folder: Path) -> None:
    check_source(ImageRef((folder / "disk.img").as_uri()), [folder])
    check_source(ImageRef(f"file://{folder}/disk.img"), [folder])
    check_source(ImageRef(str(folder / "disk.img")), [folder])


@pytest.mark.parametrize("url", ["file:///etc/passwd", "file:///etc/shadow", "/proc/self/mem", "/dev/vda", "/sys/kernel/notes"])
@pytest.mark.parametrize("everywhere", [True, False])
def test_files_of_the_host_are_refused(folder: Path, url: str, everywhere: bool) -> None:
    with pytest.raises(Refused):
        check_source(ImageRef(url), None if everywhere else [folder])


def test_a_way_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(blob())
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "sub").symlink_to(tmp_path)
    for name in ("link", "sub/secret", "../secret", "%2e%2e/secret"):
        with pytest.raises(Refused, match="not in a folder that images may come from"):
            check_source(ImageRef(f"file://{folder}/{name}"), [folder])


@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_told_of_what_is_outside(folder: Path, tmp_path: Path, there: bool) -> None:
    """Neither what is there, nor where a link leads: whoever asks may name files in the folder alone."""
    if there:
        (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(Refused) as caught:
        check_source(ImageRef(f"file://{tmp_path}/link"), [folder])
    assert str(caught.value) == f"image {tmp_path}/link is not in a folder that images may come from ({folder})"


def test_a_symlink_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "latest.img").symlink_to("disk.img")
    check_source(ImageRef(f"file://{folder}/latest.img"), [folder])


def test_no_folder_allowed_means_none(folder: Path) -> None:
    with pytest.raises(Refused, match="none is allowed"):
        check_source(ImageRef(f"file://{folder}/disk.img"), [])


def test_only_regular_files(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for name in ("pipe", ""):
        with pytest.raises(Refused, match="not a regular file"):
            check_source(ImageRef(f"file://{folder}/{name}"), [folder])


def test_the_operators_own_state_is_no_image(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "index.sqlite").write_bytes(blob())
    with pytest.raises(Refused, match="the operator's own file"):
        check_source(ImageRef(f"file://{state}/index.sqlite"), None, state)


def test_a_file_that_is_not_there_may_come(folder: Path) -> None:
    with pytest.raises(DriverError, match="put the file there") as caught:
        check_source(ImageRef(f"file://{folder}/none.img"), [folder])
    assert not isinstance(caught.value, Refused)


@pytest.mark.parametrize("url", ["disk.img", "ftp://host/disk.img", "file://host/disk.img", "http://", "http://[::1/x"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        check_source(ImageRef(url), None)


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "[fe80::1]", "[::ffff:169.254.169.254]"])
def test_metadata_services_are_refused(host: str) -> None:
    with pytest.raises(Refused, match="cloud metadata"):
        check_source(ImageRef(f"http://{host}/latest"), None)


async def test_a_local_file_is_copied_and_never_used_in_place(folder: Path, tmp_path: Path) -> None:
    source, state = folder / "disk.img", tmp_path / "state"
    storage = Storage(state, None, image_folders=[folder])
    ref = ImageRef(source.as_uri(), format="raw")
    found = await fetch(storage, ref, state)
    assert found.phase is ImagePhase.READY and found.path, found.error
    before = source.read_bytes()
    source.write_bytes(b"changed")
    assert Path(found.path).read_bytes() == before
    assert os.stat(found.path).st_ino != source.stat().st_ino


async def test_holes_stay_holes(folder: Path, tmp_path: Path) -> None:
    source, state = folder / "sparse.img", tmp_path / "state"
    with source.open("wb") as file:
        file.write(blob(4096))
        file.truncate(64 * 2**20)
    storage = Storage(state, None)
    found = await fetch(storage, ImageRef(str(source), format="raw"), state)
    assert found.path and found.virtual_size == 64 * 2**20
    assert os.stat(found.path).st_blocks * 512 < 2**21
    assert Path(found.path).read_bytes() == source.read_bytes()


async def test_a_refused_place_stays_unread(folder: Path, tmp_path: Path) -> None:
    storage = Storage(tmp_path / "state", None, image_folders=[folder])
    found = await fetch(storage, ImageRef("file:///etc/hostname", format="raw"), tmp_path / "state")
    assert found.phase is ImagePhase.FAILED and found.permanent
    assert "images are not read from there" in found.error


def test_a_way_that_cannot_be_followed_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As /proc/1/root of a process that is not ours to look into."""

    def closed(path: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os.path, "realpath", closed)
    with pytest.raises(Refused, match="/proc/1/root/x: Permission denied; give the path of a file"):
        check_source(ImageRef("/proc/1/root/x"), None)
