"""What a prior's networks have to compute, and how fast the device multiplies matrices."""

from __future__ import annotations

import statistics

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.architectures import ARCHITECTURES


def model_flops(name: str, *, tiny: bool) -> float:
    """Floating-point operations of a scene-step in the prior's networks: the image encoded, both halves of the
    guidance, and the gradient back to the image. Counted, not run."""
    prior = ARCHITECTURES[name](torch.device("meta"), torch.bfloat16, tiny=tiny)
    with FlopCounterMode(display=False) as counter:
        image = torch.empty(1, 3, prior.image_size, prior.image_size, device="meta", requires_grad=True)
        encoded = prior.encode_image(image)
        both = torch.cat([encoded, encoded]).detach()
        prior.predict_noise(both, torch.empty(2, device="meta"), prior.encode_prompts(["a red mug", ""]))
        encoded.sum().backward()
    return float(counter.get_total_flops())


def matmul_rate(device: torch.device, *, tiny: bool) -> float:
    """Operations a second of a large product of bfloat16 matrices, the median of many in a row."""
    side = 64 if tiny else 8192
    one, other = torch.randn(2, side, side, device=device).bfloat16()
    times = []
    for _ in range(5 if tiny else 40):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        one @ other
        end.record()
        times.append((start, end))
    torch.cuda.synchronize(device)
    return 2.0 * side**3 / (statistics.median(start.elapsed_time(end) for start, end in times) / 1000.0)
