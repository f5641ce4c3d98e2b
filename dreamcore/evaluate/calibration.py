"""Measure a judge where the answers are known: on renders of what captions ask for.

    python -m dreamcore.evaluate.calibration --judge FOLDER --captions CSV [--views 4] [--corrupted] [-o report.json]

The table of captions has the columns `prompt` and `directional`. Renders are fresh: no seed of a training gives them.
For every caption there are some views from anywhere, each of another variation, and one object seen from 8 sides as a
finished scene is. How often is its caption retrieved among all, in colour and without texture? How often is an object
found to have two fronts: true ones (false alarms), and ones whose front half stands for their back (detections)?
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from dreamcore.config.base import require
from dreamcore.evaluate.janus import behind_again
from dreamcore.evaluate.retrieval import RPrecision, similarity
from dreamcore.evaluate.score import Renders, embed, janus, janus_share, retrieval
from dreamcore.evaluate.share import Share
from dreamcore.evaluate.truth import LOOKS, anywhere, around
from dreamcore.image_text import ImageTextModel, load_image_text
from dreamcore.objects.dataset import DataSettings
from dreamcore.training.corruption import Corruption, CorruptionSettings

AROUND = 8  # views of one object
SHOWN = 12  # confusions
SPOILT_AT_ONCE = 512

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class CalibrationSettings:
    """`views` are those from anywhere of each caption; `corrupted`: measure spoilt images too."""

    views: int = 4
    side: int = 64
    seed: int = 912_673
    corrupted: bool = False

    def __post_init__(self) -> None:
        require(self.views > 0, "--views", self.views, "positive")
        require(self.side >= 8 and self.side % 8 == 0, "--side", self.side, "a positive multiple of 8")


@dataclass(frozen=True, kw_only=True)
class Captions:
    """Distinct prompts, and which of them are of something with a front."""

    prompts: tuple[str, ...]
    directional: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """`count` of `views` views of `caption` are taken for `answer`."""

    caption: str
    answer: str
    count: int
    views: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One look seen in one way. `objects` of the precision are the views of a caption together."""

    look: str
    seen: str
    spoilt: bool
    precision: RPrecision
    confusions: tuple[Confusion, ...]


@dataclass(frozen=True, kw_only=True)
class Fronts:
    """Of the directional captions; None without any."""

    spoilt: bool
    false_alarms: Share | None
    detections: Share | None


@dataclass(frozen=True, kw_only=True)
class Calibration:
    judge: str
    captions: int
    retrieval: tuple[Measured, ...]
    janus: tuple[Fronts, ...]


def read_captions(path: Path) -> Captions:
    """Raises ValueError for a table that cannot be read or lacks the column `prompt`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"--captions {path} cannot be read: {error}") from error
    if not rows or "prompt" not in rows[0]:
        raise ValueError(f"--captions {path}: must be a table with a column `prompt`, and rows")
    fronts = {row["prompt"]: (row.get("directional") or "").lower() == "true" for row in rows}
    return Captions(prompts=tuple(fronts), directional=tuple(fronts.values()))


def calibrate(
    model: ImageTextModel, captions: Captions, settings: CalibrationSettings, device: torch.device, report: Report
) -> Calibration:
    """Draws on `device`. Raises ValueError for a caption that names nothing of the library."""
    data = DataSettings(side=settings.side, chunk=1024)
    prompts, seed = captions.prompts, settings.seed
    report("views from anywhere drawn", 0, 2 * settings.views * len(prompts))
    truths = {"from anywhere": anywhere(prompts, settings.views, seed, data, device)}
    drawn = _told(report, "views around objects drawn")
    truths["around"] = around(prompts, AROUND, seed, data, device, drawn)
    measured, fronts = [], []
    for spoilt in (False, True) if settings.corrupted else (False,):
        for seen, looks in truths.items():
            for look in LOOKS:
                pixels = (corrupted if spoilt else over_white)(looks[look].images, seed)
                renders = Renders(pixels.cpu(), looks[look].item)
                name = f"{look} {seen}{', spoilt,' if spoilt else ''} judged"
                images = embed(model, renders, _told(report, name))
                measured.append(measure(model, images, renders, prompts, (look, seen, spoilt)))
                if (look, seen) == ("color", "around"):
                    fronts.append(measure_fronts(model, images, renders, captions, spoilt))
    return Calibration(judge=model.identity, captions=len(prompts), retrieval=tuple(measured), janus=tuple(fronts))


def _told(report: Report, what: str) -> Callable[[int, int], None]:
    return lambda done, total: report(what, done, total)


def over_white(images: UInt8[Tensor, "v side side 4"], seed: int) -> UInt8[Tensor, "v side side 3"]:
    """Nothing is random here."""
    return (images[..., :3] + (255 - images[..., 3:])).to(torch.uint8)


def corrupted(images: UInt8[Tensor, "v side side 4"], seed: int) -> UInt8[Tensor, "v side side 3"]:
    """As the judge's training spoils images, over backgrounds of any colour."""
    generator = torch.Generator(images.device).manual_seed(seed)
    spoil = Corruption(CorruptionSettings(), generator, images.device)
    parts = [spoil(some.permute(0, 3, 1, 2).float() / 255.0) for some in images.split(SPOILT_AT_ONCE)]
    return (torch.cat(parts).permute(0, 2, 3, 1) * 255.0 + 0.5).to(torch.uint8)


def measure(
    model: ImageTextModel,
    images: Float[Tensor, "v embedding"],
    renders: Renders,
    prompts: Sequence[str],
    named: tuple[str, str, bool],
) -> Measured:
    """`named`: the look, how it is seen, whether it is spoilt."""
    own = torch.arange(len(prompts))
    found = retrieval(model, images, renders.item, prompts, own)
    answers = similarity(images, model.embed_texts(prompts).cpu()).argmax(1)
    look, seen, spoilt = named
    return Measured(
        look=look,
        seen=seen,
        spoilt=spoilt,
        precision=found.summary,
        confusions=confusions(renders.item.tolist(), answers.tolist(), prompts),
    )


def confusions(own: Sequence[int], answers: Sequence[int], prompts: Sequence[str]) -> tuple[Confusion, ...]:
    """Most frequent first."""
    views = Counter(own)
    wrong = Counter((one, other) for one, other in zip(own, answers, strict=True) if one != other)
    return tuple(
        Confusion(caption=prompts[one], answer=prompts[other], count=count, views=views[one])
        for (one, other), count in wrong.most_common()
    )


def measure_fronts(
    model: ImageTextModel, images: Float[Tensor, "v embedding"], renders: Renders, captions: Captions, spoilt: bool
) -> Fronts:
    """Of views around true objects. What an object with a second front shows are views of the true one, rearranged."""
    directional = torch.tensor(captions.directional)
    around = images.unflatten(0, (-1, AROUND))

    def two(views: Float[Tensor, "o a embedding"]) -> Bool[Tensor, " o"]:
        return janus(model, views.flatten(0, 1), renders.item, captions.prompts)

    return Fronts(
        spoilt=spoilt,
        false_alarms=janus_share(two(around), directional),
        detections=janus_share(two(around[:, behind_again(AROUND)]), directional),
    )


# ---- the command -----------------------------------------------------------------------------------------------------


def lines(found: Calibration) -> Iterator[str]:
    """The report for people."""
    yield found.judge
    yield f"{found.captions} captions: chance is {100.0 / found.captions:.2f} %"
    width = 40
    yield f"{'':32}{'one view':{width}}views together"
    for one in found.retrieval:
        name = f"{one.look} {one.seen}{', spoilt' if one.spoilt else ''}"
        yield f"{name:32}{one.precision.views!s:{width}}{one.precision.objects}"
    yield f"{'':32}{'false alarms':{width}}detections"
    for fronts in found.janus:
        name = f"two fronts{', spoilt' if fronts.spoilt else ''}"
        yield f"{name:32}{fronts.false_alarms or '-'!s:{width}}{fronts.detections or '-'}"
    for one in found.retrieval:
        if one.confusions and not one.spoilt:
            yield f"{one.look} {one.seen} is taken for"
            for confusion in one.confusions[:SHOWN]:
                yield f"  {confusion.count} of {confusion.views}  {confusion.caption}: {confusion.answer}"


def _show(what: str, done: int, total: int) -> None:
    sys.stderr.write(f"{done} of {total} {what}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the module's docstring. Returns the exit code: 2 for a mistake of the user."""
    parser = argparse.ArgumentParser(
        prog="python -m dreamcore.evaluate.calibration", description="Measure a judge where the answers are known."
    )
    parser.add_argument("--judge", required=True, help="a folder with open_clip_config.json and weights")
    parser.add_argument("--captions", type=Path, required=True, help="a CSV file with a column `prompt`")
    parser.add_argument("--views", type=int, default=4, help="of each caption, from anywhere")
    parser.add_argument("--side", type=int, default=64, help="of the renders in pixels")
    parser.add_argument("--seed", type=int, default=CalibrationSettings.seed)
    parser.add_argument("--corrupted", action="store_true", help="measure spoilt images too")
    parser.add_argument("--output", "-o", type=Path, help="a JSON file to write")
    options = parser.parse_args(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        settings = CalibrationSettings(
            views=options.views, side=options.side, seed=options.seed, corrupted=options.corrupted
        )
        captions = read_captions(options.captions)
        model = _load(options.judge, device)
        found = calibrate(model, captions, settings, device, _show)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in lines(found)))
    if options.output is not None:
        options.output.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")
    return 0


def _load(folder: str, device: torch.device) -> ImageTextModel:
    if not Path(folder).is_dir():
        raise ValueError(f"--judge {folder}: there is no such folder")
    try:
        return load_image_text(folder, "", device)
    except ValueError as error:
        raise ValueError(str(error).replace("guidance.model", "--judge")) from error


if __name__ == "__main__":
    sys.exit(main())
