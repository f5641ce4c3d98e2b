"""The plan: every cell once, in a stable order, under ids that depend on content alone; and its life in storage."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamcore.plain import override, to_dict
from dreamcore.presets import preset
from dreamcore.priors.kinds import EMBEDDED_REVISION
from pipeline import paths
from pipeline import plan as plan_module
from pipeline.errors import StorageError, UserError
from pipeline.plan import (
    Plan,
    from_table,
    make_plan,
    store_plan,
    store_settings,
    stored_plan,
    stored_spec,
    to_table,
    with_children,
)
from pipeline.prompts import PromptRow, load_prompts
from pipeline.spec import SweepSpec, load_spec, parse_spec
from pipeline.storage import Storage
from pipeline.trial import Trial, reseeded, trial_id

ROOT = Path(__file__).resolve().parents[2]
GRID = "grid: {guidance.scale: [20, 100]}\n"


def _spec(extra: str = "", prompts: str = "[a mug, a duck]", seeds: str = "[0, 1]") -> SweepSpec:
    return parse_spec(f"name: q\nprompts: {prompts}\nseeds: {seeds}\n{extra}", "s.yaml", None)


def _plan(extra: str = "", prompts: str = "[a mug, a duck]", seeds: str = "[0, 1]") -> Plan:
    spec = _spec(extra, prompts, seeds)
    return make_plan(spec, load_prompts(spec.prompts, Path()))


def _ids(plan: Plan) -> list[str]:
    return [trial.trial_id for trial in plan.trials]


def test_planning_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.plan import make_plan;"
        "from pipeline.spec import load_spec; from pipeline.prompts import load_prompts;"
        "spec = load_spec('sweeps/quickstart.yaml');"
        "assert len(make_plan(spec, load_prompts(spec.prompts, Path('sweeps')))) == 4;"
        "sys.exit(bool({'torch', 'ray', 'mlflow', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_the_quickstart_has_four_trials() -> None:
    spec = load_spec(ROOT / "sweeps" / "quickstart.yaml")
    plan = make_plan(spec, load_prompts(spec.prompts, ROOT / "sweeps"))
    cells = [(trial.prompt, trial.seed, trial.variant) for trial in plan.trials]
    assert cells == [(p, s, "base") for p in ("a yellow duck", "a penguin wearing a crown") for s in (0, 1)]


def test_the_order_is_variant_then_prompt_then_seed() -> None:
    cells = [(trial.variant, trial.prompt, trial.seed) for trial in _plan(GRID, seeds="[7, 3]").trials]
    assert cells == list(product(["guidance.scale=20", "guidance.scale=100"], ["a mug", "a duck"], [7, 3]))


def test_a_trial_holds_its_whole_resolved_content() -> None:
    prompts = "[{prompt: a mug, tags: {kind: thing}}]"
    (trial,) = _plan("set: {steps: 7}\nvariants: {v: {guidance.scale: 3}}\nprior: mixture\n", prompts, "[5]").trials
    config = to_dict(override(preset("quick"), {"steps": 7, "guidance.scale": 3}))
    assert trial == Trial(
        trial_id=trial_id("a mug", 5, config, {"kind": "mixture"}),
        prompt="a mug",
        seed=5,
        variant="v",
        config=config,
        prior={"kind": "mixture"},
        tags={"kind": "thing"},
    )
    assert trial.steps == 7


def test_the_same_spec_gives_the_same_plan() -> None:
    assert _plan(GRID) == _plan(GRID)


prompt_lists = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5, unique=True)
seed_lists = st.lists(st.integers(0, 99), min_size=1, max_size=5, unique=True)


@given(prompt_lists, prompt_lists, seed_lists, seed_lists, st.booleans())
def test_a_sweep_that_grows_keeps_its_ids(
    prompts: list[str], more_prompts: list[str], seeds: list[int], more_seeds: list[int], grid: bool
) -> None:
    extra = GRID if grid else ""
    grown_prompts = list(dict.fromkeys([*more_prompts, *prompts]))
    grown_seeds = list(dict.fromkeys([*more_seeds, *seeds]))
    small = _plan(extra, json.dumps(prompts), json.dumps(seeds))
    large = _plan(extra, json.dumps(grown_prompts), json.dumps(grown_seeds))
    assert set(_ids(small)) <= set(_ids(large))
    assert len(set(_ids(large))) == len(large) == len(grown_prompts) * len(grown_seeds) * (1 + grid)


@given(st.permutations(["a", "b", "c"]), st.permutations([0, 1, 2]))
def test_order_and_tags_and_names_do_not_change_ids(prompts: list[str], seeds: list[int]) -> None:
    rows = [PromptRow(prompt=prompt, tags={"place": str(i)}) for i, prompt in enumerate(prompts)]
    spec = _spec(f"variants: {{other: {{steps: {preset('quick').steps}}}}}\n", seeds=json.dumps(seeds))
    assert set(_ids(make_plan(spec, rows))) == set(_ids(_plan("", "[a, b, c]", "[0, 1, 2]")))


@pytest.mark.parametrize("change", ["set: {steps: 7}\n", "preset: practical\n", "prior: mixture\n"])
def test_other_settings_are_other_trials(change: str) -> None:
    assert set(_ids(_plan())).isdisjoint(_ids(_plan(change)))


@pytest.mark.parametrize("change", ["workers: {pack: 1}\n", "outputs: {views: 2}\n", "retries: {user: 0}\n"])
def test_how_a_sweep_is_run_is_no_part_of_a_trial(change: str) -> None:
    assert _plan() == _plan(change)


@pytest.mark.parametrize(
    ("extra", "names"),
    [
        ("variants: {one: {guidance.scale: 20}, two: {guidance: {scale: 20.0}}}\n", ["variant one", "variant two"]),
        ("grid: {guidance.scale: [20, 20.0]}\n", ["variant guidance.scale=20)", "variant guidance.scale=20.0)"]),
        ("grid: {guidance.scale: [20, 20]}\n", ["variant guidance.scale=20)", "variant guidance.scale=20)"]),
    ],
)
def test_variants_that_are_the_same_run_are_told_by_name(extra: str, names: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        _plan(extra)
    assert all(name in str(caught.value) for name in names)
    assert "the same trial is planned twice, as (prompt 'a mug', seed 0, " in str(caught.value)


def test_a_plan_refuses_the_same_trial_twice() -> None:
    trials = _plan().trials
    for double in ((trials[0], trials[0]), (*trials, trials[1])):
        with pytest.raises(UserError, match="planned twice"):
            Plan(double)


def test_as_many_trials_as_are_allowed_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "MAX_TRIALS", 4)
    assert len(_plan()) == 4
    with pytest.raises(UserError, match="are 6 trials; a sweep may have 4"):
        _plan(seeds="[0, 1, 2]")


def test_too_many_trials_are_told_before_they_are_made() -> None:
    rows = [PromptRow(prompt=f"p{i}", tags={}) for i in range(11)]
    with pytest.raises(UserError, match=r"1 variants x 11 prompts x 100000 seeds are 1100000 trials; a sweep may have"):
        make_plan(_spec(seeds="{count: 100000}"), rows)


# ---- as a table ------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers() | st.floats(allow_nan=False)
plain = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    configs = st.dictionaries(texts, plain, max_size=4)
    shared = draw(st.lists(st.builds(lambda c, n: {**c, "steps": n}, configs, st.integers(1, 10**8)), min_size=1))
    trial = st.builds(
        Trial,
        trial_id=st.text("0123456789abcdef", min_size=20, max_size=20),
        prompt=texts,
        seed=st.integers(0, 2**63 - 1),
        variant=texts,
        config=st.sampled_from(shared),
        prior=st.dictionaries(texts, plain, max_size=3),
        tags=st.dictionaries(texts, texts, max_size=3),
    )
    return Plan(tuple(draw(st.lists(trial, max_size=6, unique_by=lambda made: made.trial_id))))


@settings(max_examples=25)
@given(plans())
def test_a_plan_comes_back_exactly_through_parquet(plan: Plan) -> None:
    file = io.BytesIO()
    pq.write_table(to_table(plan), file)
    back = from_table(pq.read_table(pa.BufferReader(file.getvalue())))
    assert back == plan
    assert repr(back) == repr(plan)  # 1 and 1.0 and True are equal but not the same


def test_the_table_reads_without_our_code() -> None:
    rows = to_table(_plan(GRID)).to_pylist()
    assert [row["seed"] for row in rows] == [0, 1] * 4
    assert rows[0]["steps"] == preset("quick").steps
    assert json.loads(rows[0]["config"])["guidance"]["scale"] == 20
    assert json.loads(rows[0]["prior"]) == {"kind": "embedded", "revision": EMBEDDED_REVISION}
    assert json.loads(rows[0]["tags"]) == {}


def test_trials_that_shared_a_config_share_it_again() -> None:
    trials = from_table(to_table(_plan())).trials
    assert all(trial.config is trials[0].config for trial in trials)


@pytest.mark.parametrize("plan", [Plan(), _plan(GRID)], ids=["empty", "full"])
def test_the_table_has_these_columns_whatever_is_in_it(plan: Plan) -> None:
    text, words = pa.string(), pa.dictionary(pa.int32(), pa.string())
    columns = {"trial_id": text, "variant": text, "prompt": text, "seed": pa.int64(), "steps": pa.int32()}
    columns |= {"parent": text, "tags": words, "prior": words, "config": words}
    assert to_table(plan).schema.equals(pa.schema(list(columns.items())))


def test_a_trial_that_took_the_place_of_another_remembers_it() -> None:
    (trial,) = _plan(prompts="[a mug]", seeds="[0]").trials
    family = Plan((trial, reseeded(trial)))
    table = to_table(family)
    assert table["parent"].to_pylist() == [None, trial.trial_id]
    assert from_table(table) == family
    assert from_table(table.drop_columns(["parent"])).trials[1].parent == "", "plans of before had no such column"
    forged = table.set_column(table.schema.get_field_index("parent"), "parent", pa.array([None, "../etc"]))
    with pytest.raises(ValueError, match="'../etc' is no trial id"):
        from_table(forged)


def test_a_table_that_holds_no_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="a plan has a column 'prior'"):
        from_table(to_table(_plan()).drop_columns(["prior"]))
    with pytest.raises(ValueError, match="is no trial id"):
        from_table(to_table(_plan()).set_column(0, "trial_id", pa.array(["../../x"] * 4)))


# ---- in storage ------------------------------------------------------------------------------------------------------


def test_a_new_sweep_has_an_empty_plan(tmp_storage: Storage) -> None:
    assert stored_plan(tmp_storage) == Plan()
    assert stored_spec(tmp_storage) is None
    assert tmp_storage.list() == []


def test_children_come_along_with_their_parents_once() -> None:
    first, second = _plan(seeds="[0]").trials
    child, stranger = reseeded(first), reseeded(reseeded(second))
    stored = Plan((second, child, stranger))
    assert with_children(Plan((first, second)), stored) == Plan((first, second, child))
    assert with_children(Plan((first, child)), stored) == Plan((first, child)), "it is there already"
    assert with_children(Plan((second,)), stored) == Plan((second,)), "the parent of neither"


def test_settings_are_those_of_the_last_run_and_written_only_when_they_change(tmp_storage: Storage) -> None:
    store_plan(tmp_storage, _plan(), "one")
    store_plan(tmp_storage, _plan(seeds="[2]"), "two")
    assert stored_spec(tmp_storage) == "two"
    store_settings(tmp_storage, "two")
    assert not tmp_storage.exists(paths.SETTINGS), "the newest part says it"
    store_settings(tmp_storage, "three: ü")
    assert stored_spec(tmp_storage) == "three: ü"
    assert tmp_storage.read(paths.SETTINGS) == "three: ü".encode()


def test_a_part_without_a_spec_is_read_all_the_same(tmp_storage: Storage) -> None:
    sink = io.BytesIO()
    pq.write_table(to_table(_plan()).replace_schema_metadata(None), sink)
    tmp_storage.write(paths.plan_part(0), sink.getvalue())
    assert stored_plan(tmp_storage) == _plan()
    assert stored_spec(tmp_storage) == ""


def test_the_first_run_writes_part_zero(tmp_storage: Storage) -> None:
    plan = _plan(GRID)
    assert store_plan(tmp_storage, plan, "name: é\n") == plan
    assert tmp_storage.list() == ["plan/0000.parquet", "spec/0000.yaml"]
    assert tmp_storage.read("spec/0000.yaml").decode() == stored_spec(tmp_storage) == "name: é\n"
    assert stored_plan(tmp_storage) == plan


def test_nothing_new_writes_nothing(tmp_storage: Storage) -> None:
    store_plan(tmp_storage, _plan(), "first")
    before = {key: tmp_storage.read(key) for key in tmp_storage.list()}
    assert store_plan(tmp_storage, _plan(), "second") == Plan()
    assert store_plan(tmp_storage, _plan(prompts="[a duck]"), "third") == Plan()
    assert store_plan(tmp_storage, Plan(), "fourth") == Plan()
    assert {key: tmp_storage.read(key) for key in tmp_storage.list()} == before


def test_an_extension_adds_a_part_with_the_new_trials_alone(tmp_storage: Storage) -> None:
    first, second = _plan(), _plan(seeds="[2, 1, 0]")
    store_plan(tmp_storage, first, "first")
    old = tmp_storage.read("plan/0000.parquet")
    new = store_plan(tmp_storage, second, "second")
    assert [(trial.prompt, trial.seed) for trial in new.trials] == [("a mug", 2), ("a duck", 2)]
    assert tmp_storage.list("plan") == ["plan/0000.parquet", "plan/0001.parquet"]
    assert tmp_storage.read("plan/0000.parquet") == old
    assert stored_plan(tmp_storage).trials == first.trials + new.trials
    assert stored_spec(tmp_storage) == "second"


def test_parts_are_read_by_number_and_foreign_files_are_left_alone(tmp_storage: Storage) -> None:
    for seed in range(12):
        store_plan(tmp_storage, _plan(prompts="[a]", seeds=f"[{seed}]"), str(seed))
    tmp_storage.write("plan/notes.txt", b"mine")
    assert [trial.seed for trial in stored_plan(tmp_storage).trials] == list(range(12))
    assert stored_spec(tmp_storage) == "11"


def test_racing_writers_each_write_what_is_still_missing(tmp_storage: Storage) -> None:
    # Every two neighbours want a trial in common.
    wanted = [_plan(prompts="[a]", seeds=f"[{i}, {i + 1}]") for i in range(6)]
    together = threading.Barrier(len(wanted))

    def write(plan: Plan) -> Plan:
        together.wait()
        return store_plan(tmp_storage, plan, "spec")

    with ThreadPoolExecutor(len(wanted)) as pool:
        added = list(pool.map(write, wanted))
    assert sorted(trial.seed for trial in stored_plan(tmp_storage).trials) == list(range(7))
    assert sum(len(plan) for plan in added) == 7


class _Dies(Storage):
    """A process that ends right before it writes a spec."""

    def create(self, key: str, data: bytes) -> bool:
        if key.startswith("spec/"):
            raise KeyboardInterrupt
        return super().create(key, data)


def test_a_writer_that_dies_half_way_costs_nothing(tmp_storage: Storage) -> None:
    with pytest.raises(KeyboardInterrupt):
        store_plan(_Dies(tmp_storage.url), _plan(), "first")
    assert tmp_storage.list() == ["plan/0000.parquet"]
    assert stored_spec(tmp_storage) == "first"
    assert store_plan(tmp_storage, _plan(), "again") == Plan()
    assert tmp_storage.read("spec/0000.yaml") == b"first"


def test_a_damaged_part_is_told_by_name(tmp_storage: Storage) -> None:
    tmp_storage.write("plan/0000.parquet", b"PAR1 nothing")
    with pytest.raises(StorageError, match=r"plan/0000.parquet cannot be read as a plan"):
        stored_plan(tmp_storage)


BAD = [
    ("unknown key", "name: q\nprompts: [a]\nsteps: 3\n"),
    ("empty prompt list", "name: q\nprompts: []\n"),
    ("empty prompt table", "name: q\nprompts: {path: empty.csv}\n"),
    ("the same trial twice", "name: q\nprompts: [a]\ngrid: {steps: [5, 5]}\n"),
    ("repeated seed", "name: q\nprompts: [a]\nseeds: [1, 1]\n"),
    ("repeated prompt in a table", "name: q\nprompts: {path: twice.csv}\n"),
    ("seed that is no integer", "name: q\nprompts: [a]\nseeds: [1.5]\n"),
    ("missing file", "name: q\nprompts: {path: none.csv}\n"),
    ("unwritable storage", "name: q\nprompts: [a]\nstorage: empty.csv/runs\n"),
    ("unknown storage", "name: q\nprompts: [a]\nstorage: nothing://bucket/runs\n"),
    ("unknown prior", "name: q\nprompts: [a]\nprior: dalle\n"),
]


@pytest.mark.parametrize("text", [text for _, text in BAD], ids=[name for name, _ in BAD])
def test_bad_input_is_one_message_and_nothing_written(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.csv").write_text("prompt\n")
    (tmp_path / "twice.csv").write_text("prompt\na\na\n")
    (tmp_path / "s.yaml").write_text(text)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError) as caught:
        spec = load_spec("s.yaml")
        plan = make_plan(spec, load_prompts(spec.prompts, Path()))
        storage = Storage(spec.url)
        storage.check_writable()
        store_plan(storage, plan, text)
    assert len(str(caught.value).splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before
