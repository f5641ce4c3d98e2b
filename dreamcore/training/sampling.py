"""Images that the network draws of prompts, deterministically from noise (Song et al. 2021), as a contact sheet.

Letters: p prompts, k images of each, b = p k.
"""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from dreamcore.denoising import ddim_update, expected_image, times
from dreamcore.priors.diffusion_schedule import DiffusionSchedule
from dreamcore.sds import guide
from dreamcore.training.checkpoints import write
from dreamcore.training.network import Predict

Images = Float[Tensor, "b 3 side side"]


@torch.no_grad()
def ddim(
    predict: Predict,
    schedule: DiffusionSchedule,
    features: Float[Tensor, "b tokens features"],
    nothing: Float[Tensor, "1 tokens features"],
    noise: Images,
    steps: int,
    guidance: float,
) -> Images:
    """Images in [-1, 1] from `noise`; `nothing` are the features of no prompt and `guidance` is the paper's omega."""
    z, count = noise, len(noise)
    omega = torch.full((count,), guidance, device=z.device)
    both = torch.cat([features, nothing.expand(count, -1, -1)])
    x = z
    total = torch.tensor([float(steps)])
    for step in range(steps):
        t, s = (times(torch.tensor([float(at)]), total).to(z.device).expand(count) for at in (step, step + 1))
        now, then = schedule.alpha_sigma(t), schedule.alpha_sigma(s)
        output = predict(torch.cat([z, z]), schedule.timestep(torch.cat([t, t])), both)
        conditional, unconditional = schedule.noise(output, torch.cat([z, z]), torch.cat([t, t])).chunk(2)
        x = expected_image(z, guide(conditional, unconditional, omega), now).clamp(-1.0, 1.0)
        z = ddim_update(z, x, now, then)
    return x


def sheet(images: Images, columns: int) -> UInt8[Tensor, "height width 3"]:
    """Images row by row, `columns` in each row."""
    values = ((images.clamp(-1.0, 1.0) + 1.0) * 127.5 + 0.5).to(torch.uint8)
    rows = values.unflatten(0, (-1, columns))
    pixels: Tensor = rows.permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2)
    return pixels


def save_sheet(path: Path, images: Images, columns: int) -> None:
    """A PNG file."""
    from PIL import Image

    picture = Image.fromarray(sheet(images, columns).cpu().numpy())
    write(path, lambda place: picture.save(place, format="PNG"))
