"""sweeps/README.md says what the code does, because the code wrote it."""

from __future__ import annotations

import re
from pathlib import Path

from dreamcore.config import TrialConfig
from dreamcore.plain import dotted_keys
from pipeline.reference import spec_reference
from pipeline.spec import SweepSpec, parse_spec

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_up_to_date() -> None:
    page = (ROOT / "sweeps" / "README.md").read_text(encoding="utf-8")
    assert page == spec_reference(), "run `python -m pipeline.reference`"


def test_every_field_and_config_key_is_there() -> None:
    page = spec_reference()
    keys = list(dotted_keys(TrialConfig))
    leaves = [key for key in keys if not any(other.startswith(f"{key}.") for other in keys)]
    for key in [*SweepSpec.model_fields, "workers.gpus", "seeds.start", "prompts.where", *leaves]:
        assert f"| `{key}` |" in page, key


def test_every_row_has_as_many_cells_as_its_heading() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", spec_reference(), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table


def test_the_example_is_a_good_spec() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", spec_reference(), re.DOTALL)
    spec = parse_spec(example, "example", None)
    assert len(spec.seeds) * len(spec.configs()) * 2 == 12
