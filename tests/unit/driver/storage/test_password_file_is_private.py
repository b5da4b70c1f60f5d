"""A password file is taken only where nobody but its owner can read it, and never waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homeostat.driver.storage.secret import SECRET_MAX, read_secret
from homeostat.planner.machine.host.fit import misfit
from tests.unit.machines import machine, running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("secret\nsecond line\n")
    path.chmod(0o600)
    return path


def read(path: Path) -> str | None:
    found = read_secret(str(path))
    return None if found is None else found.value.get_secret_value()


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_the_first_line_of_a_private_file(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert read(file) == "secret"


@pytest.mark.parametrize("bit", [0o040, 0o020, 0o010, 0o004, 0o002, 0o001])
def test_a_file_that_is_open_to_group_or_others_in_any_way_is_refused(file: Path, bit: int) -> None:
    file.chmod(0o600 | bit)
    assert read(file) is None


def test_so_is_what_is_no_plain_file_of_a_sensible_size(file: Path, tmp_path: Path) -> None:
    assert read(tmp_path / "missing") is None
    assert read(tmp_path) is None
    file.write_bytes(b"x" * SECRET_MAX)
    assert read(file) == "x" * SECRET_MAX
    file.write_bytes(b"x" * (SECRET_MAX + 1))
    assert read(file) is None
    file.write_bytes(b"\xff\xfe\n")
    assert read(file) is None


@pytest.mark.parametrize("sign", ["\0", "\x01", "\x1b", "\x7f", "\x85", "\u2028", "\ufffe"])
def test_security_4_nor_is_what_no_definition_could_carry_a_password(file: Path, sign: str) -> None:
    file.write_text(f"se{sign}cret\n")
    assert read(file) is None


@pytest.mark.timeout(10)
def test_a_pipe_that_nobody_writes_to_holds_nothing_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert read(pipe) is None


def test_another_file_is_another_version_and_the_same_one_is_not(file: Path) -> None:
    first, again = read_secret(str(file)), read_secret(str(file))
    other = file.with_name("other")
    other.touch(0o600)
    other.write_bytes(file.read_bytes())
    other.replace(file)
    changed = read_secret(str(file))
    assert first is not None and again is not None and changed is not None
    assert first.version == again.version != changed.version
    assert "secret" not in first.version


def test_a_machine_waits_for_its_file_and_says_how_to_make_it() -> None:
    vm = machine(display={"vnc": {"passwordFile": "/secrets/vnc"}})
    world, operator, _ = running()
    why = misfit(vm, world.observe(vm, operator.memory))
    assert why is not None and why.reason == "SecretMissing" and "mode 0600" in why.message
