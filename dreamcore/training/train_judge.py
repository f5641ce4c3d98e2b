"""Train the bundled judge, a small image-text model.

    python -m dreamcore.training.train_judge --settings judge.json --out DIR [--resume] [--minutes M]

DIR gets `judge/` (a folder that open_clip loads, its weights averaged and in float16), `checkpoint.safetensors` and
`log.jsonl`. It learns from renders of the library's objects alone, spoilt as `dreamcore.training.corruption` does it,
and never from what a prior has made. A training that was cut off goes on with `--resume`; on one CPU it then ends with
the same bits as one that was not.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from dreamcore.config.base import require
from dreamcore.image_text import new_network
from dreamcore.objects.dataset import DataSettings, Pool, render_pool, start_scenes
from dreamcore.training.batches import generator_at
from dreamcore.training.checkpoints import load_checkpoint, save_checkpoint, write
from dreamcore.training.contrast import contrastive_loss, targets
from dreamcore.training.corruption import Corruption, CorruptionSettings
from dreamcore.training.judge_material import Material, Probe, Said, over_white, probe, say
from dreamcore.training.judge_tokenizer import load_tokenizer, make_tokenizer, save_tokenizer
from dreamcore.training.optimisation import Budget, Optimiser, OptimiserSettings
from dreamcore.training.prior_log import Log, finite
from dreamcore.training.settings import read_settings
from dreamcore.training.workers import Place, Workers

MEAN = DEVIATION = 0.5  # of the images that the network sees: [-1, 1]
LARGEST_SCALE = 100.0  # of the cosines (Radford et al. 2021, §2.5)


@dataclass(frozen=True, kw_only=True)
class JudgeSettings:
    """`network` is open_clip's `model_cfg`. The share `viewed` of a batch has captions that say from where the object
    is seen. About `fresh` renders of other scenes are kept for measuring. Intervals are in steps; a checkpoint every 0
    is one at the end only. `compile`: of the loss, on CUDA."""

    seed: int = 0
    budget: Budget
    network: Mapping[str, Any]
    data: DataSettings
    batch: int = 2048
    viewed: float = 0.4
    fresh: int = 2048
    corruption: CorruptionSettings = field(default_factory=CorruptionSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    log_every: int = 200
    checkpoint_every: int = 0
    compile: bool = False

    def __post_init__(self) -> None:
        for name in ("batch", "fresh", "log_every"):
            require(getattr(self, name) > 1, name, getattr(self, name), "at least 2")
        require(self.checkpoint_every >= 0, "checkpoint_every", self.checkpoint_every, "at least 0")
        require(0.0 <= self.viewed <= 1.0, "viewed", self.viewed, "in [0, 1]")
        texts = ("context_length", "vocab_size", "hf_tokenizer_name")
        for section, keys in (("vision_cfg", ("image_size",)), ("text_cfg", texts)):
            given = self.network.get(section, {})
            for key in keys:
                require(key in given, f"network.{section}", given, f"an object with {key}")
        side = self.network["vision_cfg"]["image_size"]
        require(side == self.data.side, "network.vision_cfg.image_size", side, f"data.side, {self.data.side}")

    @property
    def context(self) -> int:
        return int(self.network["text_cfg"]["context_length"])

    @property
    def word_pieces(self) -> int:
        return int(self.network["text_cfg"]["vocab_size"])


class JudgeTrainer:
    """Owns the network and its optimiser."""

    def __init__(self, settings: JudgeSettings, workers: Workers) -> None:
        """Raises ValueError for a network that open_clip cannot build."""
        self.settings, self._workers = settings, workers
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.network: Any = new_network(settings.network).to(workers.device)
        self.optimiser = Optimiser(dict(self.network.named_parameters()), settings.optimiser)
        wanted = settings.compile and workers.device.type == "cuda"
        self._loss: Any = torch.compile(self._plain_loss, dynamic=False) if wanted else self._plain_loss

    def _plain_loss(self, images: Tensor, tokens: Tensor, same: Tensor, left_out: Tensor) -> Float[Tensor, ""]:
        device = images.device.type
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            found = self.network.encode_image((images - MEAN) / DEVIATION)
            texts = self.network.encode_text(tokens)
        scale = self.network.logit_scale.exp().clamp(max=LARGEST_SCALE)
        return contrastive_loss(
            F.normalize(found.float(), dim=-1), F.normalize(texts.float(), dim=-1), scale, same, left_out
        )

    def warm_up(self, material: Material) -> None:
        """Compile, if that is wanted; nothing changes."""
        self.loss(generator_at(self._workers.device, "warm up"), material).backward()
        self.network.zero_grad(set_to_none=True)

    def step(self, generator: torch.Generator, material: Material, step: int, share: float) -> Float[Tensor, ""]:
        """Take step number `step` (from 0) when `share` of the budget is spent. Returns the loss."""
        loss = self.loss(generator, material)
        loss.backward()
        self.optimiser.step(step, share, self._workers)
        return loss.detach()

    def loss(self, generator: torch.Generator, material: Material) -> Float[Tensor, ""]:
        """On a random batch, spoilt."""
        settings, device = self.settings, self._workers.device
        index = torch.randint(len(material.images), (settings.batch,), generator=generator, device=device)
        told = torch.rand(settings.batch, generator=generator, device=device) < settings.viewed
        told = told & (material.viewed[index] >= 0)
        caption = torch.where(told, material.viewed[index], material.plain[index])
        traits = material.traits[index]
        traits = torch.cat([traits[:, :3], torch.where(told, traits[:, 3], -1)[:, None]], 1)
        layers = material.images[index].permute(0, 3, 1, 2).float() / 255.0
        images = Corruption(settings.corruption, generator, device)(layers)
        loss: Tensor = self._loss(images, material.tokens[caption], *targets(caption, traits))
        return loss

    @torch.no_grad()
    def retrieved(self, asked: Probe) -> float:
        """The share of unspoilt renders that retrieve their own caption, with the weights averaged."""
        texts = self._embedded("text", asked.tokens)
        found = torch.cat(
            [self._embedded("image", (over_white(some) - MEAN) / DEVIATION) for some in asked.images.split(512)]
        )
        return float(((found @ texts.T).argmax(1) == asked.own).float().mean())

    def _embedded(self, kind: str, values: Tensor) -> Float[Tensor, "n e"]:
        named = {f"network.{name}": tensor for name, tensor in self.optimiser.average.items()}
        result: Tensor = torch.func.functional_call(_Encode(self.network), named, (kind, values))
        return F.normalize(result.float(), dim=-1)


class _Encode(nn.Module):
    """One encoder of the network as a module's forward, so that its weights can be replaced in a call."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, kind: str, values: Tensor) -> Tensor:
        encoded: Tensor = self.network.encode_text(values) if kind == "text" else self.network.encode_image(values)
        return encoded


def save_judge(folder: Path, settings: JudgeSettings, weights: Mapping[str, Tensor], tokenizer: Tokenizer) -> None:
    """A folder that open_clip loads: config, weights in float16, tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "model_cfg": dict(settings.network),
        "preprocess_cfg": {"mean": [MEAN] * 3, "std": [DEVIATION] * 3},
    }
    text = json.dumps(config, indent=2) + "\n"
    write(folder / "open_clip_config.json", lambda place: place.write_text(text, encoding="utf-8"))
    save_tokenizer(tokenizer, folder, settings.context)
    halves = {name: tensor.detach().half().cpu().contiguous() for name, tensor in weights.items()}
    write(folder / "open_clip_model.safetensors", lambda place: save_file(halves, place))


# ---- the training ----------------------------------------------------------------------------------------------------


class Training:
    """Owns a training from its start to its result: the one place that logs and saves."""

    def __init__(
        self, trainer: JudgeTrainer, material: Material, probes: Mapping[str, Probe], tokenizer: Tokenizer, out: Path
    ) -> None:
        self._trainer, self._material, self._probes = trainer, material, probes
        self._settings, self._tokenizer, self._out = trainer.settings, tokenizer, out
        self._log = Log(out / "log.jsonl")
        self._losses: list[Tensor] = []
        self._began = 0.0

    def run(self, device: torch.device, step: int, elapsed: float) -> None:
        """Go on after `step` steps and `elapsed` seconds until the budget is spent. Raises FloatingPointError if it
        diverges."""
        settings = self._settings
        self._log.cut(step)
        self._began = time.monotonic() - elapsed
        while (share := settings.budget.share(step, self._elapsed())) < 1.0:
            generator = generator_at(device, settings.seed, "batch", step)
            self._losses.append(self._trainer.step(generator, self._material, step, share))
            step += 1
            if step % settings.log_every == 0:
                self._line(step)
            if settings.checkpoint_every and step % settings.checkpoint_every == 0:
                self._save(step)
        self._line(step)
        self._save(step)
        self._log.say(f"wrote {self._out / 'judge'}")

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _line(self, step: int) -> None:
        """Waits for the device."""
        if not self._losses:
            return
        loss = float(torch.stack(self._losses).mean())
        self._losses = []
        found = {kind: self._trainer.retrieved(asked) for kind, asked in self._probes.items()}
        values = {"step": step, "elapsed": self._elapsed(), "loss": finite(loss), "retrieved": found}
        with (self._out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")
        shares = [f"{100 * found[kind]:.1f} % of {kind} among {len(one.tokens)}" for kind, one in self._probes.items()]
        self._log.say(f"step {step}, {self._elapsed():.0f} s, loss {loss:.4f}, fresh: {', '.join(shares)}")
        if not math.isfinite(loss):
            raise FloatingPointError(f"step {step}: the loss is not finite. Lower optimiser.learning_rate")

    def _save(self, step: int) -> None:
        optimiser = self._trainer.optimiser
        save_checkpoint(
            self._out / "checkpoint.safetensors", optimiser.state(), {"step": step, "elapsed": self._elapsed()}
        )
        save_judge(self._out / "judge", self._settings, optimiser.average, self._tokenizer)


def train(settings: JudgeSettings, out: Path, resume: bool) -> None:
    """Until the budget is spent. Raises ValueError for a checkpoint that is missing or of another network, and for a
    folder that holds a training already."""
    checkpoint = out / "checkpoint.safetensors"
    if checkpoint.exists() and not resume:
        raise ValueError(f"{out} holds a training already: continue it with --resume, or choose another folder")
    tensors, facts = load_checkpoint(checkpoint) if resume else ({}, {"step": 0, "elapsed": 0.0})
    out.mkdir(parents=True, exist_ok=True)
    pool, fresh, workers = _pools(settings)
    said = say(pool)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True  # every batch has the same shapes
    trainer = JudgeTrainer(settings, workers)
    tokenizer = load_tokenizer(out) if resume else _new_tokenizer(settings, said, out)
    if resume:
        trainer.optimiser.load(tensors)
    material = Material.of(pool, said, tokenizer)
    asked = {"color": probe(fresh, tokenizer, False), "geometry": probe(fresh, tokenizer, True)}
    _say(f"{len(pool)} views, {len(said.captions)} captions, {tokenizer.get_vocab_size()} word pieces")
    began = time.monotonic()
    trainer.warm_up(material)
    count = sum(weight.numel() for weight in trainer.optimiser.average.values())
    _say(f"{count / 1e6:.2f} million parameters, ready in {time.monotonic() - began:.0f} s")
    probes = {kind: one for kind, one in asked.items() if one is not None}
    Training(trainer, material, probes, tokenizer, out).run(workers.device, int(facts["step"]), float(facts["elapsed"]))


def _pools(settings: JudgeSettings) -> tuple[Pool, Pool, Workers]:
    """What is learned, what it is measured on, and where."""
    scenes = start_scenes(settings.data, settings.seed)  # its processes are forked before CUDA is used
    few = replace(settings.data, scenes=max(settings.fresh // settings.data.views_per_scene, 1), processes=1)
    fresh_scenes = start_scenes(few, settings.seed + 1)()
    workers = Workers.join(Place())
    _say(f"drawing {settings.data.scenes * settings.data.views_per_scene} views on {workers.device}")
    pool = render_pool(settings.data, settings.seed, workers.device, scenes=scenes(), progress=_drawn)
    return pool, render_pool(few, settings.seed + 1, workers.device, scenes=fresh_scenes), workers


def _new_tokenizer(settings: JudgeSettings, said: Said, out: Path) -> Tokenizer:
    """Of the captions, kept beside the checkpoint."""
    tokenizer = make_tokenizer(said.captions, settings.word_pieces, settings.context)
    save_tokenizer(tokenizer, out, settings.context)
    return tokenizer


def _drawn(done: int, total: int) -> None:
    if done == total or done % 131_072 == 0:
        _say(f"{done} of {total} views drawn")


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the module's docstring. Returns the exit code: 2 for a mistake of the user."""
    parser = argparse.ArgumentParser(prog="python -m dreamcore.training.train_judge", description="Train the judge.")
    parser.add_argument("--settings", type=Path, required=True, help="a JSON file, or one that comes with the package")
    parser.add_argument("--out", type=Path, required=True, help="where everything is written")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--minutes", type=float, help="train so long, whatever the settings say")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings(JudgeSettings, options.settings)
        if options.minutes is not None:
            settings = replace(settings, budget=Budget(minutes=options.minutes))
        train(settings, options.out, options.resume)
    except ValueError as error:
        _say(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
