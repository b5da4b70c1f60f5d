"""A file is checked on the descriptor that is read: what is put in its place meanwhile, or while it waits, is not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from homeostat.driver.errors import Refused
from homeostat.driver.storage import Storage, check_source
from homeostat.driver.storage import secret as secrets
from homeostat.driver.storage.images import source
from homeostat.driver.storage.images.source import open_local
from homeostat.driver.storage.secret import check_secret, read_secret
from homeostat.planner.actions import ImageRef
from homeostat.planner.observed import ImagePhase
from tests.unit.images import blob, fetch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed" / "below"
    folder.mkdir(parents=True)
    (folder / "disk.img").write_bytes(blob())
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "disk.img").write_bytes(b"secret" * 1000)
    return folder


def file_by_link(folder: Path) -> None:
    (folder / "disk.img").unlink()
    (folder / "disk.img").symlink_to(folder.parents[1] / "elsewhere" / "disk.img")


def folder_by_link(folder: Path) -> None:
    folder.rename(folder.with_name("was"))
    folder.symlink_to(folder.parents[1] / "elsewhere")


def by_a_pipe(folder: Path) -> None:
    (folder / "disk.img").unlink()
    os.mkfifo(folder / "disk.img")


def by_a_folder(folder: Path) -> None:
    (folder / "disk.img").unlink()
    (folder / "disk.img").mkdir()


@pytest.mark.parametrize("swap", [file_by_link, folder_by_link, by_a_pipe, by_a_folder])
def test_security_10_what_is_swapped_after_the_check_is_not_read(folder: Path, swap: Callable[[Path], None]) -> None:
    real = source.local_file

    def check_then_swap(*arguments: object) -> Path:
        found = real(*arguments)  # type: ignore[arg-type]
        swap(folder)
        return found

    with patch.object(source, "local_file", check_then_swap), pytest.raises(Refused, match="was replaced"):
        open_local(ImageRef(str(folder / "disk.img")), (), None)


def test_nothing_stays_open(folder: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    os.close(open_local(ImageRef(str(folder / "disk.img")), (), None))
    file_by_link(folder)
    with pytest.raises(Refused):
        open_local(ImageRef(str(folder / "disk.img")), [folder], None)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("swap", [file_by_link, folder_by_link])
async def test_security_10_what_a_request_named_leads_nowhere_else_later(
    folder: Path, tmp_path: Path, swap: Callable[[Path], None]
) -> None:
    """The API checked it, and wrote the spec; the operator reads it from there, with the link that came meanwhile."""
    ref, allowed = ImageRef(str(folder / "disk.img"), format="raw"), [folder.parent]
    check_source(ref, allowed)
    swap(folder)
    storage = Storage(tmp_path / "state", None, image_folders=allowed)
    found = await fetch(storage, ref, tmp_path / "state")
    assert found.phase is ImagePhase.FAILED and "not in a folder that images may come from" in found.error
    assert not list(tmp_path.glob("state/images/*"))


async def test_other_folders_are_the_yaml_authors_own(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "link.img").symlink_to(folder / "disk.img")
    storage = Storage(tmp_path / "state", None, image_folders=[folder.parent])
    found = await fetch(storage, ImageRef(str(tmp_path / "elsewhere" / "link.img"), format="raw"), tmp_path / "state")
    assert found.phase is ImagePhase.READY, found.error


def test_security_10_a_request_names_a_file_by_the_folder_itself(folder: Path, tmp_path: Path) -> None:
    """By a way that somebody else may point elsewhere, nothing."""
    (tmp_path / "way").symlink_to(folder)
    for named in (f"{tmp_path}/way/disk.img", f"{folder}/../../way/disk.img"):
        with pytest.raises(Refused, match="not in a folder that images may come from"):
            check_source(ImageRef(named), [folder.parent])
    check_source(ImageRef(f"{folder}/../below/disk.img"), [folder.parent])


@pytest.fixture
def secret(folder: Path) -> Path:
    for path in (folder / "disk.img", folder.parents[1] / "elsewhere" / "disk.img"):
        path.write_text("a secret\n")
        path.chmod(0o600)
    return folder / "disk.img"


@pytest.mark.parametrize("swap", [file_by_link, folder_by_link])
def test_security_10_nor_does_a_password_file(secret: Path, tmp_path: Path, swap: Callable[[Path], None]) -> None:
    allowed = [tmp_path / "allowed"]
    check_secret(str(secret), allowed, tmp_path / "state")
    assert Storage(tmp_path / "state", None, image_folders=allowed).secret(str(secret)) is not None
    swap(secret.parent)
    assert Storage(tmp_path / "state", None, image_folders=allowed).secret(str(secret)) is None
    assert read_secret(str(secret)) is not None, "where requests may name nothing, links are the YAML author's own"


@pytest.mark.parametrize("swap", [file_by_link, folder_by_link, by_a_pipe, by_a_folder])
def test_security_10_a_password_file_that_is_swapped_after_the_check_is_not_read(
    secret: Path, swap: Callable[[Path], None]
) -> None:
    def check_then_swap(*arguments: object, **others: object) -> Path:
        swap(secret.parent)
        return secret

    with patch.object(secrets, "resolve", check_then_swap):
        assert read_secret(str(secret)) is None


def test_a_link_within_a_folder_that_is_allowed_is_followed(secret: Path, tmp_path: Path) -> None:
    (tmp_path / "allowed" / "current").symlink_to("below")
    named = str(tmp_path / "allowed" / "current" / secret.name)
    check_secret(named, [tmp_path / "allowed"], tmp_path / "state")
    assert read_secret(named, [tmp_path / "allowed"]) is not None


def test_the_operators_own_files_are_no_requests_passwords(secret: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="operator's own file"):
        check_secret(str(secret), [tmp_path], tmp_path / "allowed")


@pytest.mark.parametrize("named", ["disk.img", "../disk.img", "", "~/disk.img"])
def test_a_relative_password_file_means_another_file_to_each_reader(
    secret: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(secret.parent)
    with pytest.raises(Refused, match="absolute path"):
        check_secret(named, [secret.parent], secret.parent / "state")
