"""PNG bytes to pictures, and many pictures on one sheet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps

_MARGIN = 6
_CAPTION_HEIGHT = 16
_INK = (40, 40, 40)


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """Pictures side by side under a caption."""

    caption: str
    pngs: Sequence[bytes]


def decode(png: bytes) -> Image.Image:
    """The picture of the bytes, loaded. Raises OSError for bytes that are no picture."""
    image: Image.Image = Image.open(io.BytesIO(png))
    image.load()
    return image


def encode(image: Image.Image) -> bytes:
    """The picture as PNG bytes."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def contact_sheet(rows: Sequence[SheetRow], side: int = 128) -> Image.Image:
    """A white sheet: a row of pictures for each of `rows`, each fitted into `side` x `side` pixels."""
    columns = max((len(row.pngs) for row in rows), default=0)
    width = _MARGIN + max(columns, 1) * (side + _MARGIN)
    row_height = _CAPTION_HEIGHT + side + _MARGIN
    sheet = Image.new("RGB", (width, _MARGIN + max(len(rows), 1) * row_height), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    for i, row in enumerate(rows):
        top = _MARGIN + i * row_height
        draw.text((_MARGIN, top), _fitted(row.caption, draw, font, width - 2 * _MARGIN), fill=_INK, font=font)
        for j, png in enumerate(row.pngs):
            image = ImageOps.contain(decode(png).convert("RGB"), (side, side))
            sheet.paste(image, (_MARGIN + j * (side + _MARGIN), top + _CAPTION_HEIGHT))
    return sheet


def _fitted(
    text: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> str:
    """The text, its end cut so that it is at most `width` pixels wide."""
    if draw.textlength(text, font=font) <= width:
        return text
    while text and draw.textlength(text + "...", font=font) > width:
        text = text[:-1]
    return text + "..."
