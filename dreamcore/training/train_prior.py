"""Train the bundled prior.

    python -m dreamcore.training.train_prior --settings prior.json --out DIR [--resume] [--weights DIR] [--minutes M]

DIR gets `prior/` (a diffusers pipeline, its weights averaged and in float16), `checkpoint.safetensors`, `log.jsonl` and
sheets of samples. With `torchrun --nproc-per-node=N -m dreamcore.training.train_prior ...` N devices train it together,
each on pictures of its own. A training that was cut off goes on with `--resume`; on one CPU it then ends with the same
bits as one that was not. `--weights` begins a new training with the weights of an earlier result.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dreamcore.objects.dataset import DataSettings, Pool, render_pool, start_scenes
from dreamcore.objects.scenes import Scenes, held_out_scenes
from dreamcore.priors.text import TOKENS
from dreamcore.training.batches import generator_at
from dreamcore.training.checkpoints import load_checkpoint, save_checkpoint
from dreamcore.training.network import load_weights, save_pipeline
from dreamcore.training.noise_levels import BinMeans
from dreamcore.training.optimisation import Budget, learning_rate
from dreamcore.training.prior_log import Line, Log, finite
from dreamcore.training.prior_material import Material, prepare
from dreamcore.training.prior_trainer import PriorTrainer, check_network, draw_examples, scheduler_config
from dreamcore.training.sampling import ddim, save_sheet
from dreamcore.training.settings import PriorSettings, read_settings
from dreamcore.training.workers import Place, Workers

AGREE_EVERY = 10  # steps between two looks at the first process's clock


@dataclass(frozen=True, kw_only=True)
class Files:
    """What a training writes below `folder`."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    @property
    def prior(self) -> Path:
        return self.folder / "prior"

    def samples(self, step: int) -> Path:
        return self.folder / "samples" / f"{step:07}.png"


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where a training begins or goes on: after `step` steps, `elapsed` seconds and `images` images of all processes.
    `tensors` is the optimiser's state then, empty at the beginning."""

    step: int = 0
    elapsed: float = 0.0
    images: int = 0
    tensors: Mapping[str, Tensor] = field(default_factory=dict)


class Training:
    """Owns a training from its start to its result: the one place that logs, saves and draws."""

    def __init__(
        self, trainer: PriorTrainer, material: Material, workers: Workers, files: Files, log: Log, start: Start
    ) -> None:
        self._trainer, self._material, self._workers = trainer, material, workers
        self._settings = trainer.settings
        self._files, self._log = files, log
        self._start = start
        self._began = time.monotonic()
        self._bins = BinMeans(workers.device)
        self._norm = torch.full((), math.nan, device=workers.device)
        self._last, self._looked = start, False  # when the last line was written, and with what
        self._skipped = int(trainer.optimiser.skipped)

    def run(self) -> None:
        """Train until the budget is spent, then write the result. Raises FloatingPointError if it diverges."""
        settings, step = self._settings, self._start.step
        elapsed = self._start.elapsed
        self._line(step)
        while True:
            if step % AGREE_EVERY == 0:
                elapsed = self._workers.agree(self._elapsed())
            share = settings.budget.share(step, elapsed)
            if share >= 1.0:
                break
            self._step(step, share)
            step += 1
            if step % settings.log_every == 0:
                self._line(step, share)
            if _due(step, settings.sample_every):
                self._draw(step)
            if _due(step, settings.checkpoint_every):
                self._save(step)
        self._finish(step)

    def _elapsed(self) -> float:
        return self._start.elapsed + time.monotonic() - self._began

    def _images(self, step: int) -> int:
        each = self._settings.batch.size * self._workers.place.world
        return self._start.images + (step - self._start.step) * each

    def _step(self, step: int, share: float) -> None:
        key = (self._settings.seed, "batch", self._workers.place.rank, step)
        generator = generator_at(self._workers.device, *key)
        examples = draw_examples(generator, self._material.pictures, self._material.table, self._settings.batch)
        losses, self._norm = self._trainer.step(examples, step, share)
        self._bins.add(examples.t, losses)

    def _line(self, step: int, share: float = 0.0, *, look: bool = False) -> None:
        """Log what has happened since the last line. Waits for the device."""
        bins = tuple(finite(value) for value in self._bins.means())
        total = finite(self._bins.mean())
        skipped = int(self._trainer.optimiser.skipped)
        now = Start(step=step, elapsed=self._elapsed(), images=self._images(step))
        seconds = now.elapsed - self._last.elapsed
        self._looked = look or step == self._start.step or _due(step, self._settings.held_out_every)
        self._log.line(
            Line(
                step=step,
                elapsed=now.elapsed,
                images=now.images,
                images_per_second=(now.images - self._last.images) / max(seconds, 1e-9),
                loss=total,
                loss_by_bin=bins,
                held_out=self._held_out() if self._looked and self._workers.place.first else None,
                learning_rate=learning_rate(self._settings.optimiser, step, share),
                gradient_norm=finite(self._norm.item()),
                skipped=skipped,
            )
        )
        failed, steps = skipped - self._skipped, step - self._last.step
        if failed > steps // 2:
            raise FloatingPointError(
                f"step {step}: {failed} of the last {steps} gradients were not finite. Lower "
                f"optimiser.learning_rate; {self._files.checkpoint} is from before, if it is there"
            )
        self._bins.clear()
        self._last, self._skipped = now, skipped

    def _held_out(self) -> float | None:
        return finite(self._trainer.errors(self._material.held_out).mean().item())

    def _finish(self, step: int) -> None:
        if step > self._last.step or not self._looked:
            self._line(step, 1.0, look=True)
        self._save(step)
        self._draw(step)
        if self._workers.place.first:
            trainer = self._trainer
            scheduler = scheduler_config(self._settings.scheduler, self._settings.loss)
            save_pipeline(self._files.prior, trainer.unet, trainer.optimiser.average, scheduler)
            self._log.say(f"wrote {self._files.prior}")

    def _save(self, step: int) -> None:
        if self._workers.place.first:
            facts = {"step": step, "elapsed": self._elapsed(), "images": self._images(step)}
            state = self._trainer.optimiser.state()
            save_checkpoint(self._files.checkpoint, state, facts | {"settings": asdict(self._settings)})

    def _draw(self, step: int) -> None:
        if not self._workers.place.first:
            return
        samples, trainer, device = self._settings.samples, self._trainer, self._workers.device
        features = self._material.prompts.repeat_interleave(samples.images, dim=0)
        generator = generator_at(device, self._settings.seed, "samples")
        shape = (len(features), 3, trainer.side, trainer.side)
        noise = torch.randn(shape, generator=generator, device=device).contiguous(memory_format=torch.channels_last)
        nothing = self._material.table[-1:]
        images = ddim(trainer.averaged, trainer.schedule, features, nothing, noise, samples.steps, samples.guidance)
        save_sheet(self._files.samples(step), images, samples.images)


def _due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


# ---- the command -----------------------------------------------------------------------------------------------------


def find_start(files: Files, settings: PriorSettings, resume: bool) -> Start:
    """The checkpoint to go on from, or the beginning. Raises ValueError for a checkpoint that is missing, unexpected or
    of another network."""
    if not resume:
        if files.checkpoint.exists():
            raise ValueError(f"{files.checkpoint} is there already: go on with --resume, or choose another --out")
        return Start()
    tensors, facts = load_checkpoint(files.checkpoint)
    now, then = json.loads(json.dumps(asdict(settings))), facts["settings"]
    for section, key in (("unet", None), ("scheduler", None), ("loss", "prediction")):
        here, there = (data[section] if key is None else data[section][key] for data in (now, then))
        if here != there:
            name = section if key is None else f"{section}.{key}"
            raise ValueError(f"{name} = {here!r}, but {files.checkpoint} has {there!r}: use the settings it began with")
    return Start(step=facts["step"], elapsed=facts["elapsed"], images=facts["images"], tensors=tensors)


def pools(
    settings: DataSettings, seed: int, watched: int, scenes: Callable[[], Scenes], device: torch.device, log: Log
) -> tuple[Pool, Pool]:
    """What is learned, and at most `watched` pictures of held-out combinations, of as many of these as can be."""
    tenths = [0]

    def progress(done: int, total: int) -> None:
        if 10 * done // total > tenths[0]:
            tenths[0] = 10 * done // total
            log.say(f"drew {done} of {total} pictures")

    pool = render_pool(settings, seed, device, scenes=scenes(), progress=progress)
    combinations = held_out_scenes(np.random.default_rng([seed, 1]), 1)
    chosen = np.linspace(0, len(combinations) - 1, min(watched, len(combinations))).astype(int)
    held_out = Scenes(combinations.tables[chosen], tuple(combinations.words[index] for index in chosen))
    views = replace(settings, views_per_scene=watched // len(chosen))
    return pool, render_pool(views, seed, device, scenes=held_out)


def train(
    settings: PriorSettings, files: Files, place: Place, start: Start, weights: Mapping[str, Tensor] | None = None
) -> None:
    """Everything from the scenes to the result, from `weights` if there are any. What takes long on the host is done
    side by side: processes are forked before the device is used, and build scenes while the network is compiled."""
    log = Log(files.log if place.first else None)
    log.cut(start.step)
    # of all numbers that follow from the settings' seed only the pictures differ between processes
    seed = settings.seed * 1000 + place.rank
    scenes = start_scenes(settings.data, seed)
    workers = Workers.join(place)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True  # every batch has the same shapes
    trainer = PriorTrainer(settings, workers)
    if weights is not None:
        trainer.optimiser.begin_with(weights)
    if start.tensors:
        trainer.optimiser.load(start.tensors)
    count = sum(weight.numel() for weight in trainer.optimiser.average.values())
    log.say(f"{count / 1e6:.2f} million parameters on {place.world} x {workers.device}")
    began = time.monotonic()
    trainer.warm_up((TOKENS, int(trainer.text_features)))
    log.say(f"compiled in {time.monotonic() - began:.0f} s")
    pool, held_out = pools(settings.data, seed, settings.held_out, scenes, workers.device, log)
    log.say(f"{len(pool)} pictures of {len(pool.words)} scenes with {len(pool.captions)} captions")
    material = prepare(pool, held_out, settings.samples.prompts, settings.batch, settings.held_out, workers.device)
    Training(trainer, material, workers, files, log, start).run()
    workers.leave()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the module's docstring. Returns the exit code: 2 for a mistake of the user."""
    parser = argparse.ArgumentParser(
        prog="python -m dreamcore.training.train_prior", description="Train the bundled prior."
    )
    parser.add_argument("--settings", type=Path, required=True, help="a JSON file, or one that comes with the package")
    parser.add_argument("--out", type=Path, required=True, help="where everything is written")
    begins = parser.add_mutually_exclusive_group()
    begins.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    begins.add_argument("--weights", type=Path, help="a pipeline whose weights a new training begins with")
    parser.add_argument("--minutes", type=float, help="train so long in all, whatever the settings say")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(PriorSettings, options.settings)
        if options.minutes is not None:
            settings = replace(settings, budget=Budget(minutes=options.minutes))
        files = Files(folder=options.out)
        files.folder.mkdir(parents=True, exist_ok=True)
        place = Place.of()
        start = find_start(files, settings, options.resume)
        check_network(settings)
        weights = None if options.weights is None else load_weights(options.weights, settings.unet)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    train(settings, files, place, start, weights)
    return 0


if __name__ == "__main__":
    sys.exit(main())
