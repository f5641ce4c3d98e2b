"""One look at a prior before a sweep spends hours on it: does it answer, how fast, in how much memory?"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from dreamcore.priors.base import Conditioning, Prior
from dreamcore.sds import Prompts, distill, surrogate

_OMEGA = 7.5


@dataclass(frozen=True, kw_only=True)
class ProbeReport:
    """What a guided prediction for one image took and gave.

    `embed_seconds` is the time for the prompt and the empty prompt, `step_seconds` for one guided prediction and the
    gradient back to the image. `memory` is the most that the device had allocated, in bytes; 0 where that is not
    counted (CPU). `latents` is the shape of what is noised. `problems` are faults in words; none means all is well.
    """

    identity: str
    device: str
    image_size: int
    latents: tuple[int, int, int]
    embed_seconds: float
    step_seconds: float
    memory: int
    problems: tuple[str, ...]


def probe(prior: Prior, prompt: str = "a red mug", *, clock: Callable[[], float] = time.perf_counter) -> ProbeReport:
    """Embed a prompt, take one guided prediction and its gradient, and look at every number on the way."""
    on_gpu = prior.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(prior.device)
    start = clock()
    conditional, unconditional = prior.encode_prompts([prompt]), prior.unconditional()
    prompts = Prompts.pair(conditional, unconditional)
    embed_seconds = clock() - start
    if on_gpu:
        _guided_gradient(prior, prompts)  # the first call chooses and loads kernels
    start = clock()
    values = _guided_gradient(prior, prompts)
    if on_gpu:
        torch.cuda.synchronize(prior.device)
    step_seconds = clock() - start
    latents = values["the encoded image"].shape[1:]
    return ProbeReport(
        identity=prior.identity,
        device=torch.cuda.get_device_name(prior.device) if on_gpu else str(prior.device),
        image_size=prior.image_size,
        latents=(latents[0], latents[1], latents[2]),
        embed_seconds=embed_seconds,
        step_seconds=step_seconds,
        memory=torch.cuda.max_memory_allocated(prior.device) if on_gpu else 0,
        problems=(*_embedding_faults(conditional, unconditional), *_faults(values)),
    )


def _guided_gradient(prior: Prior, prompts: Prompts) -> dict[str, torch.Tensor]:
    """What a step of score distillation computes for one smooth image at t = 1/2, by name."""
    ramp = torch.linspace(0.0, 1.0, prior.image_size, device=prior.device).expand(prior.image_size, -1)
    image = torch.stack([ramp, ramp.T, 0.5 * (ramp + ramp.T)])[None].requires_grad_()
    encoded = prior.encode_image(image)
    draws = torch.Generator().manual_seed(0)
    noise = torch.randn(encoded.shape, generator=draws).to(prior.device)
    one = torch.ones(1, device=prior.device)
    result = distill(prior, encoded.detach(), prompts, 0.5 * one, noise, _OMEGA * one, one)
    (gradient,) = torch.autograd.grad(surrogate(encoded, result.gradient).sum(), image)
    return {
        "the encoded image": encoded.detach(),
        "the guided prediction": result.gradient,
        "the gradient of the image": gradient,
    }


def _embedding_faults(conditional: Conditioning, unconditional: Conditioning) -> list[str]:
    """An infinity may be meant: what an embedding holds is the prior's own business. NaN never is."""
    named = {"the prompt": conditional, "the empty prompt": unconditional}
    return [
        f"the embedding of {name} has NaN"
        for name, embedding in named.items()
        if any(bool(tensor.isnan().any()) for tensor in embedding.tensors.values())
    ]


def _faults(values: dict[str, torch.Tensor]) -> list[str]:
    faults = [f"{name} is not finite" for name, tensor in values.items() if not bool(tensor.isfinite().all())]
    gradient = values["the gradient of the image"]
    if not faults and not bool(gradient.any()):
        faults.append("the gradient of the image is zero")
    return faults
