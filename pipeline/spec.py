"""What a sweep is: one YAML file, read into a `SweepSpec` that has checked itself.

Every problem is reported at once, a line each: file, line, dotted key, value, and what to write instead. The field
descriptions here are the reference in sweeps/README.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SerializeAsAny,
    TypeAdapter,
    ValidationError,
)

from dreamcore import presets
from dreamcore.config import TrialConfig
from dreamcore.plain import override
from pipeline.deny import MAX_ENTRIES, Deny, DenyFile, parse_entry
from pipeline.document import Place, Problem, parse_document, read_text, unknown
from pipeline.errors import UserError
from pipeline.priors import PRIORS, EmbeddedPrior, Prior, read_prior
from pipeline.prompts import InlinePrompt, PromptFile, Prompts, prompt_file, repeated_prompt
from pipeline.secrets import has_user_info
from pipeline.section import Section, fault_text
from pipeline.variants import override_problems, resolve

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
VARIANT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MAX_SEED = 2**63 - 1
MAX_SEEDS = 1_000_000


# ---- the sections ----------------------------------------------------------------------------------------------------


def _auto_or(low: int, high: int | None = None) -> PlainValidator:
    bound = f"at least {low}" if high is None else f"from {low} to {high}"

    def check(value: object) -> object:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value == "auto" or (whole and low <= value and (high is None or value <= high)):  # type: ignore[operator]
            return value
        raise ValueError(f"must be auto or a whole number, {bound}")

    return PlainValidator(check)


class Workers(Section):
    gpus: Annotated[int | Literal["auto"], _auto_or(0, 1)] = Field(
        default="auto", description="GPUs of one worker: 1, 0 for a CPU worker, or `auto`: 1 if there is any GPU."
    )
    cpus: Annotated[int | Literal["auto"], _auto_or(1)] = Field(default="auto", description="CPU cores of one worker.")
    max: Annotated[int | Literal["auto"], _auto_or(1)] = Field(
        default="auto", description="Workers at once at most; `auto`: as many as fit."
    )
    pack: Annotated[int | Literal["auto"], _auto_or(1)] = Field(
        default="auto", description="Trials that one worker advances together; `auto`: as many as its device suits."
    )


class Retries(Section):
    """How often a trial is tried again, by what went wrong. A preemption is never counted."""

    user: int = Field(default=1, ge=0, description="After an exception that will likely come again.")
    infrastructure: int = Field(default=5, ge=0, description="After a lost worker, node or storage.")
    out_of_memory: int = Field(default=2, ge=0, description="After running out of memory, in smaller packs.")
    divergence: int = Field(default=0, ge=0, description="After the optimisation diverged.")
    on_divergence: Literal["stop", "reseed"] = Field(
        default="stop",
        description="What then: `stop` leaves it at that; `reseed` adds, once, the same trial with another seed, which "
        "names the one that failed as its `parent`.",
    )


class Checkpoint(Section):
    every_steps: int = Field(default=250, ge=1, description="Steps between checkpoints of a trial at most.")
    every_seconds: float = Field(default=120.0, gt=0, allow_inf_nan=False, description="Seconds between them at most.")
    keep: int = Field(default=2, ge=1, description="Checkpoints kept of a running trial; older ones are removed.")


class Outputs(Section):
    views: int = Field(default=8, ge=1, le=360, description="Views rendered of a finished trial, around the object.")
    size: int = Field(default=128, ge=16, le=4096, description="Side of a rendered view in pixels.")
    elevation: float = Field(
        default=20.0,
        ge=-90.0,
        le=90.0,
        allow_inf_nan=False,
        description="Degrees above the horizon that views are rendered from; the published R-Precision has 30.",
    )
    mesh: bool = Field(default=False, description="Whether a finished trial leaves `mesh.glb`, with colours.")
    turntable: bool = Field(
        default=False, description="Whether it leaves `turntable.webp`, 24 frames of `size` once around the object."
    )


class Evaluate(Section):
    """Who judges what was made. See docs/evaluation.md."""

    judge: str = Field(
        default="embedded",
        min_length=1,
        description="`embedded`, a folder with `open_clip_config.json` and weights, or a model of open_clip as "
        "`ARCHITECTURE/TAG`; not one that guides.",
    )
    auto: bool = Field(default=False, description="Whether `dreamsweep run` evaluates the sweep when it is done.")


_NO_SECRETS = "must not name a user or password, for a spec is kept with the results. Set them in the environment"


def _mlflow(value: object) -> object:
    if value is False:  # YAML reads a bare `off` as false
        return "off"
    if isinstance(value, str) and has_user_info(value):
        raise ValueError(
            f"{_NO_SECRETS}: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_URI"
        )
    if isinstance(value, str) and (value in {"auto", "off", "databricks"} or re.match(r"[a-z][a-z0-9+.-]*:/", value)):
        return value
    raise ValueError("must be auto, off or a tracking URI such as http://host:5000 or sqlite:///mlflow.db")


class Tracking(Section):
    mlflow: Annotated[str, PlainValidator(_mlflow)] = Field(
        default="auto",
        description="`auto`: the server of MLFLOW_TRACKING_URI if that is set, else an SQLite file beside the sweep; "
        "`off`; or a tracking URI.",
    )


# ---- the whole -------------------------------------------------------------------------------------------------------


class SeedRange(Section):
    start: int = Field(default=0, ge=0, le=MAX_SEED - MAX_SEEDS, description="The first seed.")
    count: int = Field(ge=1, le=MAX_SEEDS, description="How many seeds.")


_SEEDS: TypeAdapter[tuple[int, ...]] = TypeAdapter(
    tuple[Annotated[int, Field(ge=0, le=MAX_SEED)], ...], config=ConfigDict(strict=True)
)
_INLINE: TypeAdapter[tuple[InlinePrompt, ...]] = TypeAdapter(tuple[InlinePrompt, ...])


def _seeds(value: object) -> tuple[int, ...]:
    if isinstance(value, Mapping):
        seeds = SeedRange.model_validate(value)
        return tuple(range(seeds.start, seeds.start + seeds.count))
    if not isinstance(value, tuple):
        raise ValueError("must be a list of whole numbers or a mapping of start and count")
    if not value:
        raise ValueError("must not be empty")
    numbers = _SEEDS.validate_python(value)
    counts = Counter(numbers)
    if len(counts) < len(numbers):
        raise ValueError(f"has the seed {counts.most_common(1)[0][0]} twice. Remove one")
    return numbers


def _prompts(value: object) -> Prompts:
    if isinstance(value, PromptFile):
        return value
    if isinstance(value, Mapping):
        return PromptFile.model_validate(value)
    if not isinstance(value, tuple):
        raise ValueError("must be a list of prompts or a mapping with the path of a prompt table")
    if not value:
        raise ValueError("must not be empty")
    entries = _INLINE.validate_python(value)
    twice = repeated_prompt(entry.prompt for entry in entries)
    if twice is not None:
        raise ValueError(f"has {entries[twice[0]].prompt!r} twice, at {twice[0]} and {twice[1]}. Remove one")
    return entries


def _deny(value: object) -> Deny:
    if isinstance(value, DenyFile):
        return value
    if isinstance(value, Mapping):
        return DenyFile.model_validate(value)
    if not isinstance(value, tuple) or not all(isinstance(entry, str) for entry in value):
        raise ValueError("must be a list of words and phrases, or a mapping with the path of a file of them")
    if len(value) > MAX_ENTRIES:
        raise ValueError(f"has {len(value)} entries, at most {MAX_ENTRIES} are allowed")
    for place, entry in enumerate(value):
        try:
            parse_entry(entry, "")
        except ValueError as error:
            raise ValueError(f"[{place}] = {entry[:60]!r} {error}") from error
    return value


def _matching(pattern: re.Pattern[str], letters: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"must be 1 to 64 of {letters}, with a letter or digit first")
        return text

    return check


def _check_storage(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be a folder or a URL such as s3://bucket/folder")
    if has_user_info(text):
        raise ValueError(_NO_SECRETS)
    return text


def _check_preset(name: str) -> str:
    presets.preset(name)
    return name


def _nothing_is_empty(value: object) -> object:
    return {} if value is None else value


SweepName = Annotated[str, AfterValidator(_matching(NAME, "a-z, 0-9, dot, dash and underscore"))]
VariantName = Annotated[str, AfterValidator(_matching(VARIANT_NAME, "A-Z, a-z, 0-9, dot, dash and underscore"))]


class SweepSpec(Section):
    """A sweep: prompts x seeds x variants, and how to run them."""

    name: SweepName = Field(description="Names the sweep and its folder in the storage.")
    storage: Annotated[str, AfterValidator(_check_storage)] = Field(
        default="./runs",
        description="A folder (relative to the current one) or URL; the sweep is kept in it under its name.",
    )
    storage_rule: Literal["conditional", "settle"] = Field(
        default="conditional",
        description="How an object store decides who creates an object first. `settle` is for stores without "
        "conditional writes, and for one driver at a time: see docs/storage.md.",
    )
    prompts: Annotated[Prompts, PlainValidator(_prompts)] = Field(
        description="A list of prompts, each text or a mapping of `prompt` and `tags`; or the `path` of a table."
    )
    deny: Annotated[Deny, PlainValidator(_deny)] = Field(
        default=(),
        description="Words and phrases that no prompt may have, as whole words in any case; `*` ends a beginning. Or "
        "the `path` of a file of them. A sweep with such a prompt is refused before anything is written.",
    )
    seeds: Annotated[tuple[int, ...], PlainValidator(_seeds)] = Field(
        default=(0,), description="A list of whole numbers from 0, or `start` and `count`."
    )
    preset: Annotated[str, AfterValidator(_check_preset)] = Field(
        default="quick", description=f"The config that trials start from: {', '.join(presets.PRESETS)}."
    )
    prior: Annotated[SerializeAsAny[Prior], PlainValidator(read_prior)] = Field(
        default=EmbeddedPrior(), description="The text-to-image model: a kind, or a mapping of `kind` and its options."
    )
    set: dict[str, Any] = Field(default_factory=dict, description="Config keys to change for all trials; see below.")
    grid: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="Config keys with a list of values each; every combination is a variant."
    )
    variants: dict[VariantName, Annotated[dict[str, Any], BeforeValidator(_nothing_is_empty)]] = Field(
        default_factory=dict,
        description="Names with config keys to change. With a `grid`, each is combined with every cell of it.",
    )
    workers: Workers = Field(default=Workers(), description="Who does the work.")
    retries: Retries = Field(default=Retries(), description="How often a trial is tried again, by what went wrong.")
    checkpoint: Checkpoint = Field(default=Checkpoint(), description="How much a lost worker can cost.")
    outputs: Outputs = Field(default=Outputs(), description="What a finished trial leaves.")
    evaluate: Evaluate = Field(default=Evaluate(), description="Who judges what was made.")
    tracking: Tracking = Field(default=Tracking(), description="Where the mirror of the results goes.")

    @property
    def url(self) -> str:
        """Where the sweep lives: its folder in the storage."""
        return f"{self.storage}{'' if self.storage.endswith('/') else '/'}{self.name}"

    def configs(self) -> tuple[tuple[str, TrialConfig], ...]:
        """The name and config of every variant, in order."""
        base = override(presets.preset(self.preset), self.set)
        return tuple(resolve(base, self.variants, self.grid))


def load_spec(path: str | Path) -> SweepSpec:
    """Read a spec from a YAML file. Raises UserError that lists everything wrong with it."""
    path = Path(path)
    return parse_spec(read_text(path), str(path), path.parent)


def parse_spec(text: str, source: str, folder: Path | None) -> SweepSpec:
    """Read a spec from YAML text. `source` names it in messages; `folder` is where relative prompt tables are, and
    None leaves them unchecked. Raises UserError that lists everything wrong, a line each."""
    document = parse_document(text, source)
    problems = list(document.problems)
    broken = [problem.place for problem in problems]
    spec: SweepSpec | None = None
    found = override_problems(document.data)
    try:
        spec = SweepSpec.model_validate(document.data)
    except ValidationError as error:
        for fault in error.errors():
            found.append(_problem(fault, document.lines, document.data))
    if spec is not None and isinstance(spec.prompts, PromptFile) and folder is not None:
        try:
            prompt_file(spec.prompts, folder)
        except UserError as error:
            found.append(Problem(("prompts", "path"), str(error)))
    # What YAML could not read is reported as such and not again as a value of the wrong type.
    problems += [problem for problem in found if not any(problem.place[: len(place)] == place for place in broken)]
    document.check(problems)
    assert spec is not None
    return spec


def _problem(fault: Mapping[str, Any], lines: Mapping[Place, int], data: Mapping[str, Any]) -> Problem:
    place: Place = tuple(part for part in fault["loc"] if part != "[key]")
    if fault["type"] == "extra_forbidden":
        return Problem(place, unknown("key", str(place[-1]), _known_keys(place[:-1], data)))
    text = fault_text(fault)
    while fault["type"] != "missing" and place and place not in lines:
        place = place[:-1]
    return Problem(place, text)


def _known_keys(place: Place, data: Mapping[str, Any]) -> list[str]:
    """The keys that the mapping at `place` may have."""
    kinds: dict[str, type[BaseModel]] = {
        "seeds": SeedRange,
        "deny": DenyFile,
        "prompts": InlinePrompt if len(place) > 1 else PromptFile,
    }
    if not place:
        return list(SweepSpec.model_fields)
    head = str(place[0])
    if head == "prior":
        return list(PRIORS[data["prior"]["kind"]].model_fields)
    kind = kinds.get(head) or SweepSpec.model_fields[head].annotation
    assert isinstance(kind, type) and issubclass(kind, BaseModel)
    return list(kind.model_fields)
