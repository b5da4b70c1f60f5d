"""Pictures of screens: their colours, sizes and tags."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from homeostat.consoles import pictures
from homeostat.consoles.pictures import Picture, PictureSize, dummy_picture, image_of, png_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def picture_of(
    pixels: bytes, width: int, height: int, changed: datetime, size: PictureSize, before: dict[str, bytes] | None = None
) -> Picture:
    return pictures.picture_of(image_of(pixels, width, height), changed, size, before)


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def test_the_bytes_are_blue_green_red() -> None:
    made = picture_of(bytes([1, 2, 3, 99, 4, 5, 6, 99]), 2, 1, NOW, PictureSize.FULL)
    image = opened(made.png)
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (2, 1))
    assert image.tobytes() == bytes([3, 2, 1, 6, 5, 4]) and made.changed == NOW


@pytest.mark.parametrize(
    ("screen", "thumbnail"),
    [((720, 400), (320, 178)), ((1024, 768), (320, 240)), ((320, 8), (320, 8)), ((100, 50), (100, 50)), ((4096, 1), (320, 1))],
    ids=str,
)
def test_thumbnails(screen: tuple[int, int], thumbnail: tuple[int, int]) -> None:
    pixels = bytes(4 * screen[0] * screen[1])
    assert opened(picture_of(pixels, *screen, NOW, PictureSize.THUMBNAIL).png).size == thumbnail


def test_a_tag_is_of_the_pixels_alone() -> None:
    later = datetime(2027, 1, 2, tzinfo=UTC)
    square, ignored = bytes(16), bytes([0, 0, 0, 1]) * 4
    assert picture_of(square, 2, 2, NOW, PictureSize.FULL).etag == picture_of(ignored, 2, 2, later, PictureSize.FULL).etag
    wide = picture_of(square, 4, 1, NOW, PictureSize.FULL)
    assert wide.etag != picture_of(square, 2, 2, NOW, PictureSize.FULL).etag, "of another shape"
    assert wide.etag != picture_of(b"\x01" + bytes(15), 4, 1, NOW, PictureSize.FULL).etag


def test_a_dummy_is_of_no_screen() -> None:
    small, large = dummy_picture(PictureSize.THUMBNAIL), dummy_picture(PictureSize.FULL)
    assert opened(small.png).width == 320 < opened(large.png).width and small.changed is None


def test_a_picture_of_an_older_qemu_becomes_a_png() -> None:
    image = opened(png_of(b"P6\n2 1\n255\n" + bytes([1, 2, 3, 4, 5, 6])))
    assert (image.format, image.size, image.tobytes()) == ("PNG", (2, 1), bytes([1, 2, 3, 4, 5, 6]))
    made = picture_of(bytes(8), 2, 1, NOW, PictureSize.FULL).png
    assert png_of(made) is made


@pytest.mark.parametrize("noise", [b"", b"GIF89a", b"P6\n2 1\n255\n\x01"], ids=["empty", "gif", "cut"])
def test_what_is_no_picture(noise: bytes) -> None:
    with pytest.raises(ValueError, match="no picture"):
        png_of(noise)


def test_the_last_ones_are_not_encoded_again() -> None:
    before: dict[str, bytes] = {}
    screens = [bytes([number, 0, 0, 0]) for number in range(6)]
    made = [picture_of(screen, 1, 1, NOW, PictureSize.FULL, before) for screen in screens[:2]]
    blinking = picture_of(screens[0], 1, 1, NOW, PictureSize.FULL, before)
    assert blinking.png is made[0].png and opened(blinking.png).getpixel((0, 0)) == (0, 0, 0)
    for screen in screens[2:5]:
        picture_of(screen, 1, 1, NOW, PictureSize.FULL, before)
    assert len(before) == 4 and made[0].etag in before and made[1].etag not in before


def test_what_is_painted_after_that_is_not_in_it() -> None:
    pixels = bytearray(4)
    image = image_of(pixels, 1, 1)
    pixels[:] = b"\xff" * 4
    assert image.getpixel((0, 0)) == (0, 0, 0)
