"""A living operator of one's own identity on this computer is known before it has written anything: by a lock of the kernel's."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from homeostat.runtime.machine import identity_lock
from homeostat.runtime.machine.identity_lock import hold_identity, holder_of
from homeostat.runtime.machine.operator_run import this_run
from homeostat.runtime.machine.rivals import Rivals

HOLD = (
    "import sys; from homeostat.runtime.machine.identity_lock import hold_identity\n"
    "with hold_identity(sys.argv[1], '/srv/copy'): print('held', flush=True); input()"
)


@pytest.fixture
def instance() -> str:
    return str(uuid.uuid4())


@contextmanager
def another(instance: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that asks to hold it."""
    command = [sys.executable, "-c", HOLD, instance]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def place(instance: str) -> Path:
    found = identity_lock._place(instance)
    assert found is not None
    return found


def test_nobody_holds_it_and_we_do_not_hinder_ourselves(instance: str) -> None:
    assert holder_of(instance) is None
    with hold_identity(instance, "/state"):
        assert holder_of(instance) is None
    assert not place(instance).exists()


def test_another_process_does_until_it_is_killed(instance: str) -> None:
    with another(instance) as process:
        found = holder_of(instance)
        assert found is not None and (found.pid, found.folder) == (process.pid, "/srv/copy")
        with hold_identity(instance, "/state"):  # it stays the other's
            assert holder_of(instance) == found
        process.kill()
        process.wait()
        assert place(instance).exists() and holder_of(instance) is None
    with hold_identity(instance, "/state"):
        assert place(instance).read_text().endswith(":/state"), "the next one takes over what a killed one left"
    assert not place(instance).exists()


def test_what_killed_ones_left_is_cleared_away_and_what_is_held_stays(instance: str) -> None:
    lives = str(uuid.uuid4())
    with another(instance) as process, another(lives):
        process.kill()
        process.wait()
        with hold_identity(str(uuid.uuid4()), "/state"):
            assert not place(instance).exists() and place(lives).exists()
        assert holder_of(lives) is not None


def test_many_that_start_at_once_all_hold_their_own(instance: str) -> None:
    """Each clears away what is left while the others make theirs."""
    others = [str(uuid.uuid4()) for _ in range(6)]
    with ExitStack() as stack:
        with ThreadPoolExecutor(len(others)) as pool:
            held = list(pool.map(another, others))
            list(pool.map(stack.enter_context, held))
        assert [holder_of(one) is not None for one in others] == [True] * len(others)


def test_who_holds_it_keeps_it_while_a_second_one_ends(instance: str) -> None:
    with hold_identity(instance, "/state"):
        with another(instance):
            assert holder_of(instance) is None
        with another(instance):
            assert place(instance).read_text().endswith(":/state")


LOOK = (
    "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_SH)\n"
    "print('held', flush=True); sys.stdin.read(1); fcntl.flock(file, fcntl.LOCK_UN); input()"
)


@pytest.mark.parametrize("left", ["", "4194303.17.aa@{host}:/srv/copy"])
def test_who_only_looks_at_what_a_killed_one_left_is_no_operator(instance: str, left: str) -> None:
    """He has it locked for a moment, and it names a process that has ended."""
    place(instance).parent.mkdir(exist_ok=True)
    place(instance).write_text(left.format(host=socket.gethostname()))
    command = [sys.executable, "-c", LOOK, str(place(instance))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n" and process.stdin is not None
        assert holder_of(instance) is None
        with hold_identity(instance, "/state"):  # it looks for too long
            assert holder_of(instance) is None and place(instance).read_text() == left.format(host=socket.gethostname())
        threading.Timer(0.2, lambda: (process.stdin.write("x"), process.stdin.flush())).start()  # type: ignore[union-attr]
        with hold_identity(instance, "/state"):
            assert place(instance).read_text().endswith(":/state")
        process.kill()


@pytest.mark.parametrize("alone", [True, False])
def test_an_operator_stops_acting_before_it_looks_at_any_machine(instance: str, alone: bool) -> None:
    """But for those that take turns by a lease."""
    noticed: list[bool] = []
    rivals = Rivals(instance, this_run("/state"), alone=alone, noticed=lambda: noticed.append(True))
    rivals.look_around()
    assert rivals.found is None
    with another(instance) as process:
        rivals.look_around()
    assert noticed == ([True] if alone else [])
    if alone:
        assert rivals.found is not None and rivals.found.reason == "OtherOperator"
        assert f"({process.pid}" not in rivals.found.message and f"process {process.pid} on " in rivals.found.message
        assert "state folder /srv/copy) runs" in rivals.found.message


def test_without_a_place_for_it_nobody_is_kept_off(instance: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "homeostat").write_text("a file")
    monkeypatch.setattr(identity_lock, "_place", lambda instance: tmp_path / "homeostat" / "x.lock")
    with hold_identity(instance, "/state"):
        assert holder_of(instance) is None
