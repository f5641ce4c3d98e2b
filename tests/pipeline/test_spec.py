"""The spec: what a good one says, and one clear line for everything wrong with a bad one."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dreamcore.plain import override
from dreamcore.presets import preset
from dreamcore.priors.kinds import EMBEDDED_REVISION
from pipeline.errors import UserError
from pipeline.priors import PRIORS
from pipeline.prompts import InlinePrompt, PromptFile
from pipeline.spec import SweepSpec, load_spec, parse_spec

ROOT = Path(__file__).resolve().parents[2]
GOOD = "name: q\nprompts: [a mug]\n"


def _parse(text: str, folder: Path | None = None) -> SweepSpec:
    return parse_spec(text, "s.yaml", folder)


def _faults(text: str, folder: Path | None = None) -> list[str]:
    with pytest.raises(UserError) as caught:
        _parse(text, folder)
    return str(caught.value).splitlines()


def test_reading_a_spec_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pipeline.spec import load_spec; load_spec('sweeps/quickstart.yaml');"
        "sys.exit(bool({'torch', 'ray', 'mlflow', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_the_quickstart() -> None:
    spec = load_spec(ROOT / "sweeps" / "quickstart.yaml")
    assert (spec.name, spec.storage, spec.url) == ("quickstart", "./runs", "./runs/quickstart")
    assert spec.prompts == (InlinePrompt(prompt="a yellow duck"), InlinePrompt(prompt="a penguin wearing a crown"))
    assert spec.seeds == (0, 1)
    assert spec.prior.identity() == {"kind": "embedded", "revision": EMBEDDED_REVISION}
    assert spec.configs() == (("base", preset("quick")),)


@pytest.mark.parametrize("path", sorted((ROOT / "sweeps").glob("*.yaml")), ids=lambda path: path.name)
def test_every_sweep_that_comes_along_is_good(path: Path) -> None:
    assert load_spec(path).name == path.stem


def test_defaults_are_those_of_the_documents() -> None:
    spec = _parse(GOOD)
    plain = spec.model_dump(exclude={"name", "prompts"})
    assert plain == {
        "storage": "./runs",
        "storage_rule": "conditional",
        "deny": (),
        "seeds": (0,),
        "preset": "quick",
        "prior": {"kind": "embedded", "revision": EMBEDDED_REVISION},
        "set": {},
        "grid": {},
        "variants": {},
        "workers": {"gpus": "auto", "cpus": "auto", "max": "auto", "pack": "auto"},
        "retries": {"user": 1, "infrastructure": 5, "out_of_memory": 2, "divergence": 0, "on_divergence": "stop"},
        "checkpoint": {"every_steps": 250, "every_seconds": 120.0, "keep": 2},
        "outputs": {"views": 8, "size": 128, "elevation": 20.0, "mesh": False, "turntable": False},
        "evaluate": {"judge": "embedded", "auto": False},
        "tracking": {"mlflow": "auto"},
    }


def test_a_spec_that_says_everything() -> None:
    spec = _parse(
        """
name: every-thing.2_0
storage: s3://bucket/runs
prompts: {path: t.csv, where: "kind == 'food'", limit: 2}
seeds: {start: 3, count: 2}
preset: practical
prior: {kind: mixture}
set: {steps: 600, optimizer.grid_rate: 1e-2}
grid: {guidance.scale: [20, 100]}
variants: {plain: , wide: {camera: {elevation: [0, 30]}}}
workers: {gpus: 1, cpus: 4, max: 8, pack: auto}
retries: {user: 0, infrastructure: 9, out_of_memory: 0, divergence: 1, on_divergence: reseed}
checkpoint: {every_steps: 10, every_seconds: 1.5, keep: 1}
outputs: {views: 4, size: 64, elevation: 30}
tracking: {mlflow: "http://host:5000"}
"""
    )
    assert spec.url == "s3://bucket/runs/every-thing.2_0"
    assert spec.prompts == PromptFile(path="t.csv", where="kind == 'food'", limit=2)
    assert spec.seeds == (3, 4)
    assert spec.outputs.elevation == 30.0
    assert spec.prior.identity() == {"kind": "mixture"}
    base = override(preset("practical"), {"steps": 600, "optimizer.grid_rate": 0.01})
    wide = {"camera.elevation": [0, 30], "guidance.scale": 100}
    assert [name for name, _ in spec.configs()] == [
        "plain/guidance.scale=20",
        "plain/guidance.scale=100",
        "wide/guidance.scale=20",
        "wide/guidance.scale=100",
    ]
    assert dict(spec.configs())["wide/guidance.scale=100"] == override(base, wide)
    assert (spec.workers.gpus, spec.workers.pack) == (1, "auto")
    assert spec.checkpoint.every_seconds == 1.5


def test_a_spec_cannot_be_changed_and_pickles() -> None:
    spec = _parse(GOOD)
    with pytest.raises(ValidationError, match="frozen"):
        spec.name = "other"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(spec)) == spec  # noqa: S301  ours, a moment ago


def test_inline_prompts_with_tags() -> None:
    spec = _parse("name: q\nprompts: [a mug, {prompt: ' a duck ', tags: {kind: toy}}]\n")
    assert spec.prompts == (InlinePrompt(prompt="a mug"), InlinePrompt(prompt="a duck", tags={"kind": "toy"}))


@pytest.mark.parametrize("written", ["off", "'off'", "no", "false"])
def test_off_is_off_however_yaml_reads_it(written: str) -> None:
    assert _parse(GOOD + f"tracking: {{mlflow: {written}}}\n").tracking.mlflow == "off"


@pytest.mark.parametrize(
    ("storage", "url"), [("./runs", "./runs/q"), ("runs/", "runs/q"), ("/", "/q"), ("memory://", "memory://q")]
)
def test_the_sweep_lives_in_the_storage_under_its_name(storage: str, url: str) -> None:
    assert _parse(GOOD + f"storage: {storage}\n").url == url


ONE_FAULT = [
    ("prompts: [a mug]\n", "s.yaml:1: name: is required"),
    ("name: q\n", "s.yaml:1: prompts: is required"),
    ("name: A b\nprompts: [a]\n", 's.yaml:1: name = "A b": must be 1 to 64 of a-z, 0-9, dot, dash and underscore'),
    ("name: ../x\nprompts: [a]\n", 's.yaml:1: name = "../x": must be 1 to 64 of'),
    ('name: "a\\n"\nprompts: [a]\n', "s.yaml:1: name = "),
    (f"name: {'a' * 65}\nprompts: [a]\n", "s.yaml:1: name = "),
    ("name: 12\nprompts: [a]\n", "s.yaml:1: name = 12: must be text"),
    (
        GOOD + "seed: 3\n",
        "s.yaml:3: seed = 3: unknown key. Did you mean seeds? Known keys: name, storage,",
    ),
    (GOOD + "judging: {clip: embedded}\n", 's.yaml:3: judging = {"clip": "embedded"}: unknown key. Known keys:'),
    (
        GOOD + "evaluate: {clip: embedded}\n",
        's.yaml:3: evaluate.clip = "embedded": unknown key. Known keys: judge, auto',
    ),
    (
        GOOD + "outputs: {meshes: true}\n",
        "s.yaml:3: outputs.meshes = true: unknown key. Did you mean mesh? Known keys: views, size",
    ),
    (
        GOOD + "workers:\n  gpu: 1\n",
        "s.yaml:4: workers.gpu = 1: unknown key. Did you mean gpus? Known keys: gpus, cpus",
    ),
    (GOOD + "seeds: [0, 1.5]\n", "s.yaml:3: seeds[1] = 1.5: must be a whole number"),
    (GOOD + "seeds: [true]\n", "s.yaml:3: seeds[0] = true: must be a whole number"),
    (GOOD + "seeds:\n - 0\n - '3'\n", 's.yaml:5: seeds[1] = "3": must be a whole number'),
    (GOOD + "seeds: [-1]\n", "s.yaml:3: seeds[0] = -1: must be at least 0"),
    (GOOD + "seeds: [9223372036854775808]\n", "must be at most 9223372036854775807"),
    (GOOD + "seeds: [1, 2, 1]\n", "s.yaml:3: seeds = [1, 2, 1]: has the seed 1 twice. Remove one"),
    (GOOD + "seeds: []\n", "s.yaml:3: seeds = []: must not be empty"),
    (GOOD + "seeds: 3\n", "s.yaml:3: seeds = 3: must be a list of whole numbers or a mapping of start and count"),
    (GOOD + "seeds: {start: 1}\n", "s.yaml:3: seeds.count: is required"),
    (GOOD + "seeds: {count: 0}\n", "s.yaml:3: seeds.count = 0: must be at least 1"),
    (
        GOOD + "seeds: {count: 2, stat: 1}\n",
        "s.yaml:3: seeds.stat = 1: unknown key. Did you mean start? Known keys: start",
    ),
    ("name: q\nprompts: []\n", "s.yaml:2: prompts = []: must not be empty"),
    ("name: q\nprompts:\n", "s.yaml:2: prompts = null: must be a list of prompts or a mapping with the path"),
    ("name: q\nprompts: a mug\n", 's.yaml:2: prompts = "a mug": must be a list of prompts'),
    (
        "name: q\nprompts:\n - yes\n",
        "s.yaml:3: prompts[0] = true: must be text or a mapping of prompt and tags. Put words",
    ),
    ("name: q\nprompts:\n - a\n - 12\n", "s.yaml:4: prompts[1] = 12: must be text or a mapping of prompt and tags."),
    ("name: q\nprompts: [' ']\n", 's.yaml:2: prompts[0] = " ": is blank. A prompt says what to make'),
    ('name: q\nprompts: ["a\\nb"]\n', 'prompts[0] = "a\\nb": has U+000A at 1, which is no printable character'),
    (f"name: q\nprompts: [{'x' * 1001}]\n", "has 1001 characters. A prompt may have 1000"),
    ("name: q\nprompts: [a, b, a]\n", 's.yaml:2: prompts = ["a", "b", "a"]: has \'a\' twice, at 0 and 2. Remove one'),
    (
        "name: q\nprompts: [{text: a, prompt: b}]\n",
        's.yaml:2: prompts[0].text = "a": unknown key. Known keys: prompt, tags',
    ),
    ("name: q\nprompts: [{tags: {a: b}}]\n", "s.yaml:2: prompts[0].prompt: is required"),
    ("name: q\nprompts: [{prompt: a, tags: {n: 1}}]\n", "s.yaml:2: prompts[0].tags.n = 1: must be text"),
    ("name: q\nprompts: {path: t.txt}\n", 's.yaml:2: prompts.path = "t.txt": must be a file that ends in .csv, .jsonl'),
    ("name: q\nprompts: {path: t.csv, limit: 0}\n", "s.yaml:2: prompts.limit = 0: must be at least 1"),
    ("name: q\nprompts:\n  path: t.csv\n  where: kind = 3\n", 's.yaml:4: prompts.where = "kind = 3": cannot be read ('),
    (
        "name: q\nprompts: {path: t.csv, were: a}\n",
        'prompts.were = "a": unknown key. Did you mean where? Known keys: path',
    ),
    (
        GOOD + "preset: quik\n",
        's.yaml:3: preset = "quik": unknown preset quik. Did you mean quick? Known presets: quick,',
    ),
    (
        GOOD + "prior: embeded\n",
        's.yaml:3: prior = "embeded": unknown prior. Did you mean embedded? Known priors: embedded',
    ),
    (
        GOOD + "prior: {kind: dalle}\n",
        's.yaml:3: prior = {"kind": "dalle"}: unknown prior. Known priors: embedded, mixture',
    ),
    (GOOD + "prior: {kind: mixture, model: x}\n", 's.yaml:3: prior.model = "x": unknown key. Known keys: kind'),
    (GOOD + "prior: {model: x}\n", "must be a kind or a mapping with a kind. Known kinds: embedded, mixture"),
    (GOOD + "prior: 3\n", "s.yaml:3: prior = 3: must be a kind or a mapping with a kind"),
    (
        GOOD + "set: {guidance.scal: 3}\n",
        "s.yaml:3: set.guidance.scal = 3: unknown key guidance.scal. Did you mean guidance.s",
    ),
    (GOOD + "set:\n  steps: 10\n  views: 0\n", "s.yaml:5: set.views = 0: must be at least 1"),
    (GOOD + "set: [a]\n", 's.yaml:3: set = ["a"]: must be a mapping'),
    (GOOD + "grid: {steps: 3}\n", "s.yaml:3: grid.steps = 3: must be a list"),
    (GOOD + "grid: {steps: []}\n", "s.yaml:3: grid.steps = []: must not be empty"),
    (GOOD + "grid:\n  steps:\n  - 1\n  - x\n", 's.yaml:6: grid.steps[1] = "x": must be a whole number'),
    (GOOD + "variants: {a/b: {}}\n", "s.yaml:3: variants.a/b = {}: must be 1 to 64 of A-Z, a-z"),
    (GOOD + "variants: {a: 3}\n", "s.yaml:3: variants.a = 3: must be a mapping"),
    (GOOD + "workers: {gpus: 2}\n", "s.yaml:3: workers.gpus = 2: must be auto or a whole number, from 0 to 1"),
    (GOOD + "workers: {cpus: 0}\n", "s.yaml:3: workers.cpus = 0: must be auto or a whole number, at least 1"),
    (GOOD + "workers: {pack: true}\n", "s.yaml:3: workers.pack = true: must be auto or a whole number"),
    (GOOD + "workers:\n", "s.yaml:3: workers = null: must be a mapping"),
    (GOOD + "retries: {user: -1}\n", "s.yaml:3: retries.user = -1: must be at least 0"),
    (GOOD + "checkpoint: {every_seconds: 0}\n", "s.yaml:3: checkpoint.every_seconds = 0: must be above 0"),
    (GOOD + "checkpoint: {every_seconds: .inf}\n", "checkpoint.every_seconds = Infinity: must be finite"),
    (GOOD + "outputs: {views: 1000}\n", "s.yaml:3: outputs.views = 1000: must be at most 360"),
    (GOOD + "outputs: {elevation: 91}\n", "s.yaml:3: outputs.elevation = 91: must be at most 90"),
    (GOOD + "outputs: {elevation: -90.5}\n", "s.yaml:3: outputs.elevation = -90.5: must be at least -90"),
    (GOOD + "outputs: {elevation: .nan}\n", "s.yaml:3: outputs.elevation = NaN: must be finite"),
    (GOOD + "outputs: {elevation: high}\n", 's.yaml:3: outputs.elevation = "high": must be a number'),
    (
        GOOD + "tracking: {mlflow: of}\n",
        's.yaml:3: tracking.mlflow = "of": must be auto, off or a tracking URI such as',
    ),
    (GOOD + "tracking: {mlflow: on}\n", "s.yaml:3: tracking.mlflow = true: must be auto, off"),
    (GOOD + "storage: ''\n", 's.yaml:3: storage = "": must be a folder or a URL'),
    (GOOD + "name: r\n", 's.yaml:1: name = "q": is given twice, again in line 3'),
    (GOOD + "storage: !!python/name:os.system x\n", "python/name:os.system is not allowed"),
    (GOOD + "<<: {seeds: [1]}\n", 's.yaml:3: << = {"seeds": [1]}: unknown key.'),
    ("", "s.yaml:1: is empty"),
    ("- name: q\n", "s.yaml:1: must be a mapping"),
    ("name: q\n\tprompts: [a]\n", "s.yaml:2: is not valid YAML"),
]


@pytest.mark.parametrize(("text", "message"), ONE_FAULT, ids=[message[:60] for _, message in ONE_FAULT])
def test_one_fault_is_one_clear_line(text: str, message: str) -> None:
    (line,) = _faults(text)
    assert message in line


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    faults = _faults(
        """\
name: Q
seed: 3
prompts:
  - yes
  - a mug
seeds: [0, 1.5]
set: {guidance.scal: 3}
prior: embeded
"""
    )
    assert [fault.split(" =")[0] for fault in faults] == [
        "s.yaml:1: name",
        "s.yaml:2: seed",
        "s.yaml:4: prompts[0]",
        "s.yaml:6: seeds[1]",
        "s.yaml:7: set.guidance.scal",
        "s.yaml:8: prior",
    ]


def test_a_missing_prompt_table_is_told_with_its_line(tmp_path: Path) -> None:
    text = "name: q\nprompts:\n  path: t.csv\n"
    assert _faults(text, tmp_path) == [f's.yaml:3: prompts.path = "t.csv": {tmp_path}/t.csv: there is no such file']
    (tmp_path / "t.csv").write_text("prompt\na\n")
    assert isinstance(_parse(text, tmp_path).prompts, PromptFile)


def test_tables_are_looked_for_beside_the_file_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv").write_text("prompt\na\n")
    (tmp_path / "s.yaml").write_text("name: q\nprompts: {path: t.csv}\n")
    monkeypatch.chdir("/")
    assert load_spec(tmp_path / "s.yaml").name == "q"


def test_a_missing_spec_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.yaml: cannot be read: No such file"):
        load_spec(tmp_path / "none.yaml")


def test_every_prior_says_what_it_is() -> None:
    for kind, prior in PRIORS.items():
        assert prior.model_fields["kind"].default == kind
        assert prior.about.endswith(".")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(list(SweepSpec.model_fields)), plain, min_size=1))
def test_whatever_a_file_holds_the_answer_is_a_spec_or_a_user_error(data: dict[str, Any]) -> None:
    # The safe dumper folds long text over lines and escapes what YAML forbids, as a file on disk would.
    text = yaml.safe_dump({"name": "q", "prompts": ["a mug"], **data})
    try:
        spec = _parse(text)
    except UserError as error:
        assert all(line.startswith("s.yaml:") for line in str(error).splitlines())
    else:
        assert spec.configs()
