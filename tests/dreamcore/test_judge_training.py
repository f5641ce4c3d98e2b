"""Training a judge on a few plain shapes: it learns, it can be cut off, and what it leaves is a model of open_clip."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from dreamcore.evaluate.retrieval import retrieved
from dreamcore.image_text import load_image_text, new_network
from dreamcore.objects.captions import read
from dreamcore.objects.dataset import DataSettings, Pool, render_pool
from dreamcore.objects.scenes import Scenes, scenes_of
from dreamcore.training import train_judge
from dreamcore.training.judge_material import Material, over_white, probe, say, tokens_of
from dreamcore.training.judge_tokenizer import load_tokenizer, make_tokenizer
from dreamcore.training.optimisation import Budget
from dreamcore.training.settings import read_settings
from dreamcore.training.train_judge import JudgeSettings, JudgeTrainer, main, train
from dreamcore.training.workers import Place, Workers

TOY = Path("judge_toy.json")
CPU = torch.device("cpu")
PROMPTS = [f"a {colour} {thing}" for thing in ("ball", "cube", "cone", "star") for colour in ("red", "green", "blue")]


def plain_scenes(settings: DataSettings, seed: int) -> Callable[[], Scenes]:
    each = max(settings.scenes // len(PROMPTS), 1)
    return lambda: scenes_of(np.random.default_rng(seed), [read(prompt) for prompt in PROMPTS], each)


@pytest.fixture(scope="module", autouse=True)
def _plain_shapes() -> Iterator[None]:
    """Scenes of few parts, each data set drawn once."""
    drawn: dict[str, Pool] = {}

    def once(settings: DataSettings, seed: int, device: torch.device, **options: Any) -> Pool:
        key = f"{settings} {seed}"
        if key not in drawn:
            drawn[key] = render_pool(settings, seed, device, **options)
        return drawn[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_judge, "start_scenes", plain_scenes)
        patch.setattr(train_judge, "render_pool", once)
        yield


def toy(**changes: Any) -> JudgeSettings:
    settings = read_settings(JudgeSettings, TOY)
    data = replace(settings.data, scenes=36, views=replace(settings.data.views, textureless=0.3))
    return replace(settings, **{"data": data, "fresh": 48, **changes})


def weights(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "checkpoint.safetensors")


# ---- what it learns --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("judge")
    train(toy(budget=Budget(steps=150)), out, resume=False)
    return out


@pytest.mark.slow
def test_it_finds_the_captions_of_shapes_that_it_has_not_seen(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [20, 40, 60, 80, 100, 120, 140, 150]
    assert lines[-1]["loss"] < 0.8 * lines[0]["loss"]
    # by chance, one in twelve captions and one in four shapes
    assert lines[-1]["retrieved"]["color"] > 5 / 12
    assert lines[-1]["retrieved"]["geometry"] > 1 / 4
    model = load_image_text(str(folder / "judge"), "", CPU)
    settings = toy()
    fresh = render_pool(settings.data, 77, CPU, scenes=plain_scenes(replace(settings.data, scenes=12), 77)())
    textured = ~fresh.textureless
    own = torch.tensor([PROMPTS.index(fresh.words[scene].base) for scene in fresh.scene[textured].tolist()])
    with torch.no_grad():
        scores = model.embed_images(over_white(fresh.images[textured])) @ model.embed_texts(PROMPTS).T
    assert float(retrieved(scores, own).float().mean()) > 5 / 12


@pytest.mark.slow
def test_the_folder_holds_the_averaged_weights_of_a_model_of_open_clip(folder: Path) -> None:
    """open_clip's own loader, and the trainer's network with the averaged weights of the checkpoint."""
    import open_clip

    model = load_image_text(str(folder / "judge"), "", CPU)
    network, _, _ = open_clip.create_model_and_transforms(f"local-dir:{folder / 'judge'}")
    settings = toy()
    own = new_network(settings.network)
    own.load_state_dict({k.removeprefix("average/"): v for k, v in weights(folder).items() if k.startswith("average/")})
    images = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    tokens = open_clip.get_tokenizer(f"local-dir:{folder / 'judge'}")(PROMPTS)
    assert tokens.tolist() == [one.ids for one in load_tokenizer(folder).encode_batch(PROMPTS)]
    with torch.no_grad():
        seen, told = model.embed_images(images), model.embed_texts(PROMPTS)
        for other in (network.eval(), own.eval()):
            torch.testing.assert_close(seen, other.encode_image(2.0 * images - 1.0, normalize=True), rtol=0, atol=2e-3)
            torch.testing.assert_close(told, other.encode_text(tokens, normalize=True), rtol=0, atol=2e-3)
    assert float((told @ told.T).min()) < 0.9, "texts that all look alike would test nothing"
    halves = load_file(folder / "judge" / "open_clip_model.safetensors")
    assert {tensor.dtype for tensor in halves.values()} == {torch.float16}


@pytest.mark.slow
def test_what_a_trainer_measures_is_done_with_the_averaged_weights(folder: Path) -> None:
    settings = toy()
    trainer = JudgeTrainer(settings, Workers.join(Place(), CPU))
    trainer.optimiser.load(weights(folder))
    with torch.no_grad():
        for weight in trainer.network.parameters():
            weight.zero_()
    fresh = render_pool(settings.data, 78, CPU, scenes=plain_scenes(replace(settings.data, scenes=12), 78)())
    asked = probe(fresh, load_tokenizer(folder), False)
    assert asked is not None
    assert trainer.retrieved(asked) > 3 / 12


# ---- steps -----------------------------------------------------------------------------------------------------------


def made(settings: JudgeSettings) -> tuple[JudgeTrainer, Material]:
    workers = Workers.join(Place(), CPU)
    generator = torch.Generator().manual_seed(0)
    pool = render_pool(settings.data, 0, CPU, scenes=plain_scenes(replace(settings.data, scenes=12), 0)())
    pool = replace(pool, images=torch.randint(0, 256, pool.images.shape, generator=generator, dtype=torch.uint8))
    said = say(pool)
    tokenizer = make_tokenizer(said.captions, settings.word_pieces, settings.context)
    return JudgeTrainer(settings, workers), Material.of(pool, said, tokenizer)


def test_warming_up_changes_nothing() -> None:
    trainer, material = made(toy())
    before = {name: tensor.clone() for name, tensor in trainer.optimiser.state().items()}
    trainer.warm_up(material)
    after = trainer.optimiser.state()
    assert all(torch.equal(before[name], after[name]) for name in after)
    assert all(weight.grad is None for weight in trainer.network.parameters())


def test_a_step_depends_on_its_generator_alone() -> None:
    losses = []
    for _ in range(2):
        trainer, material = made(toy())
        losses.append([float(trainer.step(torch.Generator().manual_seed(i), material, i, 0.0)) for i in range(2)])
    assert losses[0] == losses[1] and losses[0][0] != losses[0][1]


def test_the_real_network_takes_a_step_of_finite_loss_and_is_small() -> None:
    """Every parameter takes part, which the optimiser asserts."""
    settings = replace(read_settings(JudgeSettings, Path("judge.json")), batch=8)
    trainer = JudgeTrainer(settings, Workers.join(Place(), CPU))
    count = sum(weight.numel() for weight in trainer.network.parameters())
    assert 2 * count <= 16e6
    tokenizer = make_tokenizer(PROMPTS, settings.word_pieces, settings.context)
    generator = torch.Generator().manual_seed(0)
    material = Material(
        torch.randint(0, 256, (12, 64, 64, 4), generator=generator, dtype=torch.uint8),
        torch.arange(12),
        torch.full((12,), -1),
        torch.arange(48).view(12, 4),
        tokens_of(tokenizer, PROMPTS),
    )
    loss = trainer.step(generator, material, 0, 0.0)
    assert bool(loss.isfinite()) and float(trainer.optimiser.skipped) == 0.0
    with torch.autocast("cpu", torch.bfloat16):
        assert bool(trainer.loss(generator, material).isfinite())


# ---- files and commands ----------------------------------------------------------------------------------------------


def test_a_training_that_was_cut_off_ends_with_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = toy(budget=Budget(steps=6), batch=16, checkpoint_every=3, log_every=2)
    train(settings, tmp_path / "whole", resume=False)
    save = train_judge.save_checkpoint

    def die(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        save(path, tensors, facts)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train_judge, "save_checkpoint", die)
        train(settings, tmp_path / "cut", resume=False)
    train(settings, tmp_path / "cut", resume=True)
    whole, cut = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert whole.keys() == cut.keys()
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    for name in ("open_clip_model.safetensors", "open_clip_config.json", "tokenizer.json"):
        assert (tmp_path / "whole/judge" / name).read_bytes() == (tmp_path / "cut/judge" / name).read_bytes()
    steps = [json.loads(line)["step"] for line in (tmp_path / "cut/log.jsonl").read_text().splitlines()]
    assert steps == [2, 4, 6]


def test_the_command_trains_and_goes_on_only_if_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"budget": {"steps": 2}, "batch": 16}
    given = json.loads((Path(train_judge.__file__).parent / TOY).read_text()) | options
    (tmp_path / "own.json").write_text(json.dumps(given))
    command = ["--settings", str(tmp_path / "own.json"), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    assert "step 2" in capsys.readouterr().err
    assert main(command) == 2
    assert "holds a training already: continue it with --resume" in capsys.readouterr().err
    assert main([*command, "--resume", "--minutes", "0.0001"]) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": {"side": 64}}, "network.vision_cfg.image_size = 32: must be data.side, 64"),
        ({"viewed": 2.0}, "viewed = 2.0: must be in [0, 1]"),
        ({"network": {"embed_dim": 8}}, "network.vision_cfg"),
        ({"batch_size": 3}, "batch_size: unknown key"),
        ({"batch": 1}, "batch = 1: must be at least 2"),
    ],
)
def test_bad_settings_are_errors_that_name_the_key(
    change: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = json.loads((Path(train_judge.__file__).parent / TOY).read_text()) | change
    (tmp_path / "own.json").write_text(json.dumps(given))
    assert main(["--settings", str(tmp_path / "own.json"), "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_that_is_not_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--settings", str(TOY), "--out", str(tmp_path / "out"), "--resume"]) == 2
    assert "there is no checkpoint" in capsys.readouterr().err
