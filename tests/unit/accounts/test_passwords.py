"""Passwords are bounded before they are hashed, and nobody's password takes as long as somebody's."""

from __future__ import annotations

import os
import threading

import pytest

from homeostat.accounts.errors import BadPassword
from homeostat.accounts.signing_in.passwords import LONGEST, SHORTEST, Passwords


def test_a_password_matches_its_hash_only(passwords: Passwords) -> None:
    kept = passwords.hash("correct horse")
    assert kept.startswith("$argon2id$") and "correct" not in kept
    assert matches(passwords, "correct horse", kept)
    assert not matches(passwords, "correct horse ", kept)
    assert not matches(passwords, "", kept)


CAFE = ("caf\u00e9-caf\u00e9", "cafe\u0301-cafe\u0301")  # with one character for the é, and with two


@pytest.mark.parametrize("chosen", CAFE)
@pytest.mark.parametrize("typed", CAFE)
def test_it_matches_however_its_characters_are_spelled(passwords: Passwords, chosen: str, typed: str) -> None:
    assert matches(passwords, typed, passwords.hash(chosen))
    assert not matches(passwords, "cafe-cafe", passwords.hash(chosen))


def test_a_hash_of_what_was_typed_still_matches(passwords: Passwords) -> None:
    before = passwords._hasher.hash(CAFE[1])
    assert matches(passwords, CAFE[1], before)


def test_each_hash_has_a_salt_of_its_own(passwords: Passwords) -> None:
    assert passwords.hash("correct horse") != passwords.hash("correct horse")


def matches(passwords: Passwords, password: str, kept: str | None) -> bool:
    with passwords.turn() as turn:
        return turn.matches(password, kept)


@pytest.mark.parametrize("password", ["x" * SHORTEST, "é" * (LONGEST // 2), "x" * LONGEST])
def test_as_short_and_as_long_as_may_be(passwords: Passwords, password: str) -> None:
    assert matches(passwords, password, passwords.hash(password))


@pytest.mark.parametrize(
    "password", ["", "x" * (SHORTEST - 1), "x" * (LONGEST + 1), "é" * (LONGEST // 2 + 1), "\ud800" * 9, "x" * 1_000_000]
)
def test_no_password(passwords: Passwords, password: str) -> None:  # fmt: skip
    with pytest.raises(BadPassword) as refused:
        passwords.hash(password)
    assert "x" * 7 not in str(refused.value)
    assert not matches(passwords, password, passwords.hash("correct horse"))


def test_nobody_has_a_password_and_it_is_tried_all_the_same(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    hasher = passwords._hasher
    monkeypatch.setitem(passwords.__dict__, "_hasher", _Watched(hasher, tried))
    assert not matches(passwords, "correct horse", None)
    assert not matches(passwords, "correct horse", passwords.hash("another horse"))
    assert tried == ["verify", "verify"]


def test_what_is_no_hash_matches_nothing(passwords: Passwords) -> None:
    assert not matches(passwords, "correct horse", "$argon2id$nonsense")
    assert not matches(passwords, "correct horse", "")


def test_a_hash_of_other_parameters_matches_and_is_outdated(passwords: Passwords) -> None:
    kept = Passwords(iterations=2, memory=16).hash("correct horse")
    assert matches(passwords, "correct horse", kept)
    assert passwords.outdated(kept)
    assert not passwords.outdated(passwords.hash("correct horse"))


class _Watched:
    def __init__(self, inner: object, tried: list[str]) -> None:
        self.inner, self.tried = inner, tried

    def __getattr__(self, name: str) -> object:
        if name == "verify":
            self.tried.append(name)
        return getattr(self.inner, name)


@pytest.mark.parametrize(("cores", "at_once"), [(1, 1), (2, 1), (3, 2), (64, 2)])
def test_a_core_is_left_to_all_else(monkeypatch: pytest.MonkeyPatch, cores: int, at_once: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    assert Passwords().at_once == at_once


def test_no_more_than_a_few_hash_at_once() -> None:
    passwords, inside, both = Passwords(at_once=2), threading.Semaphore(0), threading.Event()

    def wait() -> None:
        with passwords.turn():
            inside.release()
            both.wait(30)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert inside.acquire(timeout=30) and inside.acquire(timeout=30)
    assert not passwords._turns.acquire(blocking=False)
    both.set()
    for thread in threads:
        thread.join(30)
    assert inside.acquire(timeout=30)
