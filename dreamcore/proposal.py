"""Where along a ray to look: hierarchical sampling and its loss (Barron et al. 2022, "Mip-NeRF 360", §3, supplement).

Letters: N intervals of a ray lie between N + 1 `edges`, distances in order; `w` are the weights of volume rendering in
them. A histogram says nothing of where inside an interval its weight lies, so it stands for a constant density there.
Randomness arrives as one jitter a ray. No gradient passes through the places of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dreamcore import compositing


@dataclass(frozen=True)
class Histogram:
    """Weights of one round of sampling and the intervals that they belong to."""

    edges: Float[Tensor, "*rays edges"]
    weights: Float[Tensor, "*rays intervals"]


def uniform_edges(
    near: Float[Tensor, "*rays"], far: Float[Tensor, "*rays"], count: int
) -> Float[Tensor, "*rays edges"]:
    """`count` equal intervals between `near` and `far`."""
    share = torch.linspace(0.0, 1.0, count + 1, device=near.device, dtype=near.dtype)
    return near[..., None] + share * (far - near)[..., None]


def middles(edges: Float[Tensor, "*rays edges"]) -> Float[Tensor, "*rays intervals"]:
    """The middle of each interval."""
    return 0.5 * (edges[..., 1:] + edges[..., :-1])


def strata(jitter: Float[Tensor, "*rays"], count: int) -> Float[Tensor, "*rays samples"]:
    """`count` numbers in [0, 1), one a stratum, all shifted alike by the ray's jitter in [0, 1); 0.5 for evaluation."""
    steps = torch.arange(count, device=jitter.device, dtype=jitter.dtype)
    return (steps + jitter[..., None]) / count


def anneal_exponent(progress: Float[Tensor, "*n"], slope: float = 10.0) -> Float[Tensor, "*n"]:
    """The power that weights are raised to before resampling: from 0 (look everywhere) to 1 (trust the proposal)."""
    return slope * progress / ((slope - 1.0) * progress + 1.0)


def dilate(
    edges: Float[Tensor, "*rays edges"], w: Float[Tensor, "*rays intervals"], amount: Float[Tensor, "*rays"]
) -> tuple[Float[Tensor, "*rays dilated_edges"], Float[Tensor, "*rays dilated"]]:
    """Each interval's density spread by `amount` to both sides, the highest winning, cut at the outer edges; the
    weights of the result sum to 1. Its 2 N edges are all places where the dilated density may change."""
    density = w / (edges[..., 1:] - edges[..., :-1]).clamp(min=torch.finfo(edges.dtype).tiny)
    shift = amount[..., None]
    wide = torch.cat([edges[..., :-1] - shift, edges[..., 1:] + shift], dim=-1).sort(dim=-1).values
    wide = wide.clamp(edges[..., :1], edges[..., -1:])
    centre = middles(wide)
    # the intervals within reach of a place are neighbours: from the first that ends behind its lower end on
    count = w.shape[-1]
    first = torch.searchsorted(edges[..., 1:].contiguous(), (centre - shift).contiguous(), right=True)
    last = torch.searchsorted(edges[..., :-1].contiguous(), (centre + shift).contiguous()) - 1
    first = first.clamp(max=count - 1)
    highest = range_maximum(density, first, last.clamp(max=count - 1).maximum(first))
    spread = highest * (wide[..., 1:] - wide[..., :-1])
    return wide, spread / spread.sum(-1, keepdim=True).clamp(min=torch.finfo(w.dtype).tiny)


def range_maximum(
    values: Float[Tensor, "*rays intervals"], first: Int[Tensor, "*rays queries"], last: Int[Tensor, "*rays queries"]
) -> Float[Tensor, "*rays queries"]:
    """The maximum of values[first..last], both included and first <= last, for each pair of indices.

    Two overlapping windows of a power of two cover any range, so a table of log2(N) rows answers all queries.
    """
    rows, size = [values], 1
    while 2 * size <= values.shape[-1]:
        row = rows[-1].clone()
        row[..., :-size] = torch.maximum(row[..., :-size], rows[-1][..., size:])
        rows.append(row)
        size *= 2
    table = torch.stack(rows, dim=-2).flatten(-2)
    level = torch.log2((last - first + 1).double()).long()
    start = level * values.shape[-1]
    return torch.maximum(table.gather(-1, start + first), table.gather(-1, start + last + 1 - (1 << level)))


def invert_cdf(
    edges: Float[Tensor, "*rays edges"], w: Float[Tensor, "*rays intervals"], u: Float[Tensor, "*rays samples"]
) -> Float[Tensor, "*rays samples"]:
    """Where the histogram's share of the weight up to there is `u`. An empty histogram counts as constant density."""
    width = edges[..., 1:] - edges[..., :-1]
    mass = torch.where(w.sum(-1, keepdim=True) > 0.0, w, width)
    cdf = torch.nn.functional.pad(mass.cumsum(-1), (1, 0))
    cdf = cdf / cdf[..., -1:].clamp(min=torch.finfo(w.dtype).tiny)
    # on the right side, so that an interval without weight is never the one found
    found = torch.searchsorted(cdf.contiguous(), u.contiguous(), right=True).clamp(1, w.shape[-1])
    (c0, c1), (t0, t1) = (((values.gather(-1, found - 1), values.gather(-1, found))) for values in (cdf, edges))
    share = (u - c0) / (c1 - c0).clamp(min=torch.finfo(w.dtype).tiny)
    return t0 + share.clamp(0.0, 1.0) * (t1 - t0)


@torch.no_grad()
def resample(
    edges: Float[Tensor, "*rays edges"], w: Float[Tensor, "*rays intervals"], u: Float[Tensor, "*rays samples"]
) -> Float[Tensor, "*rays new_edges"]:
    """New intervals, one around each of the two or more samples at the shares `u` (in order) of the weight.

    They meet half-way between samples; the outermost are as long on their outer side, cut at the histogram's ends.
    """
    samples = invert_cdf(edges, w, u)
    between = middles(samples)
    first = torch.maximum(2.0 * samples[..., :1] - between[..., :1], edges[..., :1])
    last = torch.minimum(2.0 * samples[..., -1:] - between[..., -1:], edges[..., -1:])
    return torch.cat([first, between, last], dim=-1)


def outer_measure(
    edges: Float[Tensor, "*rays edges"],
    envelope_edges: Float[Tensor, "*rays envelope_edges"],
    envelope: Float[Tensor, "*rays envelope_intervals"],
) -> Float[Tensor, "*rays intervals"]:
    """The envelope's weight in all its intervals that overlap each interval between `edges` (Eq. 12).

    Intervals that only touch do not overlap, so a histogram is its own outer measure.
    """
    below = torch.nn.functional.pad(envelope.cumsum(-1), (1, 0))
    at = envelope_edges.detach().contiguous()
    count = envelope.shape[-1]
    first = (torch.searchsorted(at, edges[..., :-1].contiguous(), right=True) - 1).clamp(0, count)
    last = torch.searchsorted(at, edges[..., 1:].contiguous()).clamp(0, count)
    return below.gather(-1, last.maximum(first)) - below.gather(-1, first)


def proposal_loss(final: Histogram, proposed: Histogram) -> Float[Tensor, "*rays"]:
    """Sum over intervals of max(0, w - outer measure)^2 / w of each ray (Eq. 13), in which the final weights are
    constants: the proposal learns to enclose them, and they take no notice."""
    w = final.weights.detach()
    bound = outer_measure(final.edges.detach(), proposed.edges, proposed.weights)
    return ((w - bound).clamp(min=0.0) ** 2 / (w + torch.finfo(w.dtype).eps)).sum(-1)


def propose(
    density: Callable[[Float[Tensor, "*rays intervals"]], Float[Tensor, "*rays intervals"]],
    near: Float[Tensor, "*rays"],
    far: Float[Tensor, "*rays"],
    counts: Sequence[int],
    jitter: Float[Tensor, "*rays rounds"],
    exponent: Float[Tensor, "*#rays"],
) -> tuple[Float[Tensor, "*rays edges"], list[Histogram]]:
    """Rounds of proposals of counts[0], counts[1], ... intervals, then the edges of counts[-1] final ones.

    `density` gives the proposal's density at distances along the rays. `jitter` has a column a count; `exponent` is
    that of `anneal_exponent`. The histograms returned carry gradients to what `density` depends on.
    """
    rounds: list[Histogram] = []
    edges, w, refined = uniform_edges(near, far, 1), torch.ones_like(near)[..., None], 1
    for count, shift in zip(counts, jitter.unbind(-1), strict=True):
        if rounds:
            # half an expected interval and a little more, as fractions of the ray (mip-NeRF 360's supplement)
            edges, w = dilate(edges, w.detach(), (0.5 / refined + 0.0025) * (far - near))
        sharpened = w.clamp(min=torch.finfo(w.dtype).tiny) ** exponent[..., None]
        # the power brings weight to intervals that had none, not to those that have no length
        sharpened = torch.where(edges[..., 1:] > edges[..., :-1], sharpened, torch.zeros_like(w))
        edges = resample(edges, sharpened, strata(shift, count))
        refined *= count
        if len(rounds) + 1 < len(counts):
            w = compositing.weights(density(middles(edges)), edges[..., 1:] - edges[..., :-1])
            rounds.append(Histogram(edges, w))
    return edges, rounds
