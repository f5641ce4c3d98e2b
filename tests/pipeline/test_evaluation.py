"""Evaluating a sweep: renders whose colours are known, a judge that reads colours, and what is kept of both."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from colour_judge import BLUE, GREEN, RED, ColourJudge
from judged import ALL, CAT, CHERRY, LIME, STRONG, TEXTS, commit_all, commit_pictures, commit_views, looks, tagged
from oracles import retrieval_loops as oracle
from stored import begin, fail_trial, trial
from torch import Tensor

import pipeline
from dreamcore.evaluate import truth
from dreamcore.evaluate.calibration import over_white
from dreamcore.objects.dataset import DataSettings
from pipeline import evaluation, judging, looking, paths
from pipeline.errors import CorruptResult, UserError
from pipeline.evaluation import best_seeds, confusions, evaluate, rprecision_table
from pipeline.query import Sweep
from pipeline.record.compact import compact
from pipeline.record.evaluations import ANSWERS, OBJECTS, Overtaken, folder_of, read_kept, switch
from pipeline.schema import EVALUATED
from pipeline.storage import Storage


class Counting(ColourJudge):
    """Counts the images that it sees."""

    def __init__(self) -> None:
        super().__init__(TEXTS)
        self.seen, self.read = 0, 0

    def embed_images(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        return super().embed_images(images)

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        self.read += len(texts)
        return super().embed_texts(texts)


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Counting:
    made = Counting()
    monkeypatch.setattr(judging, "load_judge", lambda name: made)
    return made


@pytest.fixture
def storage(tmp_storage: Storage, judge: Counting) -> Storage:
    begin(tmp_storage, *ALL)
    commit_all(tmp_storage)
    return tmp_storage


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    plain = frame[list(columns)].astype(object)
    return [tuple(row) for row in plain.where(plain.notna(), None).itertuples(index=False)]


# ---- what it says ----------------------------------------------------------------------------------------------------


def test_each_trial_is_judged_by_its_renders(storage: Storage) -> None:
    told: list[tuple[str, int, int]] = []
    found = evaluate(storage, report=lambda *progress: told.append(progress))
    assert found.captions == ("a cherry", "a lime", "a cat") and found.judge == "colours"
    columns = ("prompt", "variant", "seed", "found_color", "rank_color", "found_geometry", "saw_geometry")
    assert rows(found.trials, *columns) == [
        ("a cat", "base", 0, False, 3, True, "a cat"),  # half its views are green
        ("a cat", "w20", 0, False, 2, True, "a cat"),  # a tie is a miss
        ("a cat", "w20", 1, True, 1, True, "a cat"),
        ("a cherry", "base", 0, True, 1, False, "a lime"),
        ("a lime", "base", 0, True, 1, False, "a cherry"),  # a tie: of the two the first is named
    ]  # fmt: skip
    assert rows(found.trials, "views", "views_found_color", "views_found_geometry", "clip_score") == [
        (4, 1, 4, 0.25), (4, 2, 4, 0.5), (4, 4, 3, 1.0), (4, 4, 0, 1.0), (4, 3, 2, 0.75),
    ]  # fmt: skip
    assert told == [("trials looked at", done, 5) for done in range(1, 6)]


def test_fronts_are_counted_where_there_is_one(storage: Storage) -> None:
    assert rows(evaluate(storage).trials, "prompt", "janus") == [
        ("a cat", False), ("a cat", True), ("a cat", False), ("a cherry", None), ("a lime", None),
    ]  # fmt: skip


def test_neighbouring_views_are_compared_around_the_object(storage: Storage) -> None:
    assert rows(evaluate(storage).trials, "view_consistency") == [(0.0,), (0.0,), (1.0,), (1.0,), (0.5,)]


def test_the_table_of_precision_counts_objects_and_views(storage: Storage) -> None:
    table = rprecision_table(evaluate(storage)).set_index(["variant", "kind", "views"])
    together, one = table.loc[("base", "color", "together")], table.loc[("base", "color", "one")]
    assert (together["trials"], together["found"], together["of"]) == (3, 2, 3)
    assert (one["trials"], one["found"], one["of"], one["share"]) == (3, 8, 12, pytest.approx(8 / 12))
    assert together["share"] == pytest.approx(2 / 3) and together["chance"] == pytest.approx(1 / 3)
    assert 0.0 <= together["low"] < together["share"] < together["high"] <= 1.0
    assert table.loc[("base", "geometry", "one"), "share"] == pytest.approx((0 + 2 + 4) / 12)
    strong = table.loc[("w20", "color", "together")]
    assert (strong["found"], strong["rank"]) == (1, 1.5)
    assert np.isnan(strong["low"]), "one prompt says nothing of others"
    assert strong["wilson_low"] < 0.5 < strong["wilson_high"]


def test_what_is_taken_for_what(storage: Storage) -> None:
    assert rows(confusions(evaluate(storage)), "kind", "prompt", "saw", "count", "trials") == [
        ("color", "a cat", "a cherry", 1, 3),
        ("color", "a cat", "a lime", 1, 3),
        ("geometry", "a cherry", "a lime", 1, 1),
        ("geometry", "a lime", "a cherry", 1, 1),
    ]


def test_the_best_seed_is_healthy_found_and_scores_best(tmp_storage: Storage, judge: Counting) -> None:
    seeds = [tagged(trial("a cat", seed), True) for seed in range(5)]
    begin(tmp_storage, CHERRY, LIME, *seeds)
    red, blue, weak = RED, BLUE, (200, 0, 255)
    commit_views(tmp_storage, seeds[0], looks([red] * 4, [red] * 4))
    commit_views(tmp_storage, seeds[1], looks([weak] * 4, [red] * 4))
    commit_views(tmp_storage, seeds[2], looks([blue] * 4, [red] * 4), verdict="collapsed")
    commit_views(tmp_storage, seeds[3], looks([red, blue, red, blue, blue], [red] * 5))  # two fronts
    commit_views(tmp_storage, seeds[4], looks([weak] * 4, [red] * 4))
    commit_views(tmp_storage, CHERRY, looks([GREEN], [GREEN]))
    found = best_seeds(evaluate(tmp_storage)).set_index("prompt")
    assert found.loc["a cat", "seed"] == 1 and found.loc["a cat", "trial_id"] == seeds[1].trial_id
    assert found.loc["a cat", "why"] == "healthy, found, one front; CLIP score 0.787, of 5 seeds"
    assert found.loc["a cherry", "why"] == "healthy, taken for 'a lime'; CLIP score 0.000, of 1 seeds"


def test_captions_make_it_harder(storage: Storage, tmp_path: Path) -> None:
    table = tmp_path / "captions.csv"
    table.write_text("prompt\n" + "\n".join(["a berry", "a cherry", "a lime", "a cat"]))
    for captions in (table, ["a berry", "a cherry", "a lime", "a cat"]):
        found = evaluate(storage, captions=captions)
        assert found.captions[0] == "a berry"
        strong = found.of("w20").trials.set_index("seed")
        assert strong.loc[0, "saw_color"] == "a berry" and strong.loc[0, "rank_color"] == 3, "red and blue are purple"


def test_a_second_implementation_agrees_exactly(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random colours, captions as many as prompts, some of them the same for the judge."""
    draw = random.Random(5)
    colours = [tuple(draw.randrange(1, 256) for _ in range(3)) for _ in range(9)]
    colours[4] = colours[3]
    names = [f"thing {place}" for place in range(9)]
    model = ColourJudge(dict(zip(names, colours, strict=True)))  # type: ignore[arg-type]
    monkeypatch.setattr(judging, "load_judge", lambda name: model)
    trials = [trial(name, seed) for name in names for seed in range(2)]
    begin(tmp_storage, *trials)
    views = {}
    for made in trials:
        own = colours[names.index(made.prompt)]
        views[made.trial_id] = [tuple(min(255, max(1, x + draw.randrange(-90, 90))) for x in own) for _ in range(3)]
        commit_views(tmp_storage, made, looks(views[made.trial_id], views[made.trial_id]))  # type: ignore[arg-type]
    found = evaluate(tmp_storage)
    texts = model.embed_texts(names).tolist()
    alone = 0
    for row in found.trials.itertuples():
        seen = (Tensor(views[row.trial_id])[:, :, None, None] / 255.0).expand(-1, -1, 4, 4)
        vectors, own = model.embed_images(seen).tolist(), names.index(row.prompt)
        scores = oracle.together(vectors, texts)
        hits = [oracle.found_alone(view, texts, own) for view in vectors]
        alone += sum(hits)
        assert row.rank_color == row.rank_geometry == oracle.rank(scores, own)
        assert row.found_color == all(score < scores[own] for i, score in enumerate(scores) if i != own)
        assert row.views_found_color == sum(hits) and row.clip_score == pytest.approx(scores[own], abs=1e-12)
    table = rprecision_table(found).set_index(["kind", "views"])
    assert table.loc[("color", "one"), "found"] == alone
    assert 0 < alone < 54, "some are found and some are not"
    assert not found.trials[found.trials["prompt"].isin(["thing 3", "thing 4"])]["found_color"].any(), "twins tie"


def test_shuffled_captions_give_chance(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of 40 objects shows what another prompt asks for: the judge is right and the figure falls to chance."""
    draw = random.Random(11)
    colours = [tuple(draw.randrange(1, 256) for _ in range(3)) for _ in range(40)]
    names = [f"thing {place}" for place in range(40)]
    model = ColourJudge(dict(zip(names, colours, strict=True)))  # type: ignore[arg-type]
    monkeypatch.setattr(judging, "load_judge", lambda name: model)
    trials = [trial(name) for name in names]
    begin(tmp_storage, *trials)
    shown = colours.copy()
    draw.shuffle(shown)
    for made, colour in zip(trials, shown, strict=True):
        commit_views(tmp_storage, made, looks([colour], [colour]))  # type: ignore[list-item]
    fixed = sum(a == b for a, b in zip(colours, shown, strict=True))
    row = rprecision_table(evaluate(tmp_storage)).iloc[0]
    assert row["found"] == fixed and fixed <= 3
    assert row["wilson_low"] <= row["chance"] <= row["wilson_high"]


# ---- what is kept ----------------------------------------------------------------------------------------------------


def test_the_second_question_costs_nothing(storage: Storage, judge: Counting) -> None:
    first = evaluate(storage)
    seen, read, before = judge.seen, judge.read, storage.list(paths.EVALUATION)
    pointer = storage.read(paths.EVALUATION_POINTER)
    second = evaluate(storage)
    assert (judge.seen, judge.read) == (seen, read) == (40, 3 + 3)
    assert storage.list(paths.EVALUATION) == before and storage.read(paths.EVALUATION_POINTER) == pointer
    pd.testing.assert_frame_equal(first.trials, second.trials)
    assert np.array_equal(first.directions, second.directions)
    evaluate(storage, captions=["a berry", "a cherry", "a lime", "a cat"])
    assert judge.seen == seen and judge.read == read + 1, "one caption is new"


def test_only_trials_that_are_new_are_looked_at(tmp_storage: Storage, judge: Counting) -> None:
    """While the sweep runs, before and after compaction; in the end all is as if it had been asked once."""
    begin(tmp_storage, *ALL)
    commit_views(tmp_storage, CHERRY, looks([RED] * 4, [GREEN] * 4))
    commit_views(tmp_storage, LIME, looks([GREEN, GREEN, GREEN, RED], [GREEN, GREEN, RED, RED]))
    assert len(evaluate(tmp_storage).trials) == 2 and judge.seen == 16
    compact(tmp_storage)
    commit_views(tmp_storage, CAT, looks([RED, GREEN, BLUE, GREEN], [BLUE] * 4))
    assert len(evaluate(tmp_storage).trials) == 3 and judge.seen == 24
    commit_views(tmp_storage, STRONG[0], looks([RED, BLUE, RED, BLUE], [BLUE] * 4))
    commit_views(tmp_storage, STRONG[1], looks([BLUE] * 4, [BLUE, BLUE, BLUE, RED]))
    compact(tmp_storage)
    grown = evaluate(tmp_storage)
    assert judge.seen == 40
    for key in tmp_storage.list(paths.EVALUATION):
        tmp_storage.delete(key)
    pd.testing.assert_frame_equal(evaluate(tmp_storage).trials, grown.trials)


def test_files_of_full_size_are_not_written_again(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "OBJECTS_IN_FILE", 2)
    whole = evaluate(storage)
    kept = read_kept(storage, "colours")
    assert [file.rows for file in kept.objects] == [2, 2, 1]
    commit_views(storage, made := trial("a cat", 7), looks([RED], [RED]))
    assert len(evaluate(storage).trials) == 6
    after = read_kept(storage, "colours")
    assert [file.rows for file in after.objects] == [2, 2, 2] and after.objects[:2] == kept.objects[:2]
    again = evaluate(storage)
    rest = again.trials[again.trials["trial_id"] != made.trial_id].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, whole.trials)


def test_what_was_seen_before_it_was_stopped_is_kept(
    storage: Storage, judge: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "OBJECTS_IN_FILE", 2)

    def stop(what: str, done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(storage, report=stop)
    before = judge.seen
    assert len(evaluate(storage).trials) == 5
    assert judge.seen == before + 8, "four of five were kept"


@pytest.mark.parametrize("damage", ["delete", "change"])
@pytest.mark.parametrize("name", ["objects", "texts", "answers"])
def test_what_is_lost_is_made_again(storage: Storage, name: str, damage: str) -> None:
    first = evaluate(storage)
    (key,) = [key for key in storage.list(paths.EVALUATION) if f"/{name}-" in key]
    storage.delete(key) if damage == "delete" else storage.write(key, b"torn")
    if name == "answers":
        with pytest.raises(CorruptResult, match="Make it again: dreamsweep evaluate"):
            Sweep(storage).trials()
    pd.testing.assert_frame_equal(evaluate(storage).trials, first.trials)
    assert len(Sweep(storage).trials()) == 5


def test_a_damaged_pointer_is_written_again(storage: Storage, judge: Counting) -> None:
    first, seen = evaluate(storage), judge.seen
    storage.write(paths.EVALUATION_POINTER, b"{")
    with pytest.raises(CorruptResult, match="current.json is damaged. Make it again: dreamsweep evaluate"):
        Sweep(storage).trials()
    newest = storage.list(paths.evaluation_pointers(folder_of("colours")))[-1]
    storage.write(newest, b"")
    pd.testing.assert_frame_equal(evaluate(storage).trials, first.trials)
    assert judge.seen == 2 * seen and Sweep(storage).trials()["rank_color"].notna().all()


def test_only_files_that_a_pointer_lists_stay(storage: Storage) -> None:
    evaluate(storage)
    for seed in range(3, 6):
        commit_views(storage, trial("a cat", seed), looks([RED], [RED]))
        evaluate(storage)
    kept = read_kept(storage, "colours")
    there = set(storage.list(paths.EVALUATION))
    pointers = {paths.EVALUATION_POINTER, *storage.list(paths.evaluation_pointers(folder_of("colours")))}
    assert set(kept.keys()) <= there == {*kept.keys(), *kept.previous, *pointers} & there


def test_two_at_once_leave_a_whole_state(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second evaluation begins and ends while the first is half done."""
    monkeypatch.setattr(looking, "OBJECTS_IN_FILE", 2)
    inner: list[evaluation.Evaluation] = []

    def meanwhile(what: str, done: int, total: int) -> None:
        if done == 3:
            inner.append(evaluate(storage, captions=["a berry", "a cherry", "a lime", "a cat"]))

    outer = evaluate(storage, report=meanwhile)
    assert len(inner[0].trials) == len(outer.trials) == 5
    assert set(read_kept(storage, "colours").keys()) <= set(storage.list(paths.EVALUATION))
    assert Sweep(storage).trials()["captions"].tolist() == [3] * 5
    pd.testing.assert_frame_equal(evaluate(storage).trials, outer.trials)


def test_who_comes_late_takes_nothing_away_from_others(storage: Storage) -> None:
    """It read the pointer, and slept while others made two newer ones and deleted what no pointer lists."""
    evaluate(storage)
    late = read_kept(storage, "colours")
    for seed in range(3, 5):
        commit_views(storage, trial("a cat", seed), looks([RED], [RED]))
        evaluate(storage)
    newest = read_kept(storage, "colours")
    with pytest.raises(Overtaken):
        switch(storage, late, replace(late, texts=None))
    assert read_kept(storage, "colours") == newest
    assert set(newest.keys()) <= set(storage.list(paths.EVALUATION))


def test_answers_that_are_shown_late_are_the_newest(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two other evaluations come between the answers and the word that they are to be shown."""
    real, between = evaluation.show, [3, 4]

    def sleepy(*arguments: Any) -> None:
        if between:
            commit_views(storage, trial("a cat", between.pop()), looks([RED], [RED]))
            evaluate(storage)
        real(*arguments)

    monkeypatch.setattr(evaluation, "show", sleepy)
    evaluate(storage)
    assert Sweep(storage).trials()["rank_color"].notna().sum() == 7


def test_two_judges_are_kept_apart(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    first = evaluate(storage)
    other = ColourJudge(TEXTS)
    other.identity = "other colours"
    monkeypatch.setattr(judging, "load_judge", lambda name: other)
    assert evaluate(storage).judge == "other colours"
    assert set(Sweep(storage).trials()["judge"]) == {"other colours"}
    assert read_kept(storage, first.judge).objects and read_kept(storage, "other colours").objects


def test_trials_show_the_last_answers(storage: Storage) -> None:
    sweep = Sweep(storage)
    names = [column.name for column in EVALUATED[1:]]
    before = sweep.trials()
    assert before[names].isna().all(axis=None)
    found = evaluate(storage)
    commit_views(storage, made := trial("a cat", 7), looks([RED], [RED]))
    after = sweep.trials().set_index("trial_id")
    assert pd.isna(after.loc[made.trial_id, "rank_color"])
    for row in found.trials.itertuples():
        assert after.loc[row.trial_id, "rank_color"] == row.rank_color
        assert after.loc[row.trial_id, "saw_geometry"] == row.saw_geometry
        assert after.loc[row.trial_id, "captions"] == 3


def test_a_question_on_the_side_leaves_trials_as_they_are(storage: Storage) -> None:
    captions = ["a berry", "a cherry", "a lime", "a cat"]
    sweep = Sweep(storage)
    sweep.diversity()
    assert set(sweep.trials()["captions"]) == {3}, "better than nothing"
    sweep.evaluate(captions=captions)
    assert set(sweep.trials()["captions"]) == {4}
    sweep.diversity(), sweep.best(), sweep.rprecision(), sweep.compare("base", "w20")
    assert set(sweep.trials()["captions"]) == {4}


def test_python_asks_the_open_sweep(storage: Storage) -> None:
    sweep = pipeline.open(storage.url)
    assert len(sweep.rprecision()) == 8 and len(sweep.best()) == 4
    assert list(sweep.diversity(by="variant")["variant"]) == ["base", "w20"]
    assert sweep.compare("base", "w20")["prompts"].tolist() == [1, 1, 1]


def test_kept_tables_are_what_their_schemas_say(storage: Storage) -> None:
    evaluate(storage)
    kept = read_kept(storage, "colours")
    for file, kind in [(kept.objects[0], OBJECTS), (next(iter(kept.answers.values())), ANSWERS)]:
        assert pq.read_schema(storage.path(file.key)).names == kind.names
    assert json.loads(storage.read(paths.EVALUATION_POINTER))["judge"] == "colours"


# ---- what is refused -------------------------------------------------------------------------------------------------


def refused(storage: Storage, **options: object) -> str:
    with pytest.raises(UserError) as error:
        evaluate(storage, **options)  # type: ignore[arg-type]
    assert storage.list(paths.EVALUATION) == []
    return str(error.value)


def test_a_prompt_that_the_captions_lack_is_named(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("prompt\na cherry\na lime\n")
    message = refused(storage, captions=tmp_path / "few.csv")
    assert "few.csv: 'a cat' is a prompt of the sweep and not among these captions: add it" in message
    assert "'a cat' is a prompt" in refused(storage, captions=["a cherry", "a lime"])


def test_a_sweep_without_results_is_refused(tmp_storage: Storage, judge: Counting) -> None:
    assert "holds no sweep" in refused(tmp_storage)
    begin(tmp_storage, CHERRY, LIME)
    assert "has no finished trial yet; see `dreamsweep status" in refused(tmp_storage)
    fail_trial(tmp_storage, LIME)
    assert "has no finished trial: 1 have failed; see `dreamsweep status" in refused(tmp_storage)
    commit_views(tmp_storage, CHERRY, {"depth": [RED]})
    assert "has colour views: there is nothing to judge" in refused(tmp_storage)


def test_failed_trials_are_left_out(storage: Storage) -> None:
    fail_trial(storage, trial("a lime", 9))
    assert len(evaluate(storage).trials) == 5
    assert len(Sweep(storage).trials()) == 6


def test_a_judge_that_guided_is_refused(storage: Storage) -> None:
    commit_views(storage, trial("a cat", 3, "dream_fields", x=1), looks([RED], [RED]), guide="colours")
    assert "guided the trials of 'dream_fields'" in refused(storage)


def test_images_have_no_geometry(tmp_storage: Storage, judge: Counting) -> None:
    begin(tmp_storage, CHERRY, LIME, CAT)
    for made, colour in ((CHERRY, RED), (LIME, RED), (CAT, BLUE)):
        commit_views(tmp_storage, made, {"color": [colour] * 2})
    found = evaluate(tmp_storage)
    assert found.trials[["rank_geometry", "found_geometry", "saw_geometry", "janus"]].isna().all(axis=None)
    assert set(rprecision_table(found)["kind"]) == set(confusions(found)["kind"]) == {"color"}
    assert list(best_seeds(found)["seed"]) == [0, 0, 0]


def test_an_unknown_variant_is_refused_with_those_there_are(storage: Storage) -> None:
    with pytest.raises(UserError, match="no trial of a variant 'w21' has finished; there are base, w20"):
        evaluate(storage).of("w21")


# ---- the bundled judge -----------------------------------------------------------------------------------------------

CAPTIONS = tuple(pd.read_csv(Path(__file__).resolve().parents[2] / "sweeps" / "prompts" / "judged.csv")["prompt"])


@pytest.fixture
def truths(tmp_storage: Storage) -> Storage:
    """Objects as they should be, drawn by the library: every fifteenth of the shipped captions, four views each."""
    prompts = CAPTIONS[::15]
    drawn = truth.around(prompts, 4, 77, DataSettings(side=64, oversampling=1), torch.device("cpu"), lambda *_: None)
    trials = [trial(prompt) for prompt in prompts]
    begin(tmp_storage, *trials)
    for place, made in enumerate(trials):
        kinds = {"color": drawn["color"], "textureless": drawn["geometry"]}
        shown = {kind: over_white(seen.images[seen.item == place], 0).numpy() for kind, seen in kinds.items()}
        commit_pictures(tmp_storage, made, shown)
    return tmp_storage


@pytest.mark.slow
def test_true_objects_are_found(truths: Storage) -> None:
    """12 objects of 12 captions, sought among all 174 of the table. Measured: all 12 in colour and in geometry; of 48
    views alone 48 and 43."""
    table = rprecision_table(evaluate(truths, captions=CAPTIONS)).set_index(["kind", "views"])
    assert (table["trials"] == 12).all() and (table["chance"] == 1 / 174).all()
    assert table.loc[("color", "together"), "found"] >= 11
    assert table.loc[("geometry", "together"), "found"] >= 10
