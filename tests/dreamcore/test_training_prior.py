"""Training the prior: settings, one step, two processes against one, cut-off runs against whole ones, the command.

As a script this file is one of two processes: `RANK=0 WORLD_SIZE=2 ... python test_training_prior.py FOLDER`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from dreamcore.training import train_prior
from dreamcore.training.batches import BatchSettings, Pictures, generator_at
from dreamcore.training.checkpoints import load_checkpoint
from dreamcore.training.network import load_weights
from dreamcore.training.optimisation import Budget, OptimiserSettings
from dreamcore.training.prior_log import Log
from dreamcore.training.prior_material import Material
from dreamcore.training.prior_trainer import Examples, PriorTrainer, check_network, draw_examples
from dreamcore.training.settings import PriorSettings, parse, read_settings
from dreamcore.training.train_prior import Files, Start, Training, find_start, main
from dreamcore.training.workers import Place, Workers

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")
FILE = "diffusion_pytorch_model.safetensors"
SETTINGS = replace(
    read_settings(PriorSettings, Path("prior_toy.json")),
    budget=Budget(steps=4),
    batch=BatchSettings(size=4),
    optimiser=OptimiserSettings(warmup=2),
    held_out=4,
    log_every=2,
    held_out_every=2,
)


def pictures(rank: int) -> Pictures:
    generator = torch.Generator().manual_seed(100 + rank)
    images = torch.randint(0, 256, (12, 16, 16, 4), generator=generator, dtype=torch.uint8)
    return Pictures(images, torch.arange(12, dtype=torch.int32) % 3)


def table() -> torch.Tensor:
    return torch.randn(4, 20, 384, generator=torch.Generator().manual_seed(7)).half()


def examples(rank: int, step: int) -> Examples:
    return draw_examples(generator_at(CPU, "batch", rank, step), pictures(rank), table(), SETTINGS.batch)


# ---- steps -----------------------------------------------------------------------------------------------------------


def test_the_first_loss_is_the_size_of_v() -> None:
    """The network begins with 0, so the error is v itself: alpha^2 + sigma^2 times what an image holds."""
    trainer = PriorTrainer(SETTINGS, Workers(Place(), CPU))
    batch = draw_examples(generator_at(CPU, 0), pictures(0), table(), BatchSettings(size=64))
    losses, norm = trainer.step(batch, 0, 0.0)
    alpha, sigma = trainer.schedule.alpha_sigma(batch.t)
    v = alpha[:, None, None, None] * batch.noise - sigma[:, None, None, None] * batch.images
    torch.testing.assert_close(losses, v.square().mean(dim=(1, 2, 3)), rtol=1e-4, atol=1e-5)
    assert norm.item() > 0.0


def test_warming_up_changes_nothing() -> None:
    warmed, plain = (PriorTrainer(SETTINGS, Workers(Place(), CPU)) for _ in range(2))
    warmed.warm_up((20, 384), runs=1)
    for trainer in (warmed, plain):
        trainer.step(examples(0, 0), 0, 0.0)
    left, right = warmed.optimiser.state(), plain.optimiser.state()
    assert all(torch.equal(left[name], right[name]) for name in right)


def test_errors_are_those_of_the_averaged_weights() -> None:
    trainer = PriorTrainer(SETTINGS, Workers(Place(), CPU))
    for step in range(3):
        trainer.step(examples(0, step), step, 0.0)
    watched = Examples.cat([examples(1, step) for step in range(3)])
    found = trainer.errors(watched)
    with torch.no_grad():
        for name, weight in trainer.unet.named_parameters():
            weight.copy_(trainer.optimiser.average[name])
    again, _ = trainer.step(watched, 3, 0.0)
    torch.testing.assert_close(found, again, rtol=1e-4, atol=1e-5)


# ---- processes -------------------------------------------------------------------------------------------------------


def steps_of_one_process(folder: Path) -> None:
    place = Place.of()
    workers = Workers.join(place, CPU)
    # a network of its own, so that sharing the first one's weights is seen
    trainer = PriorTrainer(replace(SETTINGS, seed=place.rank), workers)
    for step in range(2):
        trainer.step(examples(place.rank, step), step, 0.0)
    agreed = workers.agree(float(10 + place.rank))
    save_file(
        {name: tensor.contiguous() for name, tensor in trainer.optimiser.state().items()}
        | {"agreed": torch.tensor(agreed)},
        folder / f"{place.rank}.safetensors",
    )
    workers.leave()


@pytest.mark.slow
def test_two_processes_are_one_with_both_batches(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    common["PYTHONPATH"] = str(ROOT)
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, str(tmp_path)],
            env=common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        for process in processes:
            _, said = process.communicate(timeout=110)
            assert process.returncode == 0, said
    finally:
        for process in processes:
            process.kill()
    first, second = (load_file(tmp_path / f"{rank}.safetensors") for rank in range(2))
    assert first.pop("agreed") == second.pop("agreed") == 10.0
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name

    alone = PriorTrainer(SETTINGS, Workers(Place(), CPU))
    for step in range(2):
        alone.step(Examples.cat([examples(rank, step) for rank in range(2)]), step, 0.0)
    # Adam divides by the gradient's size, which makes much of rounding where it should be 0: moments tell more
    # than weights
    expected = {name: value for name, value in alone.optimiser.state().items() if name.startswith("exp_avg/")}
    scale = torch.cat([value.flatten() for value in expected.values()]).square().mean().sqrt().item()
    for name, value in expected.items():
        torch.testing.assert_close(first[name], value, rtol=1e-2, atol=1e-3 * scale, msg=name)


# ---- cut off and gone on ---------------------------------------------------------------------------------------------


def training(folder: Path, settings: PriorSettings, start: Start) -> Training:
    workers = Workers(Place(), CPU)
    trainer = PriorTrainer(settings, workers)
    if start.tensors:
        trainer.optimiser.load(start.tensors)
    material = Material(pictures(0), table(), examples(9, 0), table()[:2])
    files = Files(folder=folder)
    folder.mkdir(exist_ok=True)
    log = Log(files.log)
    log.cut(start.step)
    return Training(trainer, material, workers, files, log, start)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_training_that_goes_on_ends_with_the_bits_of_one_that_was_not_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    settings = replace(SETTINGS, checkpoint_every=2)
    training(whole, settings, Start()).run()

    original = PriorTrainer.step

    def failing(self: PriorTrainer, batch: Examples, step: int, share: float) -> Any:
        if step == 3:
            raise KeyboardInterrupt
        return original(self, batch, step, share)

    monkeypatch.setattr(PriorTrainer, "step", failing)
    with pytest.raises(KeyboardInterrupt):
        training(cut, settings, Start()).run()
    monkeypatch.undo()
    assert not (cut / "prior").exists()
    start = find_start(Files(folder=cut), settings, resume=True)
    assert (start.step, start.images) == (2, 8)
    training(cut, settings, start).run()

    (expected, facts), (found, other) = (load_checkpoint(folder / "checkpoint.safetensors") for folder in (whole, cut))
    assert (facts["step"], facts["images"]) == (other["step"], other["images"]) == (4, 16)
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name
    weights = "prior/unet/diffusion_pytorch_model.safetensors"
    assert (whole / weights).read_bytes() == (cut / weights).read_bytes()
    assert (whole / "samples/0000004.png").read_bytes() == (cut / "samples/0000004.png").read_bytes()
    assert [line["step"] for line in lines(whole)] == [0, 2, 4]
    assert lines(cut)[-1]["held_out"] == lines(whole)[-1]["held_out"]
    assert lines(cut)[-1]["loss_by_bin"] == lines(whole)[-1]["loss_by_bin"]


def test_a_budget_of_minutes_counts_what_went_before(tmp_path: Path) -> None:
    settings = replace(SETTINGS, budget=Budget(minutes=1.0))
    training(tmp_path, settings, Start(step=20, elapsed=61.0, images=80)).run()
    assert [line["step"] for line in lines(tmp_path)] == [20]
    assert load_checkpoint(tmp_path / "checkpoint.safetensors")[1]["images"] == 80


def test_a_training_that_diverges_stops(tmp_path: Path) -> None:
    run = training(tmp_path, SETTINGS, Start())
    with torch.no_grad():
        next(run._trainer.unet.parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="2 of the last 2 gradients were not finite"):
        run.run()
    assert lines(tmp_path)[-1]["skipped"] == 2
    assert not (tmp_path / "checkpoint.safetensors").exists()


# ---- settings and the command ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["prior.json", "prior_further.json", "prior_fronts.json", "prior_toy.json"])
def test_shipped_settings_are_sound(name: str) -> None:
    settings = read_settings(PriorSettings, Path(name))
    check_network(settings)
    again = parse(PriorSettings, json.loads(json.dumps(train_prior.asdict(settings))), "")
    assert train_prior.asdict(again) == train_prior.asdict(settings)


def changed(**keys: object) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((Path(train_prior.__file__).parent / "prior_toy.json").read_text())
    return data | keys


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed(sead=1), "sead: unknown key. Did you mean seed? Known keys: "),
        (changed(batch={"size": 1.5}), "batch.size = 1.5: must be a whole number"),
        (changed(batch={"size": True}), "batch.size = True: must be a whole number"),
        (changed(optimiser={"betas": [0.9]}), "optimiser.betas = [0.9]: must be a list of 2"),
        (changed(optimiser={"betas": [0.9, "x"]}), "optimiser.betas[1] = 'x': must be a number"),
        (changed(samples={"prompts": "a mug"}), "samples.prompts = 'a mug': must be a list"),
        (changed(budget={}), "budget = {'steps': 0, 'minutes': 0.0}: must be either steps or minutes"),
        (changed(budget=5), "budget = 5: must be an object with keys"),
        (changed(unet={"sample_size": 64}), "unet.sample_size = 64: must be data.side, 16"),
        (changed(compile="fast"), "compile = 'fast': must be one of off, default, reduce-overhead"),
        (changed(scheduler={"beta_schedule": "cubic"}), "scheduler: diffusers cannot build it: cubic is not"),
        (changed(scheduler={"betas": "linear"}), "scheduler.betas: unknown key. Known keys: "),
        ({"seed": 1}, "budget: is missing"),
    ],
)
def test_mistakes_are_one_message_and_exit_code_2(
    data: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.json").write_text(json.dumps(data))
    assert main(["--settings", str(tmp_path / "s.json"), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.strip().splitlines()) == 1
    assert not (tmp_path / "out" / "log.jsonl").exists()


def test_folders_must_fit_the_wish_to_resume(tmp_path: Path) -> None:
    files = Files(folder=tmp_path)
    with pytest.raises(ValueError, match="there is no checkpoint"):
        find_start(files, SETTINGS, resume=True)
    training(tmp_path, replace(SETTINGS, budget=Budget(steps=1)), Start()).run()
    with pytest.raises(ValueError, match="is there already: go on with --resume"):
        find_start(files, SETTINGS, resume=False)
    wider = replace(SETTINGS, unet={**SETTINGS.unet, "block_out_channels": [16, 48]})
    with pytest.raises(ValueError, match="use the settings it began with"):
        find_start(files, wider, resume=True)
    longer = replace(SETTINGS, budget=Budget(steps=9), log_every=3)
    assert find_start(files, longer, resume=True).step == 1


def test_a_training_can_begin_with_the_weights_of_another(tmp_path: Path) -> None:
    first = training(tmp_path, replace(SETTINGS, budget=Budget(steps=2)), Start())
    first.run()
    weights = load_weights(tmp_path / "prior", SETTINGS.unet)
    second = PriorTrainer(replace(SETTINGS, seed=5), Workers.join(Place()))
    second.optimiser.begin_with(weights)
    for name, average in first._trainer.optimiser.average.items():
        # what was written has 16 bits
        for own in (second.optimiser.average[name], second.optimiser.parameters[name].detach()):
            torch.testing.assert_close(own, average, rtol=1e-3, atol=1e-6)
    state = second.optimiser.state()
    assert not any(bool(state[f"exp_avg/{name}"].any()) for name in weights)


@pytest.mark.parametrize(("there", "message"), [(False, "has no U-Net to begin with"), (True, "[16, 48], but")])
def test_weights_to_begin_with_must_fit(
    there: bool, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.json").write_text(json.dumps(changed(unet={**SETTINGS.unet, "block_out_channels": [16, 48]})))
    if there:
        folder = tmp_path / "there" / "unet"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({**SETTINGS.unet, "out_channels": 6}))
        save_file({"conv_out.weight": torch.zeros(6, 1), "conv_out.bias": torch.zeros(6)}, folder / FILE)
    options = ["--out", str(tmp_path / "out"), "--weights", str(tmp_path / "there")]
    assert main(["--settings", str(tmp_path / "s.json"), *options]) == 2
    assert message in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["--settings", str(tmp_path / "s.json"), *options, "--resume"])


@pytest.mark.slow
def test_the_command_learns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--settings", "prior_toy.json", "--out", str(tmp_path)]) == 0
    found = lines(tmp_path)
    assert found[-1]["step"] == 60
    assert found[-1]["held_out"] < 0.7 * found[0]["held_out"]
    assert found[-1]["loss"] < found[1]["loss"]
    assert found[-1]["skipped"] == 0
    said = capsys.readouterr().err
    assert "48 pictures of 24 scenes" in said
    assert str(tmp_path / "prior") in said.splitlines()[-1]
    assert (tmp_path / "prior" / "model_index.json").is_file()
    assert (tmp_path / "samples" / "0000060.png").is_file()


if __name__ == "__main__":
    torch.set_num_threads(1)
    steps_of_one_process(Path(sys.argv[1]))
