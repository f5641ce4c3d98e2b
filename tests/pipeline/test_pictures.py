from __future__ import annotations

import pytest
from fakes import png
from PIL import Image

from pipeline.pictures import SheetRow, contact_sheet, decode, encode


def test_decode_undoes_encode() -> None:
    image = Image.new("RGB", (3, 2), (1, 2, 3))
    image.putpixel((2, 1), (9, 8, 7))
    assert decode(encode(image)).tobytes() == image.tobytes()


def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        decode(b"no picture")


def test_the_sheet_has_each_picture_in_its_place() -> None:
    rows = [
        SheetRow(caption="one", pngs=[png(255, 0, 0), png(0, 255, 0)]),
        SheetRow(caption="two", pngs=[png(0, 0, 255)]),
    ]
    sheet = contact_sheet(rows, side=20)
    found = {color: [(x, y) for x in range(sheet.width) for y in range(sheet.height) if sheet.getpixel((x, y)) == color]
             for color in ((255, 0, 0), (0, 255, 0), (0, 0, 255))}  # fmt: skip
    assert all(len(places) == 400 for places in found.values()), "each is enlarged to 20 x 20"
    left = {color: min(places) for color, places in found.items()}
    assert left[0, 255, 0][0] > left[255, 0, 0][0]
    assert left[0, 255, 0][1] == left[255, 0, 0][1]
    assert left[0, 0, 255][0] == left[255, 0, 0][0]
    assert left[0, 0, 255][1] > left[255, 0, 0][1]


def test_a_long_caption_is_cut() -> None:
    short = contact_sheet([SheetRow(caption="x", pngs=[png(0, 0, 0)])], side=20)
    assert contact_sheet([SheetRow(caption="x" * 500, pngs=[png(0, 0, 0)])], side=20).size == short.size
