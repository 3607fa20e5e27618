from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from chimerae.data.pixels import Unreadable, decoded, fitted, flatten, header, to_array
from chimerae.data.settings import Fit
from chimerae.data.sources import Item, open_picture
from tests.data.data_files import speckles
from tests.helpers.rows import through

RED = (255, 0, 0)


def decode(item: Item, at_least: int | None = None) -> Image.Image:
    with decoded(item, at_least=at_least) as image:
        return image.copy()


def stored(image: Image.Image, kind: str = "PNG", **options: object) -> Item:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return Item("x", lambda: open_picture(BytesIO(buffer.getvalue())))


def values(item: Item, channels: int) -> np.ndarray:
    return to_array(flatten(decode(item), channels))


@through("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@through("channels", [1, 3])
def test_every_png_mode_becomes_bytes(mode: str, channels: int) -> None:
    image = Image.fromarray(speckles(0, 5, 7, 3))
    image = Image.fromarray(np.full((5, 7), 40_000, np.uint16)) if mode == "I;16" else image.convert(mode)
    array = values(stored(image), channels)
    assert array.shape == (channels, 5, 7)
    assert array.dtype == np.uint8


def test_rgb_stays_as_it_is() -> None:
    pixels = speckles(1, 4, 6, 3)
    assert np.array_equal(values(stored(Image.fromarray(pixels)), 3), pixels.transpose(2, 0, 1))


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    deep = np.array([[0, 257, 32768, 65535]], np.uint16)
    assert values(stored(Image.fromarray(deep)), 1).tolist() == [[[0, 1, 128, 255]]]


def test_float_pictures_are_read_in_unit_range_only() -> None:
    assert values(stored(Image.fromarray(np.array([[0, 0.5, 1]], np.float32)), "TIFF"), 1).tolist() == [
        [[0, 128, 255]]
    ]
    for wrong in (2.0, -0.5, np.nan):
        with pytest.raises(Unreadable, match="not 0 to 1"):
            values(stored(Image.fromarray(np.array([[wrong]], np.float32)), "TIFF"), 1)


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (2, 1), (*RED, 0))
    clear.putpixel((1, 0), (*RED, 255))
    assert values(stored(clear), 3)[:, 0].T.tolist() == [[255, 255, 255], list(RED)]
    assert values(stored(Image.new("LA", (1, 1), (0, 0))), 1).tolist() == [[[255]]]


def test_palette_with_transparency_is_laid_on_white() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([*RED, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    assert values(stored(palette, transparency=0), 3)[:, 0].T.tolist() == [[255, 255, 255], [0, 0, 255]]


def test_cmyk_jpeg_has_the_right_colours() -> None:
    red = Image.new("RGB", (16, 16), RED).convert("CMYK")
    got = values(stored(red, "JPEG", quality=95), 3).mean((1, 2))
    assert got == pytest.approx(RED, abs=6)


@through("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = Image.new("RGB", (16, 8), "black")
    upright.paste("white", (0, 0, 8, 4))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    camera = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    item = stored(camera, exif=exif)
    assert np.array_equal(values(item, 3), to_array(upright))
    seen = header(item)
    assert (seen.height, seen.width) == (8, 16)


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def text(data: bytes) -> bytes:
    return b"a text file\n"


def emptied(data: bytes) -> bytes:
    return b""


def overwritten(data: bytes) -> bytes:
    return data[:60] + b"\0" * 200 + data[260:]


@through(
    "kind, damage",
    [
        *((kind, damage) for kind in ("PNG", "JPEG", "WEBP") for damage in (truncated, text, emptied)),
        (
            "PNG",
            overwritten,
        ),  # the others have no checksums: what still decodes cannot be told from a picture
    ],
)
def test_damaged_pictures_are_unreadable(kind: str, damage: Callable[[bytes], bytes]) -> None:
    buffer = BytesIO()
    Image.fromarray(speckles(2, 64, 64, 3)).save(buffer, kind)
    data = damage(buffer.getvalue())
    with pytest.raises(Unreadable):
        decode(Item("x", lambda: open_picture(BytesIO(data))))


def test_why_is_one_line() -> None:
    with pytest.raises(Unreadable, match=r"^not a picture$"):
        decode(Item("x", lambda: open_picture(BytesIO(b"text"))))


def test_bombs_are_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    item = stored(Image.new("L", (100, 100)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(Unreadable, match="too large"):
        decode(item)


def test_pad_puts_two_black_pixels_around_an_unchanged_digit() -> None:
    pixels = np.maximum(speckles(3, 28, 28, 1), 1)
    array = to_array(fitted(Image.fromarray(pixels), 32, 32, "pad"))[0]
    assert np.array_equal(array[2:30, 2:30], pixels)
    assert array.astype(int).sum() == pixels.astype(int).sum()


def test_pad_shrinks_what_is_larger_and_keeps_its_aspect() -> None:
    array = to_array(fitted(Image.new("L", (40, 20), 255), 10, 10, "pad"))[0]
    assert (array[:2] == 0).all()
    assert (array[8:] == 0).all()
    assert (array[3:7] == 255).all()


def test_crop_takes_the_centre() -> None:
    pixels = np.zeros((10, 30), np.uint8)
    pixels[:, 10:20] = 200
    assert (to_array(fitted(Image.fromarray(pixels), 10, 10, "crop")) == 200).all()
    assert (to_array(fitted(Image.fromarray(pixels.T.copy()), 5, 5, "crop")) == 200).all()


def test_squeeze_keeps_everything() -> None:
    pixels = np.zeros((10, 40), np.uint8)
    pixels[:, 20:] = 255
    array = to_array(fitted(Image.fromarray(pixels), 10, 10, "squeeze"))[0]
    assert (array[:, :3] < 20).all()
    assert (array[:, 7:] > 235).all()


def test_shrinking_is_antialiased() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    array = to_array(fitted(Image.fromarray(stripes), 8, 8, "crop"))
    assert np.abs(array.astype(int) - 128).max() < 12


@through("fit", ["crop", "squeeze", "pad"])
def test_the_right_size_is_left_alone(fit: Fit) -> None:
    image = Image.fromarray(speckles(4, 6, 9, 3))
    assert fitted(image, 6, 9, fit) is image


@through("orientation", [1, 6])
def test_large_jpegs_are_drafted_without_a_visible_difference(orientation: int) -> None:
    waves = np.sin(np.linspace(0, 20, 800))[:, None] * np.cos(np.linspace(0, 9, 600))[None]
    exif = Image.Exif()
    exif[0x0112] = orientation
    item = stored(Image.fromarray(np.rint(127 + 120 * waves).astype(np.uint8)), "JPEG", quality=95, exif=exif)
    whole, draft = decode(item), decode(item, at_least=96)
    assert draft.width * 2 <= whole.width
    assert min(draft.size) >= 96
    small = [to_array(fitted(image, 32, 32, "crop")).astype(int) for image in (whole, draft)]
    assert np.abs(small[0] - small[1]).max() <= 4


def test_memory_of_large_pictures_goes_back_to_the_system():
    """The C library keeps freed blocks below 32 MB for the thread that asked for them."""
    assert Image.core.get_block_size() >= 2**25
