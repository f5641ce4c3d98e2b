"""Diversity of a sweep's seeds, by colour and by shape, and comparisons of variants, of one sweep and of two."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from colour_judge import BLUE, GREEN, RED, Colour, ColourJudge
from judged import TEXTS, commit_views, looks
from stored import begin, trial

from pipeline import judging
from pipeline.diversity import compare, diversity_table
from pipeline.errors import UserError
from pipeline.evaluation import Evaluation, evaluate
from pipeline.storage import Storage
from pipeline.trial import Trial

SIDE = 16
PURPLE: Colour = (255, 0, 255)


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "load_judge", lambda name: ColourJudge(TEXTS))


def bar(along: str, length: int = 12) -> np.ndarray:
    """A bar in a cube of 16 cells, along x, y or z."""
    occupied = np.zeros((SIDE, SIDE, SIDE), bool)
    half = [length // 2 if axis == along else 2 for axis in "xyz"]
    occupied[tuple(slice(SIDE // 2 - size, SIDE // 2 + size) for size in half)] = True
    return occupied


def made(storage: Storage, seeds: dict[tuple[str, str], list[tuple[Colour, np.ndarray | None]]]) -> Evaluation:
    """By prompt and variant, what each seed looks like and is shaped as."""
    trials: list[tuple[Trial, Colour, np.ndarray | None]] = []
    for (prompt, variant), objects in seeds.items():
        for seed, (colour, occupied) in enumerate(objects):
            trials.append((trial(prompt, seed, variant, of=variant), colour, occupied))
    begin(storage, *(one for one, _, _ in trials))
    for one, colour, occupied in trials:
        commit_views(storage, one, looks([colour] * 2, [colour] * 2), occupied=occupied)
    return evaluate(storage, captions=["a cat", "a lime", "a cherry"])


def test_the_seeds_of_a_prompt_are_compared_in_looks_and_in_shape(tmp_storage: Storage) -> None:
    found = diversity_table(
        made(
            tmp_storage,
            {
                ("a cat", "base"): [(RED, bar("x")), (RED, bar("x")), (GREEN, bar("z"))],
                ("a lime", "base"): [(RED, bar("y")), (PURPLE, bar("x"))],
            },
        )
    ).set_index("prompt")
    cat, lime = found.loc["a cat"], found.loc["a lime"]
    assert cat["seeds"] == 3 and cat["distance"] == pytest.approx(2 / 3)
    assert cat["nearest_pair"] == (0, 1) and cat["nearest"] == 0.0 and cat["farthest_pair"] == (0, 2)
    assert cat["vendi"] == pytest.approx(math.exp(-(2 / 3) * math.log(2 / 3) - (1 / 3) * math.log(1 / 3)))
    assert cat["geometry_distance"] == pytest.approx(0.0, abs=1e-12), "turned about the vertical it is the same bar"
    assert cat["distance_low"] <= cat["distance"] <= cat["distance_high"]
    assert lime["distance"] == pytest.approx(1.0 - math.sqrt(0.5)) and math.isnan(lime["distance_low"])
    assert lime["geometry_distance"] > 0.5, "a bar that stands is another shape than one that lies"
    assert cat["between"] == lime["between"] > 0.0
    # across the prompts all four bars that lie are one shape, and the one that stands is apart from three of them
    assert cat["geometry_between"] == lime["geometry_between"] == pytest.approx(lime["geometry_distance"] / 2.0)


def test_colour_is_no_diversity_of_shape(tmp_storage: Storage) -> None:
    seeds = [(RED, bar("x")), (GREEN, bar("x")), (BLUE, bar("x"))]
    row = diversity_table(made(tmp_storage, {("a cat", "base"): seeds})).iloc[0]
    assert row["distance"] == pytest.approx(1.0) and row["vendi"] == pytest.approx(3.0)
    assert row["geometry_distance"] == 0.0 and row["geometry_vendi"] == 1.0


def test_identical_seeds_are_no_diversity(tmp_storage: Storage) -> None:
    row = diversity_table(made(tmp_storage, {("a cat", "base"): [((9, 120, 77), bar("x"))] * 4})).iloc[0]
    assert (row["distance"], row["vendi"], row["geometry_distance"], row["geometry_vendi"]) == (0.0, 1.0, 0.0, 1.0)
    assert (row["distance_low"], row["distance_high"]) == (0.0, 0.0)


def test_one_seed_has_no_diversity(tmp_storage: Storage) -> None:
    table = diversity_table(made(tmp_storage, {("a cat", "base"): [(RED, None)]}))
    row = table.iloc[0]
    assert row["seeds"] == 1 and row[["distance", "vendi", "geometry_distance", "between"]].isna().all()
    assert row["nearest_pair"] is None


def test_trials_without_a_shape_are_left_out_of_geometry_alone(tmp_storage: Storage) -> None:
    seeds = [(RED, bar("x")), (GREEN, None), (BLUE, bar("x")), (RED, np.zeros((SIDE,) * 3, bool))]
    row = diversity_table(made(tmp_storage, {("a cat", "base"): seeds})).iloc[0]
    assert (row["seeds"], row["shapes"]) == (4, 2) and row["geometry_nearest_pair"] == (0, 2)


def test_by_variant_it_is_a_mean_over_prompts_with_two_seeds(tmp_storage: Storage) -> None:
    found = made(
        tmp_storage,
        {
            ("a cat", "base"): [(RED, None), (GREEN, None)],
            ("a lime", "base"): [(RED, None), (RED, None)],
            ("a cherry", "base"): [(RED, None)],
        },
    )
    row = diversity_table(found, ["variant"]).iloc[0]
    assert (row["variant"], row["prompts"], row["seeds"], row["distance"]) == ("base", 2, 4, 0.5)
    assert (row["distance_low"], row["distance_high"]) == (0.0, 1.0) and math.isnan(row["geometry_distance"])
    assert list(diversity_table(found, ["prompt"])["prompt"]) == ["a cat", "a cherry", "a lime"]
    with pytest.raises(UserError, match="--by seed: must be prompt, variant or both"):
        diversity_table(found, ["seed"])


# ---- comparing -------------------------------------------------------------------------------------------------------

DIFFERENT = [(RED, bar("x")), (GREEN, bar("y")), (BLUE, bar("x", 8))]
ALIKE = [(BLUE, bar("x"))] * 3


def test_variants_are_compared_prompt_by_prompt(tmp_storage: Storage) -> None:
    prompts = ("a cat", "a lime", "a cherry")
    cells = {(prompt, name): seeds for prompt in prompts for name, seeds in (("w20", DIFFERENT), ("w100", ALIKE))}
    found = made(tmp_storage, cells)
    table = compare(found.of("w20"), found.of("w100")).set_index("measure")
    looked, shaped = table.loc["distance"], table.loc["geometry_distance"]
    assert (looked["first"], looked["second"]) == (pytest.approx(1.0), 0.0)
    assert looked["difference"] == pytest.approx(1.0) and looked["prompts"] == 3 and looked["trials"] == 18
    assert looked["exact"] and looked["deals"] == 20**3
    # blue is among the different ones too: of the 20 deals of a prompt's 2 + 4 objects the extreme ones are 8
    assert looked["p"] == pytest.approx(2 * (8 / 2 / 20) ** 3)
    assert shaped["difference"] > 0.2
    assert table.loc["found_color", "first"] == pytest.approx(1 / 3)
    mirrored = compare(found.of("w100"), found.of("w20")).set_index("measure").loc["distance"]
    assert (mirrored["difference"], mirrored["p"]) == (pytest.approx(-1.0), looked["p"])


def test_sweeps_are_compared_by_the_prompts_that_both_have(tmp_path: Path) -> None:
    one = made(Storage(str(tmp_path / "one")), {("a cat", "x"): DIFFERENT, ("a lime", "x"): DIFFERENT})
    other = made(Storage(str(tmp_path / "other")), {("a cat", "y"): ALIKE, ("a cherry", "y"): ALIKE})
    table = compare(one.of("x"), other.of("y"))
    assert set(table["prompts"]) == {1} and set(table["trials"]) == {6}


def test_a_prompt_with_one_seed_has_no_spread_to_compare(tmp_storage: Storage) -> None:
    found = made(tmp_storage, {("a cat", "a"): DIFFERENT, ("a cat", "b"): ALIKE[:1]})
    assert set(compare(found.of("a"), found.of("b"))["measure"]) == {"found_color", "found_geometry", "clip_score"}


def test_what_cannot_be_compared_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = made(Storage(str(tmp_path / "one")), {("a cat", "x"): ALIKE})
    with pytest.raises(UserError, match="no prompt in common"):
        compare(one, made(Storage(str(tmp_path / "other")), {("a lime", "x"): ALIKE}))
    judge = ColourJudge(TEXTS)
    judge.identity = "another"
    monkeypatch.setattr(judging, "load_judge", lambda name: judge)
    with pytest.raises(UserError, match="not judged alike"):
        compare(one, made(Storage(str(tmp_path / "third")), {("a cat", "x"): ALIKE}))
