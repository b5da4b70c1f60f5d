"""The files a disk lies in are read from their headers: bounded, by whatever name, and never waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homeostat.driver.storage.disks.chains import DEEPEST, newer_overlays, read_chain
from tests.unit.images import qcow2


def made(path: Path, backing: str = "", size: int = 2**20) -> str:
    path.write_bytes(qcow2(size, backing))
    return str(path)


def test_from_the_newest_to_the_one_that_leans_on_nothing(tmp_path: Path) -> None:
    own = made(tmp_path / "data.qcow2")
    first = made(tmp_path / "data.s1", "data.qcow2")
    second = made(tmp_path / "data.s2", first, 2**21)
    chain = read_chain(second, [own])
    assert [file.path for file in chain.files] == [second, first, own]
    assert chain.files[0].virtual_size == 2**21
    assert not chain.missing and not chain.problem


def test_our_own_file_has_our_name_however_it_is_reached(tmp_path: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    own = made(folder / "data.qcow2")
    (tmp_path / "link").symlink_to(folder)
    os.link(own, tmp_path / "hard")
    for name in (str(tmp_path / "link" / "data.qcow2"), str(tmp_path / "hard")):
        assert read_chain(name, [own]).files[0].path == own
    assert read_chain(made(tmp_path / "s", f"{tmp_path}/link/data.qcow2"), [own]).files[-1].path == own


@pytest.mark.parametrize(
    "backing",
    ['json:{"driver":"qcow2","file":{"driver":"file","filename":"OWN"}}', 'json:{"file.filename":"OWN"}', "file:OWN"],
)
def test_names_as_qemu_writes_them(tmp_path: Path, backing: str) -> None:
    own = made(tmp_path / "data.qcow2")
    assert [file.path for file in read_chain(made(tmp_path / "s", backing.replace("OWN", own)), [own]).files][1:] == [own]


@pytest.mark.parametrize("backing", ["nbd:host:10809", 'json:{"driver":"nbd"}', "json:7", "json:[", "https://host/x"])
def test_what_is_no_file_is_said(tmp_path: Path, backing: str) -> None:
    chain = read_chain(made(tmp_path / "s", backing), [])
    assert "nobody put beneath it" in chain.altered and len(chain.files) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert read_chain(str(tmp_path / "gone"), []).missing == str(tmp_path / "gone")
    chain = read_chain(made(tmp_path / "s", "gone"), [], [str(tmp_path)])
    assert chain.missing == str(tmp_path / "gone") and len(chain.files) == 1


def test_a_circle_ends(tmp_path: Path) -> None:
    made(tmp_path / "a", "b")
    assert "leans on itself" in read_chain(made(tmp_path / "b", "a"), [], [str(tmp_path)]).problem


def test_a_chain_without_end_ends(tmp_path: Path) -> None:
    for number in range(DEEPEST + 9):
        made(tmp_path / f"f{number}", f"f{number + 1}")
    chain = read_chain(str(tmp_path / "f0"), [], [str(tmp_path)])
    assert "more than 64 files" in chain.problem and len(chain.files) == DEEPEST + 1


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is no file" in read_chain(str(tmp_path / "pipe"), []).problem
    assert "is no file" in read_chain(made(tmp_path / "s", "pipe"), [], [str(tmp_path)]).problem
    assert read_chain("/dev/zero", []).problem == "/dev/zero is no file"


def test_other_bytes_are_a_raw_disk(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"\0" * 4096)
    chain = read_chain(str(tmp_path / "raw"), [])
    assert chain.files[0].virtual_size == 4096 and chain.files[0].backing is None


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    assert read_chain(made(tmp_path / "s", "a\0b"), [], [str(tmp_path)]).altered
    assert read_chain("\udc80", []).missing or read_chain("\udc80", []).problem


def test_overlays_beside_our_file_are_found_while_they_are_newer(tmp_path: Path) -> None:
    own = made(tmp_path / "data.qcow2")
    older, newer = made(tmp_path / "old.bak", "data.qcow2"), made(tmp_path / "new.bak", "data.qcow2")
    made(tmp_path / "other.qcow2")
    made(tmp_path / "new.qcow2.partial", "data.qcow2")
    for path, when in ((own, 1000), (older, 1001), (newer, 1010)):
        os.utime(path, (when, when))
    assert newer_overlays(own) == (newer,)
    deeper = made(tmp_path / "deeper.bak", "new.bak")
    assert newer_overlays(own) == (deeper, newer)


def test_an_overlay_that_was_committed_into_another_is_a_leftover(tmp_path: Path) -> None:
    """`virsh blockcommit --shallow --active --pivot` leaves it there; the guest writes into the file below from then on."""
    own = made(tmp_path / "data.qcow2")
    first = made(tmp_path / "data.s1", "data.qcow2")
    second = made(tmp_path / "data.s2", "data.s1")
    for path, when in ((own, 1000), (second, 1010), (first, 1011)):
        os.utime(path, (when, when))
    assert newer_overlays(own) == (first,)
    os.utime(second, (1020, 1020))
    assert newer_overlays(own) == (second, first)
