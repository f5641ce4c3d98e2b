"""sweeps/README.md: every field of a spec and every config key, generated from the code that reads them.

`python -m pipeline.reference` writes this page and the other generated ones.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dreamcore.config import TrialConfig
from dreamcore.plain import alternatives, kind_name, to_dict
from dreamcore.presets import PRESETS
from pipeline.deny import DenyFile
from pipeline.priors import PRIORS
from pipeline.prompts import InlinePrompt, PromptFile
from pipeline.spec import SeedRange, SweepSpec

_INTRODUCTION = """# Sweeps

Generated from the code by `python -m pipeline.reference`; a test compares the two.

A sweep is one YAML file. `dreamsweep plan FILE` says what it would run, `dreamsweep run FILE` runs it.

```yaml
name: mugs
prompts: [a red mug, {prompt: a rubber duck, tags: {kind: toy}}]
seeds: {start: 0, count: 3}
set: {steps: 800}
grid: {guidance.scale: [20, 100]}
```

Prompts may also stand in a table: `prompts: {path: prompts/objects.csv, where: "kind == 'food'", limit: 20}`.

The sweep above is 2 prompts x 3 seeds x 2 variants = 12 trials. A trial is known by its prompt, seed, config and
prior, so running a longer list again runs only what is new.
"""

_CAPTIONS = """`prompts/objects.csv` is a short list to begin with. `prompts/captions.csv` is the list for retrieval:
no two of its captions describe the same picture. Its columns are `kind`, `class` and `colour` of the main object;
`directional`, true for what has a front and a back; and `seen`, false for what was held out of the embedded prior's
training on purpose: nine combinations of class and colour, and a penguin with a crown.
"""

_VARIANTS = """## Variants

Without `grid` and `variants` there is one variant, `base`. A cell of the grid is named after its values
(`guidance.scale=20`), a listed variant has the name that it is given, and with both there is each listed variant in
each cell (`name/guidance.scale=20`). `set` comes first, then the variant; a key may be in the grid or in `variants`,
not both.
"""

_CONFIG = """## Config keys

The keys of `set`, `grid` and `variants`, with their values in each preset. A group may also be written as a mapping,
`guidance: {scale: 20}`. A key with `.start`, `.end` and `.until` goes linearly from `start` to `end` while that
fraction of the run passes; a plain number in its place does not move. Lengths are in scene units, angles in degrees.
"""


SWEEPS = Path(__file__).resolve().parents[1] / "sweeps"


def spec_reference(sweeps: Path = SWEEPS) -> str:
    """The whole page as Markdown; `sweeps` is the folder of the sweeps that come along. Raises ValueError for one
    that does not begin with a comment."""
    parts = [_INTRODUCTION, _shipped(sweeps), _CAPTIONS, *_sections(), _VARIANTS, _CONFIG, *_config_groups()]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _shipped(sweeps: Path) -> str:
    """A row for every sweep in the folder: its first line, which is a comment that says what it is."""
    rows = ["## Sweeps that come along", "", "| file | what |", "|---|---|"]
    for path in sorted(sweeps.glob("*.yaml")):
        first, *_ = path.read_text(encoding="utf-8").splitlines() or [""]
        if not first.startswith("# "):
            raise ValueError(f"{path}: begins with {first!r}. Its first line must be a comment that says what it is")
        rows.append(f"| [{path.name}]({path.name}) | {_cell(first.removeprefix('# '))} |")
    return "\n".join(rows)


def _sections() -> Iterator[str]:
    yield "## Fields\n\n" + _field_table(SweepSpec, "")
    for name, field in SweepSpec.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel) and name != "prior":
            yield f"### {name}\n\n{field.description}\n\n{_field_table(field.annotation, name + '.')}"
    yield "### prompts, in the spec\n\n" + _field_table(InlinePrompt, "")
    yield "### prompts, in a file\n\n" + _field_table(PromptFile, "prompts.")
    yield "### deny, in a file\n\n" + _field_table(DenyFile, "deny.")
    yield "### seeds\n\n" + _field_table(SeedRange, "seeds.")
    yield "### prior\n\n" + "\n".join(f"- `{kind}`: {prior.about}" for kind, prior in PRIORS.items())


def _field_table(model: type[BaseModel], prefix: str) -> str:
    rows = ["| key | default | meaning |", "|---|---|---|"]
    rows += [
        f"| `{prefix}{name}` | {_default(field)} | {_cell(field.description or '')} |"
        for name, field in model.model_fields.items()
    ]
    return "\n".join(rows)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        kind = getattr(value, "kind", None)
        return f"`{kind}`" if kind else "below"
    return _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _config_groups() -> Iterator[str]:
    """A table for the keys of the run itself, then one for every group of keys under its own description. A group that
    may be of several kinds has a table for each."""
    groups: dict[str, list[type]] = {}
    for trial in alternatives(TrialConfig):
        hints = typing.get_type_hints(trial)
        plain = {name: hint for name, hint in hints.items() if not alternatives(hint)}
        presets = {name: config for name, config in PRESETS.items() if isinstance(config, trial)}
        run = {preset: {name: getattr(config, name) for name in plain} for preset, config in presets.items()}
        title = f"### The run, presets {', '.join(f'`{name}`' for name in presets)}"
        yield f"{title}\n\n{_cell(trial.__doc__ or '')}\n\n" + _key_table(plain, run)
        for group, hint in hints.items():
            kinds = groups.setdefault(group, []) if group not in plain else []
            kinds += [kind for kind in alternatives(hint) if kind not in kinds]
    for group, kinds in groups.items():
        for kind in kinds:
            title = group if len(kinds) == 1 else f"{group}, `kind: {kind_name(kind)}`"
            yield f"### {title}\n\n{_cell(kind.__doc__ or '')}\n\n" + _key_table({group: kind}, _values(group, kind))


def _values(group: str, kind: Any) -> Mapping[str, Mapping[str, Any]]:
    """What the presets with this kind of group have; where there is none, the kind's defaults."""
    present = {preset: getattr(config, group, None) for preset, config in PRESETS.items()}
    found = {preset: {group: to_dict(value)} for preset, value in present.items() if type(value) is kind}
    return found or {"default": {group: to_dict(kind())}}


def _key_table(roots: Mapping[str, Any], presets: Mapping[str, Mapping[str, Any]]) -> str:
    """One row for each key that holds a value, at any depth below `roots`; a column a preset."""
    values = {preset: dict(_leaves(dict(data), "")) for preset, data in presets.items()}
    rows = [f"| key | takes | {' | '.join(values)} |", "|---" * (len(values) + 2) + "|"]
    for key in next(iter(values.values())):
        shown = " | ".join(_shown(leaves[key]) for leaves in values.values())
        rows.append(f"| `{key}` | {_takes(_hint(roots, key))} | {shown} |")
    return "\n".join(rows)


def _hint(roots: Mapping[str, Any], key: str) -> Any:
    first, *rest = key.split(".")
    hint = roots[first]
    for part in rest:
        hint = typing.get_type_hints(hint)[part]
    return hint


def _takes(hint: Any) -> str:
    """The type of a config key in words."""
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if typing.get_origin(hint) is tuple:
        return f"list of {_WORDS[arguments[0]]}s" if arguments[-1] is Ellipsis else f"{len(arguments)} numbers"
    return _WORDS[hint]


_WORDS = {int: "whole number", float: "number", bool: "true or false", str: "text"}


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, f"{key}.{name}" if key else name)
    else:
        yield key, value


def pages(root: Path) -> dict[Path, str]:
    """Every generated page of the repository, with what it must say."""
    from pipeline.reference_commands import commands_reference
    from pipeline.reference_python import python_reference
    from pipeline.schema import results_reference

    return {
        root / "sweeps" / "README.md": spec_reference(),
        root / "docs" / "results.md": results_reference(),
        root / "docs" / "commands.md": commands_reference(),
        root / "docs" / "python.md": python_reference(),
    }


if __name__ == "__main__":
    for _path, _text in pages(SWEEPS.parent).items():
        _path.write_text(_text, encoding="utf-8")
