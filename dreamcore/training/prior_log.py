"""What a training says of itself: a line of JSON for programs and one for people, every so many steps."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Line:
    """After `step` steps, in `elapsed` seconds of training. Losses are squared errors since the last line, `held_out`
    with the averaged weights. None is what was not measured or is not finite; `skipped` counts all steps whose gradient
    was not."""

    step: int
    elapsed: float
    images: int
    images_per_second: float
    loss: float | None
    loss_by_bin: tuple[float | None, ...]
    held_out: float | None
    learning_rate: float
    gradient_norm: float | None
    skipped: int

    def words(self) -> str:
        bins = " ".join(_number(value, 3) for value in self.loss_by_bin)
        parts = [
            f"step {self.step}",
            f"{self.elapsed:.0f} s",
            f"{self.images_per_second:.0f} images/s",
            f"loss {_number(self.loss, 4)} [{bins}]",
            f"held out {_number(self.held_out, 4)}" if self.held_out is not None else "",
            f"rate {self.learning_rate:.1e}",
            f"gradient {_number(self.gradient_norm, 2)}",
            f"{self.skipped} steps skipped" if self.skipped else "",
        ]
        return ", ".join(part for part in parts if part)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Log:
    """Appends to a file, and tells standard error. Processes but the first have none."""

    path: Path | None

    def line(self, line: Line) -> None:
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(line)) + "\n")
        self.say(line.words())

    def say(self, words: str) -> None:
        if self.path is not None:
            sys.stderr.write(f"{words}\n")
            sys.stderr.flush()

    def cut(self, step: int) -> None:
        """Forget lines after `step`, from which a resumed training goes on."""
        if self.path is None or not self.path.is_file():
            return
        lines = self.path.read_text(encoding="utf-8").splitlines()
        kept = [text for text in lines if _complete(text) and json.loads(text)["step"] <= step]
        self.path.write_text("".join(f"{text}\n" for text in kept), encoding="utf-8")


def _complete(text: str) -> bool:
    """A training that was killed may leave half a line."""
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True
