"""PNG bytes to pictures, and many pictures on one sheet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps, PngImagePlugin

from pipeline.provenance import Provenance

_MARGIN = 6
_CAPTION_HEIGHT = 16
_HEADER_WIDTH = 120
_GAP = 2
_INK = (40, 40, 40)
_PALE = (170, 170, 170)
_ALARM = (180, 30, 30)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Label = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """Pictures side by side under a caption."""

    caption: str
    pngs: Sequence[bytes]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Pictures side by side, None where there is none; `note` is written in their place: `failed`, or `missing`, which
    is a mark only."""

    pngs: Sequence[bytes | None]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Cells with a label a row and a column, each in parts of which the first changes slowest; `views` pictures a cell,
    `side` pixels each."""

    rows: Sequence[Label]
    columns: Sequence[Label]
    side: int
    views: int

    @property
    def cell_width(self) -> int:
        return self.views * (self.side + _GAP) - _GAP

    def corner(self, row: int, column: int) -> tuple[int, int]:
        """Where the cell begins, from the left and from the top."""
        parts = max((len(label) for label in self.columns), default=0)
        left = 2 * _MARGIN + _HEADER_WIDTH + column * (self.cell_width + _MARGIN)
        return left, _MARGIN + parts * _CAPTION_HEIGHT + row * (self.side + _MARGIN)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the drawn grid."""
        return self.corner(len(self.rows), len(self.columns))


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """`count` cells one after another, `across` in a row, each with a caption above; `views` pictures a cell, `side`
    pixels each."""

    across: int
    count: int
    side: int
    views: int

    @property
    def cell_width(self) -> int:
        return self.views * (self.side + _GAP) - _GAP

    def corner(self, place: int) -> tuple[int, int]:
        """Where the pictures of a cell begin, from the left and from the top."""
        row, column = divmod(place, self.across)
        height = _CAPTION_HEIGHT + self.side + _MARGIN
        return _MARGIN + column * (self.cell_width + _MARGIN), _MARGIN + row * height + _CAPTION_HEIGHT

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is drawn."""
        rows = -(-self.count // self.across)
        left, top = self.corner(max(rows, 1) * self.across - 1)
        return left + self.cell_width + _MARGIN, top + self.side + _MARGIN


def decode(png: bytes) -> Image.Image:
    """The picture of the bytes, loaded. Raises OSError for bytes that are no picture."""
    image: Image.Image = Image.open(io.BytesIO(png))
    image.load()
    return image


def encode(image: Image.Image, record: Provenance | None = None) -> bytes:
    """The picture as PNG bytes, with the record of the one trial that it shows, if it shows one."""
    buffer = io.BytesIO()
    info = PngImagePlugin.PngInfo()
    if record is not None:
        info.add_itxt("XML:com.adobe.xmp", record.xmp().decode())
    image.save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()


def animate(frames: Sequence[Image.Image], seconds: float, record: Provenance) -> bytes:
    """The frames as an animated WebP that takes so long and begins again, with the record of its trial."""
    buffer = io.BytesIO()
    first, *others = frames
    first.save(
        buffer,
        format="WEBP",
        save_all=True,
        append_images=others,
        duration=max(1, round(1000.0 * seconds / len(frames))),
        loop=0,
        quality=90,
        method=4,
        xmp=record.xmp(),
    )
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


def draw_grid(grid: Grid, cells: Mapping[tuple[int, int], Cell]) -> Image.Image:
    """A white sheet with the cells by (row, column); where there is none the sheet stays empty."""
    sheet = Image.new("RGB", grid.size, "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    _draw_column_labels(grid, draw, font)
    for i, label in enumerate(grid.rows):
        lines = _wrapped(" · ".join(label), draw, font, _HEADER_WIDTH, grid.side // _CAPTION_HEIGHT)
        draw.multiline_text((_MARGIN, grid.corner(i, 0)[1]), "\n".join(lines), fill=_INK, font=font, spacing=3)
    for (row, column), cell in cells.items():
        _draw_cell(sheet, cell, grid.corner(row, column), grid.side, grid.cell_width)
    return sheet


def draw_tiles(tiles: Tiles, captions: Sequence[str], cells: Sequence[Cell]) -> Image.Image:
    """A white sheet with the cells one after another, each under its caption."""
    sheet = Image.new("RGB", tiles.size, "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=10)
    for place, (caption, cell) in enumerate(zip(captions, cells, strict=True)):
        left, top = tiles.corner(place)
        text = _fitted(caption, draw, font, tiles.cell_width)
        draw.text((left, top - _CAPTION_HEIGHT), text, fill=_INK, font=font)
        _draw_cell(sheet, cell, (left, top), tiles.side, tiles.cell_width)
    return sheet


def _draw_cell(sheet: Image.Image, cell: Cell, corner: tuple[int, int], side: int, width: int) -> None:
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    left, top = corner
    if cell.note:
        _draw_note(cell.note, draw, font, (left, top, left + width - 1, top + side - 1))
        return
    for j, png in enumerate(cell.pngs):
        x = left + j * (side + _GAP)
        if png is None:
            _draw_note("missing", draw, font, (x, top, x + side - 1, top + side - 1))
        else:
            sheet.paste(ImageOps.contain(decode(png).convert("RGB"), (side, side)), (x, top))


def _draw_column_labels(grid: Grid, draw: ImageDraw.ImageDraw, font: Font) -> None:
    """Each part of the labels on a line of its own, once for the columns that share it and all parts above."""
    for part in range(max((len(label) for label in grid.columns), default=0)):
        starts = [
            j for j, label in enumerate(grid.columns) if j == 0 or label[: part + 1] != grid.columns[j - 1][: part + 1]
        ]
        for start, end in zip(starts, [*starts[1:], len(grid.columns)], strict=True):
            left, right = grid.corner(0, start)[0], grid.corner(0, end)[0] - _MARGIN
            text = _fitted(grid.columns[start][part], draw, font, right - left)
            draw.text((left, _MARGIN + part * _CAPTION_HEIGHT), text, fill=_INK, font=font)


def _draw_note(note: str, draw: ImageDraw.ImageDraw, font: Font, box: tuple[int, int, int, int]) -> None:
    """What stands where there is no picture: a frame with a dash, or with the word if the trial failed."""
    left, top, right, bottom = box
    draw.rectangle(box, outline=_PALE)
    x, y = (left + right) // 2, (top + bottom) // 2
    if note == "missing":
        draw.line((x - 6, y, x + 6, y), fill=_PALE, width=2)
    else:
        draw.text((x, y), _fitted(note, draw, font, right - left), fill=_ALARM, font=font, anchor="mm")


def _wrapped(text: str, draw: ImageDraw.ImageDraw, font: Font, width: int, most: int) -> list[str]:
    """The words of the text in at most `most` lines of at most `width` pixels; what is longer is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(_fitted(word, draw, font, width))
    if len(lines) > most:
        lines = [*lines[: max(most - 1, 0)], "..."]
    return lines


def _fitted(text: str, draw: ImageDraw.ImageDraw, font: Font, width: int) -> str:
    """The text, its end cut so that it is at most `width` pixels wide."""
    if draw.textlength(text, font=font) <= width:
        return text
    while text and draw.textlength(text + "...", font=font) > width:
        text = text[:-1]
    return text + "..."
