"""What the report tells, as plain data: nothing here is a frame, an array or HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One row of the overview: a variant of the plan. `trials` are done or failed, `verdicts` counts the done ones by
    verdict; medians are None without any."""

    name: str
    trials: int
    failed: int
    verdicts: Mapping[str, int]
    steps_per_second: float | None
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """`planned` = `committed` + `failed` + `left`. `running` says where a driver runs, empty if none does. `hours` are
    hours that workers had trials on board, by `GPU` and `CPU`; `span` is seconds from the first start to the last end,
    None without a completed trial; `made` is when the report was made."""

    name: str
    planned: int
    committed: int
    failed: int
    left: int
    prompts: int
    seeds: int
    running: str
    hours: Mapping[str, float]
    span: float | None
    steps: int
    variants: Sequence[Variant]
    priors: Sequence[str]
    devices: Sequence[str]
    software: Sequence[str]
    made: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial as the gallery and its own page show it. `kinds` are the kinds of renders there are, `views` how many
    of each; `numbers` are what it can be sorted by; `differs` are the config keys in which trials differ; `marks` are
    short words, such as `best seed`."""

    trial_id: str
    prompt: str
    seed: int
    variant: str
    status: str
    verdict: str
    reason: str
    tags: Mapping[str, str]
    numbers: Mapping[str, float]
    facts: Mapping[str, str]
    differs: Mapping[str, object]
    config: Mapping[str, object]
    kinds: Sequence[str] = ()
    views: int = 0
    azimuths: Sequence[float | None] = ()
    mesh: bool = False
    turntable: bool = False
    marks: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """A metric over steps. Values that are not finite are None and counted in `gaps`; `low` and `high`, where given,
    are quartiles over the trials of a variant, and `values` their median."""

    name: str
    steps: Sequence[int]
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    gaps: int = 0


@dataclass(frozen=True, kw_only=True)
class Retrieved:
    """A row of the R-Precision board: `found` of `of` objects, or views. Shares in [0, 1], None where there is none."""

    variant: str
    kind: str
    views: str
    found: int
    of: int
    share: float | None
    low: float | None
    high: float | None
    chance: float


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Objects of `prompt` that were taken for `saw`."""

    kind: str
    prompt: str
    saw: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Diverse:
    """How different the seeds of one prompt and variant are; distances in [0, 2], None with a single seed. `between` is
    that of two objects of different prompts, as a yardstick."""

    prompt: str
    variant: str
    seeds: int
    distance: float | None
    low: float | None
    high: float | None
    vendi: float | None
    between: float | None
    geometry: float | None
    nearest: str
    farthest: str


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the judge says. `missing` is why there is nothing, empty if there is something."""

    judge: str = ""
    captions: int = 0
    missing: str = ""
    board: Sequence[Retrieved] = ()
    confusions: Sequence[Confusion] = ()
    diversity: Sequence[Diverse] = ()
    numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    marks: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of it. `lines` are by metric; `spec` is the exact YAML."""

    overview: Overview
    trials: Sequence[Trial]
    lines: Mapping[str, Sequence[Line]]
    judgement: Judgement
    spec: str
