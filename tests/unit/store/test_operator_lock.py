"""One operator per state folder, whatever becomes of the files in it."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from homeostat.runtime.machine.operator_run import started_at
from homeostat.store.errors import StateError
from homeostat.store.files import lock
from homeostat.store.files.state import StateFolder

HOLD = (
    "import sys; from pathlib import Path; from homeostat.store.files.state import StateFolder\n"
    "with StateFolder.open(Path(sys.argv[1])).operator_lock():\n print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock of ``tmp_path``."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def taken(root: Path) -> str:
    """Why the lock is refused."""
    with pytest.raises(StateError) as refusal, StateFolder.open(root).operator_lock():
        pass
    return str(refusal.value)


def test_chaos_7_lock_that_is_deleted_lets_no_second_one_in(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    (tmp_path / "operator.lock").unlink()
    assert f"process {holder.pid}) runs on {tmp_path}" in taken(tmp_path)
    (tmp_path / "operator.lock").write_text("")
    assert f"process {holder.pid}) runs on {tmp_path}" in taken(tmp_path)
    holder.kill()
    holder.wait()
    with StateFolder.open(tmp_path).operator_lock():
        assert (tmp_path / "operator.lock").read_text() == f"{os.getpid()}\n"


def test_chaos_7_lock_holds_by_a_link_too(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    link = tmp_path.with_name("link")
    link.symlink_to(tmp_path)
    assert f"process {holder.pid})" in taken(link)


def test_an_operator_of_an_earlier_version_is_respected(tmp_path: Path) -> None:
    """It locks the file alone."""
    with (tmp_path / "operator.lock").open("w") as file:
        file.write("4242\n")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "process 4242)" in taken(tmp_path)


def test_the_lock_is_taken_again_after_a_refusal(tmp_path: Path) -> None:
    with StateFolder.open(tmp_path).operator_lock():
        taken(tmp_path)
    with StateFolder.open(tmp_path).operator_lock():
        pass


def test_where_folders_cannot_be_locked_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = fcntl.flock

    def as_nfs(handle: int, how: int) -> None:
        if Path(f"/proc/self/fd/{handle}").resolve().is_dir():
            raise OSError(errno.EBADF, "Bad file descriptor")
        plain(handle, how)

    monkeypatch.setattr(lock.fcntl, "flock", as_nfs)
    with StateFolder.open(tmp_path).operator_lock():
        assert f"process {os.getpid()})" in taken(tmp_path)


async def test_who_had_it_before_is_known_and_waited_for(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    """A process that let go of the lock is another operator by its records, until it has ended; then nobody need have waited for
    it."""
    assert holder.stdin
    holder.stdin.write(b"go on\n")
    holder.stdin.close()  # it lets go, and ends
    holder.stdin = None
    while True:
        try:
            with StateFolder.open(tmp_path).operator_lock() as before:
                break
        except StateError:
            continue
    assert before == holder.pid
    await lock.ended(before)
    assert started_at(before) == 0 and holder.returncode is None
    holder.wait()


@pytest.mark.parametrize("before", [lambda: 0, os.getpid], ids=["nobody", "ourselves"])
async def test_nobody_else_is_not_waited_for(before: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "ENDING", 3_600.0)
    await lock.ended(before())


async def test_a_number_that_is_anothers_is_waited_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "ENDING", 0.1)
    await lock.ended(os.getppid())
    assert started_at(os.getppid())
