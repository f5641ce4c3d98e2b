"""Fused networks give what the networks of diffusers give, here in float64 and without kernels."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor, nn

from benchmarks import architectures
from dreamcore.assets import EMBEDDED_PRIOR
from dreamcore.priors import blocks
from dreamcore.priors.fuse import fuse

TOKENS = 7
EMBEDDED: dict[str, Any] = {
    name: value
    for name, value in json.loads((EMBEDDED_PRIOR / "unet" / "config.json").read_text()).items()
    if not name.startswith("_")
}
UNETS: dict[str, dict[str, Any]] = {
    "sd21": architectures.SD21_UNET | architectures.TINY_SD,
    "sd15": architectures.SD21_UNET
    | architectures.TINY_SD
    | {"use_linear_projection": False, "attention_head_dim": 8, "resnet_out_scale_factor": 1.5},
    "if": architectures.IF_M_UNET | architectures.TINY_IF,
    "embedded": EMBEDDED | {"sample_size": 16},
}


def shaken(network: nn.Module) -> nn.Module:
    """Frozen, in float64, with nothing at the values it is made with: norms would hide a lost weight, and the mean of
    what goes into a group one that is lost twice."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
    return network.double().requires_grad_(False).eval()


def left(network: nn.Module) -> list[str]:
    """Kinds of modules that are still those of diffusers and have a counterpart."""
    kinds = {"ResnetBlock2D", "Upsample2D", "Attention", "Transformer2DModel", "GEGLU", "GroupNorm", "Conv2d"}
    return sorted(name for name, module in network.named_modules() if type(module).__name__ in kinds)


@pytest.mark.parametrize("name", UNETS)
def test_a_fused_unet_gives_the_same_numbers(name: str) -> None:
    config = UNETS[name]
    network = shaken(UNet2DConditionModel(**config))
    fused = fuse(copy.deepcopy(network))
    assert not left(fused)
    size, features = config["sample_size"], config.get("encoder_hid_dim") or config["cross_attention_dim"]
    draws = torch.Generator().manual_seed(5)

    def call(model: nn.Module, image: Tensor, text: Tensor) -> Tensor:
        times = torch.tensor([17.0, 600.5, 998.0])[: len(image)]
        output: Tensor = model(image, times, encoder_hidden_states=text, return_dict=False)[0]
        return output

    for count in (1, 3):
        image = torch.randn(count, config.get("in_channels", 4), size, size, generator=draws, dtype=torch.float64)
        text = torch.randn(count, TOKENS, features, generator=draws, dtype=torch.float64)
        expected = call(network, image, text)
        assert expected.std() > 0.1
        torch.testing.assert_close(call(fused, image, text), expected, rtol=1e-9, atol=1e-9 * float(expected.std()))


def test_a_fused_unet_can_be_gone_back_through() -> None:
    network = shaken(UNet2DConditionModel(**UNETS["embedded"]))
    fused = fuse(copy.deepcopy(network))
    image = torch.randn(2, 3, 16, 16, dtype=torch.float64, requires_grad=True)
    text = torch.randn(2, TOKENS, EMBEDDED["encoder_hid_dim"], dtype=torch.float64)
    along = torch.randn(2, 6, 16, 16, dtype=torch.float64)
    found, expected = (
        torch.autograd.grad((model(image, 300, encoder_hidden_states=text).sample * along).sum(), image)[0]
        for model in (fused, network)
    )
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8 * float(expected.std()))


@pytest.mark.parametrize("widest", [64, 256], ids=["several heads", "one wide head"])
def test_a_fused_encoder_gives_the_same_numbers_and_gradients(widest: int) -> None:
    config = architectures.SD_VAE | architectures.TINY_VAE | {"block_out_channels": (32, 32, 64, widest)}
    network = shaken(AutoencoderKL(**config))
    fused = fuse(copy.deepcopy(network))
    assert any(isinstance(module, blocks.WideAttention) for module in fused.modules()) == (widest == 256)
    image = torch.randn(2, 3, 32, 32, dtype=torch.float64, requires_grad=True)
    along = torch.randn(2, 4, 4, 4, dtype=torch.float64)
    answers = []
    for model in (fused, network):
        mean = model.encode(image).latent_dist.mean
        answers.append((mean.detach(), torch.autograd.grad((mean * along).sum(), image)[0]))
    for found, expected in zip(*answers, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8 * float(expected.std()))


def test_what_has_no_counterpart_stays() -> None:
    config = UNETS["if"] | {"only_cross_attention": True}
    network = shaken(UNet2DConditionModel(**config))
    fused = fuse(copy.deepcopy(network))
    assert any(type(module).__name__ == "Attention" for module in fused.modules())
    size, features = config["sample_size"], config["encoder_hid_dim"]
    image = torch.randn(1, 3, size, size, dtype=torch.float64)
    text = torch.randn(1, TOKENS, features, dtype=torch.float64)
    found, expected = (model(image, 300, encoder_hidden_states=text).sample for model in (fused, network))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9 * float(expected.std()))


FULL: dict[str, tuple[type[nn.Module], dict[str, Any]]] = {
    "sd21": (UNet2DConditionModel, architectures.SD21_UNET),
    "if-m": (UNet2DConditionModel, architectures.IF_M_UNET),
    "vae": (AutoencoderKL, architectures.SD_VAE),
}


def full_call(network: Any, config: dict[str, Any]) -> Tensor:
    """What the network gives at full size, or of a VAE the latents and the gradient of the image; in float32."""
    dtype = next(network.parameters()).dtype

    def random(*shape: int, seed: int) -> Tensor:
        return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to("cuda", dtype)

    if "latent_channels" in config:
        image = (random(2, 3, 512, 512, seed=1) / 3.0).requires_grad_()
        mean = network.encode(image).latent_dist.mean
        (gradient,) = torch.autograd.grad((mean * random(*mean.shape, seed=2)).sum(), image)
        return torch.cat([(mean / mean.std()).flatten(), (gradient / gradient.std()).flatten()]).detach().float()
    size, features = config["sample_size"], config.get("encoder_hid_dim") or config["cross_attention_dim"]
    image, text = random(3, config.get("in_channels", 4), size, size, seed=3), random(3, 77, features, seed=4)
    with torch.no_grad():
        output: Tensor = network(image, torch.tensor([3, 400, 990]).cuda(), encoder_hidden_states=text).sample
    return output.float()


@pytest.mark.gpu
@pytest.mark.parametrize("name", FULL)
def test_fused_networks_round_no_more_than_those_of_diffusers(name: str) -> None:
    """In bfloat16 on a GPU, both against the same weights in float32."""
    kind, config = FULL[name]
    torch.manual_seed(0)
    with torch.device("cuda"):
        network = kind(**config).requires_grad_(False).eval()
    low = network.bfloat16()
    exact, plain = copy.deepcopy(low).float(), full_call(low, config)
    fused = full_call(fuse(low), config)
    expected = full_call(exact, config)

    def error(found: Tensor) -> float:
        return float((found - expected).norm() / expected.norm())

    assert error(fused) < 1.2 * error(plain) + 1e-3
