"""Backgrounds and crops of Dream Fields (Jain et al. 2022, arXiv 2112.01455, §4.5 and app. C).

S scenes with V views each, images of H x W pixels. The paper names the three kinds of background and the blur; the
numbers are those of its public code, which makes backgrounds of 224 pixels. Here they are of the rendered size, and
what the code counts in pixels is counted in image widths.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dreamcore.placement import placed
from dreamcore.rng import Draws, Purpose

_SIDE = 224.0  # of the public code's backgrounds, in pixels
_SQUARES = 8  # of a checkerboard's side
_LARGEST_BLUR = 10.0 / _SIDE  # deviation of the widest blur, in image widths
_BLUR_REACH = 7.0 / _SIDE  # where the blur's kernel is cut, in image widths
_SPECTRUM = 0.2 / 4.0 * math.sqrt(_SIDE)  # deviation of a Fourier texture's slowest wave
_DECAY = 1.5  # waves k times as fast are this power of k weaker
_NOISE, _WAVES = 1, 2  # streams of `Purpose.BACKGROUND`; what is drawn once a view is in stream 0

# From independent channels to colours as photographs have them: Lucid's square root of the correlation of ImageNet's
# colours, divided by the length of its longest column.
_COLORS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
_LONGEST = math.sqrt(0.26**2 + 2.0 * 0.27**2)


def textures(draws: Draws, views: int, side: int) -> Float[Tensor, "scenes views {side} {side} 3"]:
    """A background a view in [0, 1], on the device of `draws`: in equal parts noise, a checkerboard of two colours or
    a random Fourier texture, blurred by a Gaussian whose deviation is uniform up to a 22nd of the width (§4.5)."""
    u = draws.uniform(Purpose.BACKGROUND, (views, 8))
    choice, deviation, colors = u[..., 0], u[..., 1] * _LARGEST_BLUR * side, u[..., 2:].unflatten(-1, (2, 3))
    # the paper says Gaussian noise; its code draws it uniformly
    noise = draws.uniform(Purpose.BACKGROUND, (views, side, side, 3), _NOISE)
    board, waves = checkerboard(colors, side), fourier(draws, views, side)
    kind = choice[..., None, None, None]
    image = torch.where(kind < 1.0 / 3.0, noise, torch.where(kind < 2.0 / 3.0, board, waves))
    return blur(image, deviation)


def checkerboard(colors: Float[Tensor, "scenes views 2 3"], side: int) -> Float[Tensor, "scenes views {side} {side} 3"]:
    """Eight squares a side of two colours in turn."""
    square = torch.arange(side, device=colors.device) * _SQUARES // side
    other = ((square[:, None] + square) % 2 == 1)[..., None]
    first, second = (colors[:, :, place, None, None, :] for place in (0, 1))
    return torch.where(other, second, first)


def fourier(draws: Draws, views: int, side: int) -> Float[Tensor, "scenes views {side} {side} 3"]:
    """A sum of waves with normal coefficients, k waves across the image k^-1.5 times as strong as one, through a
    sigmoid. How strong a wave is does not depend on `side`."""
    rows = torch.fft.fftfreq(side, 1.0 / side, device=draws.seeds.device)
    columns = torch.arange(side // 2 + 1, device=draws.seeds.device)
    frequency = torch.sqrt(rows[:, None] ** 2 + columns**2).clamp(min=1.0)
    drawn = draws.normal(Purpose.BACKGROUND, (views, 3, side, side // 2 + 1, 2), _WAVES)
    spectrum = torch.view_as_complex(drawn) * (_SPECTRUM * frequency**-_DECAY)
    channels = torch.fft.irfft2(spectrum, s=(side, side), norm="forward")
    mix = torch.tensor(_COLORS, device=drawn.device) / _LONGEST
    return torch.sigmoid(channels.permute(0, 1, 3, 4, 2) @ mix.T)


def blur(
    image: Float[Tensor, "scenes views side side 3"], deviation: Float[Tensor, "scenes views"]
) -> Float[Tensor, "scenes views side side 3"]:
    """Each image convolved with its own Gaussian, whose `deviation` is in pixels; the kernel ends after a 32nd of the
    width, and at the border it is what is left of it."""
    side = image.shape[2]
    place = torch.arange(side, device=image.device, dtype=image.dtype)
    apart = (place[:, None] - place).abs()
    scaled = apart / deviation.clamp(min=1e-3)[..., None, None]
    kernel = torch.exp(-0.5 * scaled * scaled) * (apart <= max(1, round(_BLUR_REACH * side)))
    kernel = kernel / kernel.sum(-1, keepdim=True)
    return torch.einsum("svij,svjkc,svlk->svilc", kernel, image, kernel)


def crop_length(side: int, fraction: float) -> int:
    """The side in pixels of a crop of an image of `side` pixels."""
    return max(1, round(fraction * side))


def random_corners(
    draws: Draws, views: int, crops: int, side: int, length: int
) -> Int[Tensor, "scenes {views} {crops} 2"]:
    """Row and column of each crop's first pixel, uniform among all places inside the image."""
    places = side - length + 1
    # a product in float32 may round up to `places`
    return (draws.uniform(Purpose.CROP, (views, crops, 2)) * places).long().clamp(max=places - 1)


def crops_of(
    images: Float[Tensor, "batch 3 side side"], corners: Int[Tensor, "batch crops 2"], length: int, size: int
) -> Float[Tensor, "batch crops 3 {size} {size}"]:
    """Squares of `length` pixels cut out at `corners` and brought to `size`, as `resize_images` does it with a whole
    image: bilinear, averaging where they shrink. Differentiable, by matrices alone, so that the gradient is summed in
    the same order every time."""
    rows, columns = (_resampling(corners[..., axis], length, images.shape[-1], size, images) for axis in (0, 1))
    return torch.einsum("bnij,bcjk,bnlk->bncil", rows, images, columns)


def _resampling(
    start: Int[Tensor, "batch crops"], length: int, side: int, size: int, like: Tensor
) -> Float[Tensor, "batch crops {size} {side}"]:
    """How much of each pixel of an axis is in each of the `size` new ones: a triangle as wide as either is."""
    scale = length / size
    center = (torch.arange(size, device=like.device, dtype=like.dtype) + 0.5) * scale - 0.5
    place = torch.arange(side, device=like.device) - placed(start, like.device)[..., None]
    inside = (place >= 0) & (place < length)
    # past the middle of the outermost pixel there is nothing to interpolate with but itself
    center = center.clamp(0.0, length - 1.0) if scale <= 1.0 else center
    weight = 1.0 - (place[..., None, :] - center[:, None]).abs() / max(scale, 1.0)
    weight = weight.clamp(min=0.0) * inside[..., None, :]
    return weight / weight.sum(-1, keepdim=True)
