"""What a viewer sends is cut into messages, wherever the network cuts it; what is not known, or too long, ends it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.consoles.rfb import ENCODINGS_MAX, PASTE_MAX, READING, RfbError, ViewerMessages

WHOLE = {
    "pixel format": b"\x00" + bytes(19),
    "encodings": b"\x02\x00\x00\x03" + bytes(12),
    "no encodings": b"\x02\x00\x00\x00",
    "update request": b"\x03" + bytes(9),
    "key": b"\x04" + bytes(7),
    "pointer": b"\x05" + bytes(5),
    "text": b"\x06\x00\x00\x00\x00\x00\x00\x05hello",
    "extended text": b"\x06\x00\x00\x00\xff\xff\xff\xfb12345",
    "continuous updates": b"\x96" + bytes(9),
    "fence": b"\xf8" + bytes(7) + b"\x02ab",
    "power": b"\xfa\x00\x01\x02",
    "desktop size": b"\xfb" + bytes(5) + b"\x01\x00" + bytes(16),
    "qemu key": b"\xff\x00" + bytes(10),
    "qemu audio on": b"\xff\x01\x00\x00",
    "qemu audio format": b"\xff\x01\x00\x02" + bytes(6),
}


@pytest.mark.parametrize("message", WHOLE.values(), ids=list(WHOLE))
def test_each_ends_where_it_ends(message: bytes) -> None:
    assert list(ViewerMessages().feed(message + WHOLE["key"])) == [message, WHOLE["key"]]


@given(st.lists(st.sampled_from(list(WHOLE.values())), max_size=8), st.lists(st.integers(0, 200)))
def test_it_does_not_matter_where_they_are_cut(messages: list[bytes], cuts: list[int]) -> None:
    stream, found, at = b"".join(messages), [], 0
    parts = ViewerMessages()
    for cut in sorted(cuts):
        found += parts.feed(stream[at:cut])
        at = max(at, min(cut, len(stream)))
    assert [*found, *parts.feed(stream[at:])] == messages


@given(st.binary(max_size=400))
def test_noise_is_a_message_or_an_error(noise: bytes) -> None:
    parts = ViewerMessages()
    try:
        found = list(parts.feed(noise))
    except RfbError:
        return
    assert noise.startswith(b"".join(found))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"\x01", "type 1"),
        (b"\x07", "type 7"),
        (b"\xff\x02\x00\x00", "type 255"),
        (b"\x06\x00\x00\x00" + (PASTE_MAX + 1).to_bytes(4, "big"), "pasted 262145 bytes"),
        (b"\x06\x00\x00\x00\x80\x00\x00\x00", "pasted 2147483648 bytes"),
        (b"\x02\x00" + (ENCODINGS_MAX + 1).to_bytes(2, "big"), "257 encodings, and 256"),
        (b"\xf8" + bytes(7) + b"\x41", "65 bytes of a fence, and 64"),
        (b"\xfb" + bytes(5) + b"\x11\x00", "17 screens, and 16"),
    ],
)
def test_what_no_screen_takes(message: bytes, words: str) -> None:
    with pytest.raises(RfbError, match=words):
        list(ViewerMessages().feed(message))


@pytest.mark.parametrize("most", [b"\x02\x00\x01\x00", b"\x06\x00\x00\x00\x00\x04\x00\x00", b"\xf8" + bytes(7) + b"\x40"])
def test_the_most_there_may_be(most: bytes) -> None:
    assert list(ViewerMessages().feed(most)) == []


def test_whoever_only_looks_changes_nothing() -> None:
    reading = {name for name, message in WHOLE.items() if message[0] in READING}
    assert reading == {"pixel format", "encodings", "no encodings", "update request", "continuous updates", "fence"}
