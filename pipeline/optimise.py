"""The engine of real sweeps: trials become dreamcore scenes, packed by what they can share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.engine import CorruptCheckpoint, Outcome, StepReport, View
from pipeline.pictures import encode
from pipeline.provenance import Provenance
from pipeline.solids import Wanted, make
from pipeline.trial import Trial

if TYPE_CHECKING:
    from dreamcore.fitting import Meter
    from dreamcore.pack import Pack, StepResult
    from dreamcore.priors.base import Prior
    from dreamcore.scene import Scene
    from dreamcore.views import Picture

_MOST_PROBES = 3


@dataclass(frozen=True, kw_only=True)
class SceneEngineFactory:
    """Builds the engine inside the worker. `prior` is the resolved prior of the sweep (kind and options), `views`,
    `size` (pixels) and `elevation` (degrees) are what a finished trial is rendered at, `solids` what else it leaves,
    `pack` how many trials run at once, `device` a PyTorch device or `auto`: the GPU if there is one. `texts` are
    embedded before the first trial. With `probes`, a prompt and a config of each kind of trial, a GPU measures how many
    it suits, `pack` at most."""

    prior: Mapping[str, Any]
    views: int
    size: int
    pack: int
    elevation: float = 20.0
    solids: Wanted = field(default_factory=Wanted)
    device: str = "auto"
    texts: tuple[str, ...] = ()
    probes: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def __call__(self) -> SceneEngine:
        import torch

        from dreamcore.priors.load import load_prior

        available = "cuda" if torch.cuda.is_available() else "cpu"
        device = torch.device(available if self.device == "auto" else self.device)
        options = {name: value for name, value in self.prior.items() if name != "kind"}
        prior = load_prior(str(self.prior["kind"]), device=device, **options)
        return SceneEngine(prior, self)


def texts_of(trials: Iterable[Trial]) -> tuple[str, ...]:
    """Everything that these trials have embedded of their prompts, each text once, in order."""
    from dreamcore.plain import read_config
    from dreamcore.texts import negative_text, prompt_texts

    # without the seeds; trials of a variant share one config object
    distinct = {(trial.prompt, id(trial.config)): trial for trial in trials}
    configs = {id(trial.config): trial.config for trial in distinct.values()}
    read = {key: read_config(config) for key, config in configs.items()}
    texts: dict[str, None] = {}
    for prompt, key in distinct:
        texts |= dict.fromkeys([*prompt_texts(prompt, read[key]), negative_text(read[key])])
    return tuple(texts)


def probes_of(trials: Iterable[Trial]) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """A prompt and a config for each way in which these trials can share a pack, in order, a few at most: each is
    measured before the first trial."""
    from dreamcore.pack import pack_key
    from dreamcore.plain import read_config

    distinct = {id(trial.config): trial for trial in trials}
    probes: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for trial in distinct.values():
        probes.setdefault(pack_key(read_config(trial.config)), (trial.prompt, trial.config))
    return tuple(probes.values())[:_MOST_PROBES]


class SceneEngine:
    """Meets `pipeline.engine.Engine`. Trials whose configs cannot share a pack are stepped pack by pack."""

    def __init__(self, prior: Prior, settings: SceneEngineFactory) -> None:
        self._prior, self._settings = prior, settings
        self._packs: dict[str, Pack] = {}
        self._where: dict[str, str] = {}
        self._records: dict[str, Provenance] = {}
        self._last: dict[str, StepResult] = {}
        self._capacity = settings.pack
        self.device = _device_name(prior)

    def prepare(self) -> Generator[str, None, None]:
        from dreamcore.priors.base import PreparesPrompts

        if isinstance(self._prior, PreparesPrompts):
            yield from self._prior.prepare(self._settings.texts)
        if self._settings.probes and self._prior.device.type == "cuda":
            from dreamcore.fitting import CudaMeter

            yield from self.measure(CudaMeter(self._prior.device))

    def measure(self, meter: Meter) -> Generator[str, None, None]:
        """Find how many trials suit the device, of whichever kind it suits least."""
        from dreamcore.fitting import fit
        from dreamcore.plain import read_config

        for prompt, config in self._settings.probes:
            found = yield from fit(self._prior, prompt, read_config(config), self._settings.pack, meter)
            self._capacity = min(self._capacity, found)

    def capacity(self) -> int:
        return self._capacity

    def running(self) -> Sequence[str]:
        return list(self._where)

    def admit(self, trial: Trial, checkpoint: bytes | None) -> int:
        from dreamcore.pack import Pack, pack_key
        from dreamcore.plain import read_config
        from dreamcore.scene import CorruptScene, Scene

        if dict(trial.prior) != dict(self._settings.prior):
            raise ValueError(f"trial {trial.trial_id} wants prior {dict(trial.prior)}, this worker holds another")
        scene = Scene.create(trial.prompt, trial.seed, read_config(trial.config))
        if checkpoint is not None:
            try:
                saved = Scene.load(checkpoint)
            except CorruptScene as error:
                raise CorruptCheckpoint(str(error)) from error
            if (saved.prompt, saved.seed, saved.config) != (scene.prompt, scene.seed, scene.config):
                raise CorruptCheckpoint(f"the checkpoint is of another trial than {trial.trial_id}")
            scene = saved
        key = pack_key(scene.config)
        self._packs.setdefault(key, Pack(self._prior)).join(trial.trial_id, scene)
        self._where[trial.trial_id] = key
        self._records[trial.trial_id] = Provenance.of(trial)
        return scene.progress.step

    def step(self) -> Sequence[StepReport]:
        import torch

        try:
            results = {result.key: result for pack in self._packs.values() for result in pack.step()}
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise MemoryError(str(error)) from error
        self._last |= results
        return [_report(results[trial_id]) for trial_id in self._where]

    def checkpoint(self, trial_id: str) -> bytes:
        return self._pack(trial_id).snapshot(trial_id).dump()

    def finish(self, trial_id: str) -> Outcome:
        from dreamcore.gallery import form_of, measures, occupancy_picture, pictures
        from dreamcore.guidance.dream_fields import guide_identity
        from dreamcore.health import judge

        result = self._last.get(trial_id)
        scene = self._pack(trial_id).snapshot(trial_id)
        on_device = _to(scene, self._prior)
        record = self._records[trial_id]
        shots = list(pictures(on_device, self._settings.views, self._settings.size, self._settings.elevation))
        made = make(on_device, self._settings.solids, record)
        self.drop(trial_id)
        told = scene.progress
        verdict = judge(scene.config.health, told.step / scene.config.steps, told.nonfinite, told.opacity)
        form = form_of(on_device)
        metrics = {**(result.metrics if result else {}), **measures(shots, form), **made.metrics}
        shown = [*shots, occupancy_picture(form)] if form is not None else shots
        return Outcome(
            views=_views(shown, record),
            metrics=metrics,
            verdict=verdict.kind,
            reason=verdict.reason,
            guide=guide_identity(scene.config.guidance, self._prior.device),
            files=made.files,
            note=made.note,
        )

    def drop(self, trial_id: str) -> None:
        self._pack(trial_id).leave(trial_id)
        key = self._where.pop(trial_id)
        self._last.pop(trial_id, None)
        self._records.pop(trial_id)
        if not self._packs[key].keys:
            del self._packs[key]

    def _pack(self, trial_id: str) -> Pack:
        if trial_id not in self._where:
            raise ValueError(f"trial {trial_id} is not on board")
        return self._packs[self._where[trial_id]]


def _report(result: StepResult) -> StepReport:
    healthy = result.verdict.kind == "healthy"
    return StepReport(
        trial_id=result.key,
        step=result.step,
        metrics=result.metrics,
        verdict="" if healthy else result.verdict.kind,
        reason=result.verdict.reason,
        finished=result.finished,
    )


def _to(scene: Scene, prior: Prior) -> Scene:
    from dataclasses import replace

    return replace(scene, tensors={name: value.to(prior.device) for name, value in scene.tensors.items()})


def _views(shots: Sequence[Picture], record: Provenance) -> list[View]:
    """Numbered from 0 within each kind, so that kinds of one view share its number."""
    kinds: Counter[str] = Counter()
    views = []
    for shot in shots:
        views.append(_view(kinds[shot.kind], shot, record))
        kinds[shot.kind] += 1
    return views


def _view(index: int, shot: Picture, record: Provenance) -> View:
    from PIL import Image

    return View(
        index=index,
        kind=shot.kind,
        azimuth=shot.azimuth,
        elevation=shot.elevation,
        radius=shot.radius,
        png=encode(Image.fromarray(shot.pixels.numpy()), record),
    )


def _device_name(prior: Prior) -> str:
    import torch

    if prior.device.type == "cuda":
        properties = torch.cuda.get_device_properties(prior.device)
        return f"{properties.name} {properties.uuid}"
    return f"cpu ({torch.get_num_threads()} threads)"
