"""The sweeps and captions that come along: each is what its comment says. YAML and CSV are read here once more, by
other means than the package's."""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tokenizers import Tokenizer

from dreamcore.assets import MINILM
from dreamcore.config import TrialConfig
from dreamcore.plain import override, to_dict
from dreamcore.presets import PRESETS
from pipeline.plan import Plan, make_plan
from pipeline.prompts import load_prompts
from pipeline.spec import load_spec, parse_spec

SWEEPS = Path(__file__).resolve().parents[2] / "sweeps"
FILES = sorted(SWEEPS.glob("*.yaml"))
RUNGS = ("base", "view_augmentation", "view_prompts", "lighting", "textureless")
# What each rung of the ablation adds to the one before.
ADDED = (
    {"camera.elevation", "camera.position_jitter", "camera.look_at_jitter", "camera.up_jitter"},
    {"prompt.view_dependent"},
    {"shading.lit_probability"},
    {"shading.textureless_probability"},
)
COLOURS = re.compile(
    r"\b(?:(?:light|dark) )?(?:red|orange|yellow|green|blue|purple|pink|brown|black|white|grey|teal|golden|silver)\b"
)
# Combinations of class and colour that were held out of the embedded prior's training.
HELD_OUT = {
    ("car", "teal"),
    ("rocket", "green"),
    ("chair", "pink"),
    ("teapot", "orange"),
    ("guitar", "light blue"),
    ("duck", "red"),
    ("snowman", "green"),
    ("teddy bear", "blue"),
    ("robot", "pink"),
}


def _plan(name: str) -> Plan:
    spec = load_spec(SWEEPS / name)
    return make_plan(spec, load_prompts(spec.prompts, SWEEPS))


def _raw(name: str) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load((SWEEPS / name).read_text(encoding="utf-8"))
    return raw


def _captions() -> list[dict[str, str]]:
    with (SWEEPS / "prompts" / "captions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, Mapping):
            yield from _leaves(item, f"{prefix}{name}.")
        else:
            yield prefix + name, item


def _differing(first: TrialConfig, second: TrialConfig) -> set[str]:
    one, two = dict(_leaves(to_dict(first))), dict(_leaves(to_dict(second)))
    assert one.keys() == two.keys()
    return {key for key in one if one[key] != two[key]}


# ---- every sweep -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_a_sweep_plans_as_many_trials_as_its_lists_say(name: str) -> None:
    raw = _raw(name)
    prompts, seeds = raw["prompts"], raw.get("seeds", [0])
    if isinstance(prompts, dict):
        with (SWEEPS / prompts["path"]).open(encoding="utf-8", newline="") as file:
            count = len(list(csv.DictReader(file)))
        assert "where" not in prompts, "count what passes"
        count = min(count, prompts.get("limit", count))
    else:
        count = len(prompts)
    count *= seeds["count"] if isinstance(seeds, dict) else len(seeds)
    count *= max(len(raw.get("variants", {})), 1) * math.prod(len(values) for values in raw.get("grid", {}).values())
    assert len(_plan(name)) == count


def test_the_sweeps_of_the_paper_are_there() -> None:
    assert {"quickstart.yaml", "paper.yaml", "ablation.yaml", "guidance_scale.yaml"} <= {path.name for path in FILES}


# ---- the ablation ----------------------------------------------------------------------------------------------------


def _published(text: str) -> str:
    """The ablation with the two lines of its comment in place of those that it has."""
    for key in ("preset", "prior"):
        (line,) = re.findall(rf"^#   ({key}: .*)$", text, re.MULTILINE)
        text, count = re.subn(rf"^{key}: .*$", line, text, flags=re.MULTILINE)
        assert count == 1
    return text


@pytest.mark.parametrize("preset", ["practical", "paper"])
def test_each_rung_adds_its_keys_to_the_one_before(preset: str) -> None:
    text = (SWEEPS / "ablation.yaml").read_text(encoding="utf-8")
    spec = parse_spec(_published(text) if preset == "paper" else text, "ablation.yaml", None)
    assert (spec.preset, spec.prior.kind) == (preset, "deepfloyd" if preset == "paper" else "embedded")
    names, rungs = zip(*spec.configs(), strict=True)
    assert names == RUNGS
    assert tuple(_differing(one, two) for one, two in itertools.pairwise(rungs)) == ADDED
    # Cumulative: what a rung added stays.
    assert _differing(rungs[0], rungs[-1]) == set().union(*ADDED)
    assert rungs[-1] == override(PRESETS[preset], {"shading.normals": "always"})


def test_the_base_has_none_of_the_parts() -> None:
    spec = load_spec(SWEEPS / "ablation.yaml")
    base = dict(spec.configs())["base"]
    camera, shading = base.camera, base.shading
    assert camera.elevation == (spec.outputs.elevation, spec.outputs.elevation) == (30.0, 30.0)
    assert camera.azimuth == (0.0, 360.0)
    assert (camera.position_jitter, camera.look_at_jitter, camera.up_jitter) == (0.0, 0.0, 0.0)
    assert (shading.lit_probability, shading.textureless_probability) == (0.0, 0.0)
    assert not base.prompt.view_dependent


def test_the_presets_have_every_part() -> None:
    # A part that the preset itself lacks would be an empty rung.
    for preset in ("practical", "paper"):
        config = PRESETS[preset]
        assert config.shading.lit_probability > 0.0
        assert config.shading.textureless_probability > 0.0
        assert config.prompt.view_dependent
        assert config.camera.elevation[1] - config.camera.elevation[0] >= 90.0


def test_the_ablation_is_of_captions_with_a_front() -> None:
    raw = _raw("ablation.yaml")
    directional = {row["prompt"] for row in _captions() if row["directional"] == "true"}
    assert len(raw["prompts"]) == 8
    assert set(raw["prompts"]) <= directional
    assert len(_plan("ablation.yaml")) == 5 * 8 * 2


# ---- guidance and retrieval ------------------------------------------------------------------------------------------


def test_the_guidance_sweep_crosses_weights_and_seeds() -> None:
    raw, trials = _raw("guidance_scale.yaml"), _plan("guidance_scale.yaml").trials
    cells = [(trial.config["guidance"]["scale"], trial.seed, trial.prompt) for trial in trials]
    assert len(raw["prompts"]) == 2
    assert set(raw["prompts"]) <= {row["prompt"] for row in _captions()}
    assert sorted(cells) == sorted(itertools.product([5, 10, 25, 50, 100], range(6), raw["prompts"]))
    for trial in trials:
        assert {**trial.config, "guidance": None} == {**to_dict(PRESETS["practical"]), "guidance": None}


def test_the_diversity_sweep_has_seeds_to_compare_and_captions_to_seek_among() -> None:
    trials, spec = _plan("diversity.yaml").trials, load_spec(SWEEPS / "diversity.yaml")
    prompts = {trial.prompt for trial in trials}
    with (SWEEPS / "prompts" / "judged.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["prompt"]: row for row in csv.DictReader(file)}
    assert len(prompts) >= 4 and prompts <= set(rows)
    assert all(trial.tags["directional"] == rows[trial.prompt]["directional"] for trial in trials)
    cells = [(trial.prompt, trial.seed, trial.config["guidance"]["scale"]) for trial in trials]
    assert sorted(cells) == sorted(itertools.product(prompts, range(6), (20, 100)))
    assert {trial.variant for trial in trials} == {"w20", "w100"}
    assert (spec.prior.kind, spec.evaluate.judge, spec.evaluate.auto) == ("embedded", "embedded", True)


def test_the_retrieval_protocol() -> None:
    spec, trials = load_spec(SWEEPS / "paper.yaml"), _plan("paper.yaml").trials
    assert len(trials) == 354
    assert sorted((trial.prompt, trial.seed) for trial in trials) == sorted(
        itertools.product([row["prompt"] for row in _captions()], (0, 1))
    )
    assert spec.configs() == (("base", PRESETS["paper"]),)
    assert spec.prior.kind == "deepfloyd"
    assert (spec.outputs.views, spec.outputs.elevation) == (8, 30.0)
    assert {frozenset(trial.tags) for trial in trials} == {frozenset(_captions()[0]) - {"prompt"}}


# ---- the captions ----------------------------------------------------------------------------------------------------


def test_captions_are_many_short_and_of_many_classes() -> None:
    rows = _captions()
    assert list(rows[0]) == ["prompt", "kind", "class", "colour", "directional", "seen"]
    assert all(all(value and value == value.strip() for value in row.values()) for row in rows)
    assert len(rows) >= 160
    assert max(len(row["prompt"]) for row in rows) <= 80
    assert len({row["class"] for row in rows}) >= 120
    assert all(row["directional"] in {"true", "false"} and row["seen"] in {"true", "false"} for row in rows)


def test_no_caption_comes_twice() -> None:
    rows = _captions()
    words = [" ".join(re.findall(r"[a-z]+", row["prompt"].lower())) for row in rows]
    assert len(set(words)) == len(words)
    # Nor does a picture: what is of one class and colour differs in what it stands on or wears.
    pictures = [(row["class"], row["colour"], *re.findall(r" (?:on|wearing) .*", row["prompt"])) for row in rows]
    assert sorted(set(pictures)) == sorted(pictures)


def test_the_embedded_prior_reads_every_caption_to_its_end() -> None:
    tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    for row in _captions():
        tokens = tokenizer.encode(f"{row['prompt']}, overhead view").tokens
        assert "[UNK]" not in tokens, row
        assert len(tokens) <= 20, row  # what comes after the 20th is cut, and the view's words come last


def test_what_has_a_front_is_a_matter_of_class() -> None:
    fronts: dict[str, set[str]] = {}
    for row in _captions():
        fronts.setdefault(row["class"], set()).add(row["directional"])
    assert {name for name, found in fronts.items() if len(found) > 1} == set()
    assert all(fronts[name] == {"true"} for name in ("cat", "car", "chair", "robot", "person", "airplane", "elephant"))
    assert all(fronts[name] == {"false"} for name in ("apple", "ball", "tree", "mug", "rocket", "table", "star"))


def test_colours_are_those_of_the_words() -> None:
    for row in _captions():
        named, colour = COLOURS.findall(row["prompt"]), row["colour"]
        assert colour == "mixed" or COLOURS.fullmatch(colour), row
        if colour != "mixed" and named:
            assert named[0] == colour, row  # the object's own colour comes before those of its parts


def test_what_was_held_out_of_training_is_marked() -> None:
    rows = _captions()
    unseen = [row for row in rows if row["seen"] == "false"]
    crowned = [row["prompt"] for row in rows if "penguin" in row["prompt"] and "crown" in row["prompt"]]
    assert crowned == ["a penguin wearing a crown"]
    assert {(row["class"], row["colour"]) for row in unseen if row["prompt"] not in crowned} == HELD_OUT
    marked = [row["seen"] for row in rows if (row["class"], row["colour"]) in HELD_OUT or row["prompt"] in crowned]
    assert marked == ["false"] * 10
