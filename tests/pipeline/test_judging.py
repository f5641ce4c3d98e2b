"""Judges: how they are named, whom they must not judge, and that a trial is looked at by itself."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tiny_image_text
from colour_judge import BLUE, GREEN, RED, ColourJudge
from PIL import Image

from dreamcore.assets import JUDGE
from pipeline import judging
from pipeline.errors import UserError
from pipeline.judging import answers_of, check_impartial, load_judge, look, texts_for

IMAGE, OTHER, TEXT = "a" * 64, "b" * 64, "c" * 64


def png(colour: tuple[int, int, int], side: int = 4) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_bundled_judge_goes_by_its_name() -> None:
    judge = load_judge("embedded")
    assert judge.identity == load_judge(str(JUDGE)).identity
    assert judge.identity.startswith("open_clip:judge@image-sha256-")


def test_a_folder_is_a_judge(tmp_path: Path) -> None:
    folder = tiny_image_text.save_folder(tmp_path)
    assert load_judge(str(folder)).identity.startswith(f"open_clip:{folder.name}@")


def test_an_architecture_goes_with_a_tag_or_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(judging, "load_image_text", lambda model, pretrained, device: asked.append((model, pretrained)))
    for name in ("ViT-B-32/laion2b_s34b_b79k", "ViT-B-32/~/weights/b32.safetensors", "/nowhere/clip", "./clip"):
        load_judge(name)
    assert asked == [
        ("ViT-B-32", "laion2b_s34b_b79k"),
        ("ViT-B-32", "~/weights/b32.safetensors"),
        ("/nowhere/clip", ""),
        ("./clip", ""),
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/no/where", "--judge = '/no/where': there is no such folder or JSON file"),
        ("nowhere", "--judge = 'nowhere': there is no such folder or JSON file"),
        ("ViT-B-23/laion2b_s34b_b79k", "--judge = 'ViT-B-23/laion2b_s34b_b79k'.*Did you mean ViT-B-32"),
        ("ViT-B-32/laion2b", "--judge = 'laion2b': there is no such checkpoint file, and did you mean laion"),
        ("ViT-B-32/laion2b_s34b_b79k", "these weights of ViT-B-32 are not on this machine and cannot be downloaded"),
    ],
)
def test_a_judge_that_cannot_be_loaded_is_named_as_the_user_did(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        load_judge(name)
    assert "guidance." not in str(error.value)


def test_a_model_must_not_judge_what_it_guided() -> None:
    judge = f"open_clip:ViT-B-32@image-sha256-{IMAGE}+text-sha256-{TEXT}"
    renamed = f"open_clip:mine@image-sha256-{IMAGE}+text-sha256-{OTHER}"
    with pytest.raises(UserError, match="ViT-B-32 guided the trials of 'dream_fields': .* Choose another --judge"):
        check_impartial(judge, {"dream_fields": renamed})
    check_impartial(judge, {"dream_fields": f"open_clip:ViT-B-32@image-sha256-{OTHER}+text-sha256-{TEXT}"})


def test_views_of_a_trial_are_seen_in_order() -> None:
    seen = look(ColourJudge({}), [png(RED), png(BLUE), png(GREEN)])
    assert np.array_equal(seen, np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]], np.float32))
    with pytest.raises(UserError, match="different sizes"):
        look(ColourJudge({}), [png(RED), png(RED, 8)])


def test_fronts_are_read_of_prompts_that_have_one() -> None:
    assert texts_for(["a cat", "a lime"], ["a cat"]) == (
        "a cat", "a lime", "a cat, front view", "a cat, side view", "a cat, back view",
    )  # fmt: skip


def test_without_a_scene_there_is_no_geometry_and_no_front() -> None:
    captions, seen = np.eye(3), np.eye(3)[[0, 0, 1]]
    row = answers_of({"color": seen}, captions, ["r", "g", "b"], 0, np.eye(3))
    assert row["rank_color"] == 1 and row["views_found_color"] == 2 and row["clip_score"] == pytest.approx(2 / 3)
    assert not {name for name in row if "geometry" in name} and "janus" not in row
