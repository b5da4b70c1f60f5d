"""Which keys type a text, and make a chord."""

from __future__ import annotations

import string

import pytest

from homeostat.consoles.keyboard import KEYS_MAX, NAMED, TEXT_MAX, NotAKey, chord_of, chords_of

SHIFT = 42


def test_every_character_of_ascii_that_is_printed_has_keys() -> None:
    found = {tuple(chords_of(character)[0]) for character in string.printable[:95]}
    assert len(found) == 95, "each has its own"
    assert {len(chord) for chord in found} == {1, 2} and all(chord[0] == SHIFT for chord in found if len(chord) == 2)


# By linux/input-event-codes.h.
@pytest.mark.parametrize(
    ("text", "chords"),
    [
        ("a", [(30,)]),
        ("A", [(42, 30)]),
        ("1!", [(2,), (42, 2)]),
        ("m?", [(50,), (42, 53)]),
        ("\\\n\t ", [(43,), (28,), (15,), (57,)]),
        ("\n\na\r\n\r\n\ra\r", [(28,), (28,), (30,), (28,), (28,), (28,), (30,), (28,)]),
    ],
    ids=["letter", "capital", "figure", "row", "other", "line breaks"],
)
def test_a_text(text: str, chords: list[tuple[int, ...]]) -> None:
    assert chords_of(text) == chords


@pytest.mark.parametrize(
    ("keys", "chord"),
    [(["ctrl", "alt", "delete"], (29, 56, 111)), (["Ctrl", "C"], (29, 46)), (["f12"], (88,)), (["-"], (12,)), (["f10"], (68,))],
    ids=["reset", "interrupt", "f12", "dash", "f10"],
)
def test_a_chord(keys: list[str], chord: tuple[int, ...]) -> None:
    assert chord_of(keys) == chord


def test_no_two_names_are_of_one_key() -> None:
    assert len(set(NAMED.values())) == len(NAMED)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["hyper"], "'hyper'"),
        (["ctrl", "!"], "give shift, and '1'"),
        (["a", "A"], "twice"),
        ([], "1 to"),
        (list("abcdefghi"), f"1 to {KEYS_MAX}"),
        ([""], "no key ''"),
    ],
    ids=["unknown", "shifted", "twice", "none", "many", "empty"],
)
def test_no_chord(keys: list[str], said: str) -> None:
    with pytest.raises(NotAKey) as failure:
        chord_of(keys)
    assert said in str(failure.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("naïve", "character 3, ï (U+00EF)"),
        ("a\x1b", "character 2, '\\x1b' (U+001B)"),
        ("\r\nï", "character 3, ï"),
        ("", "and this one none"),
        ("a" * (TEXT_MAX + 1), "in parts"),
    ],
    ids=["letter", "control", "behind a line break", "none", "long"],
)
def test_no_text(text: str, said: str) -> None:
    with pytest.raises(NotAKey) as failure:
        chords_of(text)
    assert said in str(failure.value)
