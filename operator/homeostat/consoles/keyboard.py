"""The keys of a PC keyboard with the US layout, by the key codes of Linux (linux/input-event-codes.h): what a text is typed with,
and what chords are made of."""

from __future__ import annotations

from collections.abc import Sequence

KEYS_MAX = 8  # that are pressed together
TEXT_MAX = 1000  # characters that are typed at once

Chord = tuple[int, ...]
"""Keys that are pressed together, in this order."""

_SHIFT = 42
# Each row of the keyboard: the key code of its first key, what its keys type, and what they type with shift.
_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
)
_PLAIN = {" ": 57, "\t": 15, "\n": 28, "\r": 28}
_PLAIN |= {character: code + at for code, plain, _ in _ROWS for at, character in enumerate(plain)}
_SHIFTED = {character: code + at for code, _, shifted in _ROWS for at, character in enumerate(shifted)}

NAMED = {
    **{"esc": 1, "backspace": 14, "tab": 15, "enter": 28, "space": 57, "menu": 127, "print": 99, "pause": 119},
    **{"ctrl": 29, "shift": _SHIFT, "alt": 56, "meta": 125, "rightctrl": 97, "rightshift": 54, "altgr": 100, "rightmeta": 126},
    **{"capslock": 58, "numlock": 69, "scrolllock": 70},
    **{"insert": 110, "delete": 111, "home": 102, "end": 107, "pageup": 104, "pagedown": 109},
    **{"up": 103, "left": 105, "right": 106, "down": 108},
    **{f"f{number}": 58 + number for number in range(1, 11)},
    **{"f11": 87, "f12": 88},
}
"""The keys that have a name, beside those that type a character."""


class NotAKey(Exception):
    """There is no such key, or there are too many. The text says which, and what there is. ``key``: as it was named."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


def chord_of(keys: Sequence[str]) -> Chord:
    """Returns the chord of some keys: each one's name, or the character that it types without shift.

    Raises:
        NotAKey: one is none, or there are none or too many.
    """
    if not 0 < len(keys) <= KEYS_MAX:
        raise NotAKey(f"a chord has 1 to {KEYS_MAX} keys, and this one {len(keys)}")
    codes = [_code(key) for key in keys]
    if twice := next((key for key, code in zip(keys, codes, strict=True) if codes.count(code) > 1), None):
        raise NotAKey(f"the key {twice!r} is there twice in one chord", twice)
    return tuple(codes)


def chords_of(text: str, before: int = 0) -> list[Chord]:
    """Returns the chords that type a text. A line break is the key Enter, once: also ``\\r\\n``, as files of Windows have it, and
    ``\\r`` alone. ``before``: the characters before it, where it is a part of a longer text.

    Raises:
        NotAKey: no key has one of its characters, or there are none or too many.
    """
    if not text:
        raise NotAKey(f"a text has 1 to {TEXT_MAX} characters, and this one none")
    if len(text) > TEXT_MAX:
        raise NotAKey(f"a text has 1 to {TEXT_MAX} characters, and this one {len(text)}: type it in parts")
    return [_typed(character, before + at) for at, character in enumerate(text) if text[max(0, at - 1) : at + 1] != "\r\n"]


def _code(key: str) -> int:
    name = key.lower()
    code = NAMED.get(name, _PLAIN.get(name))
    if code is not None:
        return code
    if key in _SHIFTED:
        plain = next(character for character, same in _PLAIN.items() if same == _SHIFTED[key])
        raise NotAKey(f"no key types {key!r} by itself: give shift, and {plain!r}", key)
    raise NotAKey(f"there is no key {key[:32]!r}: name a character, or one of {', '.join(NAMED)}", key[:32])


def _typed(character: str, at: int) -> Chord:
    if (code := _PLAIN.get(character)) is not None:
        return (code,)
    if (code := _SHIFTED.get(character)) is not None:
        return (_SHIFT, code)
    shown = character if character.isprintable() else ascii(character)
    raise NotAKey(f"character {at + 1}, {shown} (U+{ord(character):04X}), is on no key of the US layout", character)
