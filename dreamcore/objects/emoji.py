"""Emoji as pictures with names: optional training data of many more things than the library has.

The pictures are not part of this project: `fetch` gets a package by its name when a training asks for it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import unicodedata
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import UInt8

PACKAGES = {
    "emoji-datasource-google": "Noto Emoji: images Apache-2.0, package MIT",
    "@lobehub/fluent-emoji-3d": "Fluent Emoji: said to be MIT, but the package ships no licence file: look before use",
}
DEFAULT = ("emoji-datasource-google",)
CAPTIONS = ("an emoji of {}", "a flat drawing of {}", "{}, emoji", "an icon of {}")
FILL = 0.85  # of the picture's side

_FILE = re.compile(r"([0-9a-f]{4,5})(?:-fe0f)?\.(?:png|webp)")
_SIGNS = re.compile(
    r"\b(sign|arrows?|squared?|button|letters?|symbol|mark|keycap|ideograph|modifier|clock face|circled?|suit|component"
    r"|hair|latin|fitzpatrick|input|triangle|number|japanese|divination|curly|capital|regional)\b"
)


@dataclass(frozen=True)
class Emoji:
    """Pictures as colour times coverage, and coverage, with the name of what each shows."""

    images: UInt8[np.ndarray, "k side side 4"]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


def fetch(package: str, folder: Path) -> Path:
    """The package's archive, got with npm unless it is in the folder already. Raises ValueError if that fails."""
    stem = package.removeprefix("@").replace("/", "-")
    found = sorted(folder.glob(f"{stem}-[0-9]*.tgz"))
    if found:
        return found[-1]
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("npm") is None:
        raise ValueError(
            f"emoji package {package!r}: npm is not installed; run `npm pack {package}` elsewhere and put the .tgz "
            f"into {folder}"
        )
    done = subprocess.run(
        ["npm", "pack", package, "--silent", "--pack-destination", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = sorted(folder.glob(f"{stem}-[0-9]*.tgz"))
    if done.returncode != 0 or not found:
        raise ValueError(f"emoji package {package!r}: npm could not get it: {done.stderr.strip() or 'no reason given'}")
    return found[-1]


def read(archive: Path, side: int) -> Emoji:
    """Every picture of one code point that shows a thing, in the order of the code points. Raises ValueError if there
    is none."""
    images: dict[str, UInt8[np.ndarray, "side side 4"]] = {}
    with tarfile.open(archive) as packed:
        for member in packed:
            match = _FILE.fullmatch(PurePosixPath(member.name).name)
            name = name_of(match[1]) if match else ""
            file = packed.extractfile(member) if name and name not in images else None
            if file is not None:
                images[name] = _picture(file.read(), side)
    if not images:
        raise ValueError(f"{archive}: has no picture that is called after a code point, like 1f354.png")
    names = tuple(sorted(images))
    return Emoji(np.stack([images[name] for name in names]), names)


def name_of(code_point: str) -> str:
    """What Unicode calls a code point; empty if it is a sign rather than a thing."""
    name = unicodedata.name(chr(int(code_point, 16)), "").lower()
    return "" if _SIGNS.search(name) else name


def captions(name: str) -> tuple[str, ...]:
    """All that can be said of an emoji."""
    return tuple(form.format(name) for form in CAPTIONS)


def _picture(data: bytes, side: int) -> UInt8[np.ndarray, "side side 4"]:
    from PIL import Image

    inner = max(round(FILL * side), 1)
    with Image.open(BytesIO(data)) as picture:
        # resized with the colours already times coverage: what is transparent has no colour that could bleed
        small = picture.convert("RGBA").convert("RGBa").resize((inner, inner), Image.Resampling.BOX)
    result = np.zeros((side, side, 4), np.uint8)
    start = (side - inner) // 2
    result[start : start + inner, start : start + inner] = np.frombuffer(small.tobytes(), np.uint8).reshape(
        inner, inner, 4
    )
    return result
