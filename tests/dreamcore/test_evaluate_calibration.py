"""Measuring a judge where the answers are known: views of what captions ask for, and a judge that reads colours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from colour_judge import BLUE, GREEN, RED, Colour, ColourJudge
from torch import Tensor

from dreamcore.evaluate import calibration, truth
from dreamcore.evaluate.calibration import (
    CalibrationSettings,
    Captions,
    calibrate,
    confusions,
    corrupted,
    lines,
    main,
    over_white,
    read_captions,
)  # fmt: skip
from dreamcore.image_text import ImageTextModel
from dreamcore.objects.dataset import DataSettings

CPU = torch.device("cpu")
PROMPTS = {"a red ball": RED, "a green cube": GREEN, "a blue cone": BLUE}
SMALL = DataSettings(side=16, oversampling=1)


def silent(*progress: object) -> None:
    pass


class OffWhite(ColourJudge):
    """Sees by how much less than white the colours are: red ink takes away green and blue."""

    def embed_images(self, images: Tensor) -> Tensor:
        return super().embed_images(1.0 - images + 1e-6)


def judge(wrong: dict[str, Colour] | None = None) -> OffWhite:
    """Of a front it sees red."""
    texts = {prompt: tuple(255 - value for value in colour) for prompt, colour in (PROMPTS | (wrong or {})).items()}
    views = {"front": RED, "side": GREEN, "back": BLUE}
    texts |= {f"{prompt}, {view} view": colour for prompt in PROMPTS for view, colour in views.items()}
    return OffWhite(texts)  # type: ignore[arg-type]


# ---- what is drawn ---------------------------------------------------------------------------------------------------


def test_objects_are_seen_from_all_sides_in_order() -> None:
    """A car is as wide from the left as from the right, wider than from its front, and nothing is the same twice."""
    found = truth.around(["a red car"], 8, 3, SMALL, CPU, silent)
    assert set(found) == {"color", "geometry"}
    widths = (found["color"].images[..., 3] > 127).any(1).sum(1).tolist()
    assert min(widths[2], widths[6]) > max(widths[0], widths[4])
    assert abs(widths[2] - widths[6]) <= 1
    assert torch.equal(found["color"].images[..., 3], found["geometry"].images[..., 3])
    assert len({image.numpy().tobytes() for image in found["color"].images}) == 8
    assert found["color"].item.tolist() == [0] * 8


def test_colours_are_the_captions_and_geometry_has_none() -> None:
    views = {"around": truth.around(list(PROMPTS), 4, 0, SMALL, CPU, silent)}
    views["anywhere"] = truth.anywhere(list(PROMPTS), 4, 0, SMALL, CPU)
    for name, looks in views.items():
        for look, channel in (("color", None), ("geometry", "equal")):
            images = looks[look].images.float().sum((1, 2))
            assert looks[look].item.tolist() == [0] * 4 + [1] * 4 + [2] * 4
            if channel is None:
                assert images[:, :3].argmax(1).tolist() == looks[look].item.tolist(), name
            else:
                assert float((images[:, :3].amax(1) - images[:, :3].amin(1)).max()) <= 1e-3 * float(images.max())


def test_the_same_seed_gives_the_same_views_and_another_does_not() -> None:
    one, again, other = (truth.anywhere(["a red mug"], 2, seed, SMALL, CPU)["color"].images for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_images_are_over_white_or_spoilt() -> None:
    images = torch.tensor([[0, 0, 0, 0], [10, 20, 30, 255], [10, 20, 30, 155]], dtype=torch.uint8)
    images = images[:, None, None].expand(-1, 8, 8, -1)
    assert over_white(images, 0)[:, 0, 0].tolist() == [[255] * 3, [10, 20, 30], [110, 120, 130]]
    assert torch.equal(corrupted(images, 0), corrupted(images, 0))
    assert not torch.equal(corrupted(images, 0), corrupted(images, 1))
    assert corrupted(images, 0).shape == (3, 8, 8, 3)


# ---- what is measured ------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "DataSettings", lambda **options: DataSettings(oversampling=1, **options))


CAPTIONS = Captions(prompts=tuple(PROMPTS), directional=(True, False, True))
QUICK = CalibrationSettings(views=2, side=16)


def measured(model: ImageTextModel, settings: CalibrationSettings = QUICK) -> calibration.Calibration:
    return calibrate(model, CAPTIONS, settings, CPU, silent)


def test_a_judge_that_sees_colours_finds_them_and_no_geometry() -> None:
    found = measured(judge())
    shares = {(one.look, one.seen): one.precision for one in found.retrieval}
    assert len(shares) == 4 and found.captions == 3
    for seen, views in (("from anywhere", 6), ("around", 24)):
        color, geometry = shares["color", seen], shares["geometry", seen]
        assert (color.views.value, color.views.count, color.objects.value, color.objects.count) == (1.0, views, 1.0, 3)
        assert geometry.views.value <= 1 / 3 + 1e-9, "what has no colour is told apart by nothing"
        assert color.chance == pytest.approx(1 / 3)


def test_confusions_name_what_is_seen_instead() -> None:
    """The judge has red and green the wrong way round."""
    found = measured(judge({"a red ball": GREEN, "a green cube": RED}))
    around = next(one for one in found.retrieval if (one.look, one.seen) == ("color", "around"))
    assert {(one.caption, one.answer, one.count, one.views) for one in around.confusions} == {
        ("a red ball", "a green cube", 8, 8), ("a green cube", "a red ball", 8, 8),
    }  # fmt: skip
    assert around.precision.views.value == pytest.approx(1 / 3)
    assert any("8 of 8  a red ball: a green cube" in line for line in lines(found))


def test_confusions_are_sorted_by_frequency() -> None:
    found = confusions([0, 0, 0, 1, 1, 2], [1, 2, 2, 1, 0, 2], ["a", "b", "c"])
    assert [(one.caption, one.answer, one.count, one.views) for one in found] == [
        ("a", "c", 2, 3), ("a", "b", 1, 3), ("b", "a", 1, 2),
    ]  # fmt: skip


FACES = torch.eye(3)


@pytest.mark.parametrize(
    ("pattern", "false_alarms", "detections"),
    [
        ("fsssbssf", 0.0, 1.0),  # a front before, that is seen again behind
        ("ssssssss", 0.0, 0.0),  # no front at all
        ("ffffffff", 1.0, 1.0),  # one all around
        ("fssbfbss", 1.0, 1.0),
        ("sfsbsbsf", 1.0, 1.0),
        ("bsfsfsbs", 1.0, 0.0),  # fronts behind, which folding hides, and one to the side, which it shows once
    ],
)
def test_fronts_are_those_of_true_and_folded_objects(pattern: str, false_alarms: float, detections: float) -> None:
    """Embeddings of each view are its word's; objects without a front do not count."""
    words = ["fsb".index(letter) for letter in pattern]
    model = ColourJudge({f"{prompt}, {view} view": colour for prompt in PROMPTS for view, colour in
                         (("front", RED), ("side", GREEN), ("back", BLUE))})  # fmt: skip
    images = torch.cat([FACES[words], FACES[[0] * 8], FACES[words]])
    renders = calibration.Renders(torch.zeros(24, 1, 1, 3, dtype=torch.uint8), torch.arange(3).repeat_interleave(8))
    found = calibration.measure_fronts(model, images, renders, CAPTIONS, False)
    assert found.false_alarms is not None and found.detections is not None
    assert (found.false_alarms.count, found.detections.count) == (2, 2)
    assert (found.false_alarms.value, found.detections.value) == (false_alarms, detections)


# ---- the command -----------------------------------------------------------------------------------------------------


def table(folder: Path) -> Path:
    path = folder / "captions.csv"
    path.write_text("prompt,directional\na red ball,true\na green cube,false\na blue cone,\na red ball,true\n")
    return path


def test_captions_are_read_once_each(tmp_path: Path) -> None:
    found = read_captions(table(tmp_path))
    assert found == Captions(prompts=tuple(PROMPTS), directional=(True, False, False))


def test_the_command_prints_a_table_and_writes_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calibration, "load_image_text", lambda folder, pretrained, device: judge())
    options = ["--judge", str(tmp_path), "--captions", str(table(tmp_path)), "--views", "1", "--side", "16"]
    assert main([*options, "--corrupted", "-o", str(tmp_path / "report.json")]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("colours\n3 captions: chance is 33.33 %\n")
    assert "color around, spoilt" in out and "24 of 24 views around objects drawn" in err
    report = json.loads((tmp_path / "report.json").read_text())
    assert [len(report[name]) for name in ("retrieval", "janus")] == [8, 2]
    assert report["retrieval"][0]["precision"]["views"]["value"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--judge", "nowhere"], "--judge nowhere: there is no such folder"),
        (["--judge", "."], "--judge: open_clip_config.json is missing"),
        (["--captions", "nowhere.csv"], "--captions nowhere.csv cannot be read"),
        (["--captions", "empty.csv"], "must be a table with a column `prompt`, and rows"),
        (["--captions", "odd.csv"], "caption 'a glorb': names no thing of the library"),
        (["--views", "0"], "--views = 0: must be positive"),
        (["--side", "20"], "--side = 20: must be a positive multiple of 8"),
    ],
)
def test_the_command_refuses(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.csv").write_text("prompt\n")
    (tmp_path / "odd.csv").write_text("prompt\na glorb\n")
    if "--judge" not in arguments:
        monkeypatch.setattr(calibration, "load_image_text", lambda folder, pretrained, device: judge())
    given = ["--judge", str(tmp_path), "--captions", str(table(tmp_path)), *arguments]
    assert main(given) == 2
    assert message in capsys.readouterr().err
