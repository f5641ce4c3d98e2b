"""What holds for every prior, and how one is chosen by name."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from dreamcore.priors import load_prior
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.priors.kinds import PRIOR_KINDS, PRIOR_OPTIONS, Choice, check_prior

PROMPTS = ["a red mug, front view", "a snowman", "a blue car, back view"]


# Those that need no pipeline; test_stable_diffusion.py and test_deepfloyd.py have the others.
BUILT_IN = {"embedded": {"dtype": "float32"}, "mixture": {"size": 32}}


@pytest.fixture(scope="module", params=BUILT_IN)
def prior(request: pytest.FixtureRequest) -> Prior:
    return load_prior(request.param, **BUILT_IN[request.param])


@pytest.fixture(scope="module")
def conditioning(prior: Prior) -> Conditioning:
    return prior.encode_prompts(PROMPTS)


def images(prior: Prior, count: int, size: int | None = None) -> torch.Tensor:
    side = prior.image_size if size is None else size
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(count))


def at(conditioning: Conditioning, *indices: int) -> Conditioning:
    return conditioning[torch.tensor(indices)]


def assert_equal(left: Conditioning, right: Conditioning) -> None:
    assert left.tensors.keys() == right.tensors.keys()
    for name, tensor in left.tensors.items():
        assert torch.equal(tensor, right.tensors[name]), name


def test_it_meets_the_protocol(prior: Prior) -> None:
    assert isinstance(prior, Prior)
    assert prior.device == torch.device("cpu")
    assert prior.image_size % 8 == 0


def test_identity_is_stable_and_long_enough(prior: Prior) -> None:
    kind, _, digest = prior.identity.partition(":")
    assert kind in PRIOR_KINDS
    assert len(digest) >= 64


def test_a_prompt_s_embedding_depends_on_it_alone(prior: Prior, conditioning: Conditioning) -> None:
    assert len(conditioning) == 3
    for index, prompt in enumerate(PROMPTS):
        assert_equal(at(conditioning, index), prior.encode_prompts([prompt]))


def test_conditioning_is_indexed_and_joined(prior: Prior, conditioning: Conditioning) -> None:
    assert len(prior.unconditional()) == 1
    joined = Conditioning.cat([prior.unconditional(), at(conditioning, 2, 0)])
    assert len(joined) == 3
    assert_equal(at(joined, 1), at(conditioning, 2))
    assert_equal(at(joined, 0), prior.unconditional())
    assert_equal(joined.to(prior.device), joined)


def test_the_schedule_keeps_variance_and_is_monotonic(prior: Prior) -> None:
    alpha, sigma = prior.alpha_sigma(torch.linspace(0.0, 1.0, 101))
    torch.testing.assert_close(alpha.square() + sigma.square(), torch.ones(101))
    assert (sigma.diff() > 0).all() and (alpha.diff() < 0).all()
    assert sigma[0] < 0.01 and alpha[-1] < 0.01


def test_images_are_read_at_any_size_and_differentiably(prior: Prior) -> None:
    for size in (prior.image_size, prior.image_size // 2, 2 * prior.image_size, 50):
        picture = images(prior, 2, size).requires_grad_()
        encoded = prior.encode_image(picture)
        assert encoded.shape == (2, 3, prior.image_size, prior.image_size)
        assert encoded.abs().max() <= 1.0 + 1e-6
        encoded.sum().backward()
        assert picture.grad is not None
        # What every pixel of the result weighs, gathered by the pixels of the image: nothing is lost or counted twice.
        assert picture.grad.sum().item() == pytest.approx(2.0 * encoded.numel(), rel=1e-4)


def test_black_and_white_are_the_ends(prior: Prior) -> None:
    white = torch.ones(1, 3, 50, 50)
    torch.testing.assert_close(prior.encode_image(white), torch.ones(1, 3, prior.image_size, prior.image_size))
    torch.testing.assert_close(prior.encode_image(0 * white), -torch.ones(1, 3, prior.image_size, prior.image_size))


def test_the_noise_has_shape_and_type_and_no_graph(prior: Prior, conditioning: Conditioning) -> None:
    z = prior.encode_image(images(prior, 2)).requires_grad_()
    t = torch.tensor([0.1, 0.9])
    noise = prior.predict_noise(z, t, at(conditioning, 0, 1))
    assert noise.shape == z.shape
    assert noise.dtype == torch.float32
    assert noise.isfinite().all()
    assert not noise.requires_grad
    (noise * z).sum().backward()  # it can stand in a graph all the same
    assert z.grad is not None and torch.equal(z.grad, noise)


def test_a_batch_is_its_images_one_by_one(prior: Prior, conditioning: Conditioning) -> None:
    z = torch.randn(4, 3, prior.image_size, prior.image_size, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0.05, 0.3, 0.6, 0.95])
    mixed = Conditioning.cat([conditioning, prior.unconditional()])
    together = prior.predict_noise(z, t, mixed)
    alone = [prior.predict_noise(z[i : i + 1], t[i : i + 1], at(mixed, i)) for i in range(4)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0.0, atol=1e-4)


def test_calls_repeat_bit_for_bit_and_leave_their_arguments(prior: Prior, conditioning: Conditioning) -> None:
    z = prior.encode_image(images(prior, 1))
    before = z.clone()
    first = prior.predict_noise(z, torch.tensor([0.5]), at(conditioning, 1))
    assert torch.equal(first, prior.predict_noise(z, torch.tensor([0.5]), at(conditioning, 1)))
    assert torch.equal(z, before)


def test_the_prompt_and_the_time_matter(prior: Prior, conditioning: Conditioning) -> None:
    z = torch.randn(1, 3, prior.image_size, prior.image_size, generator=torch.Generator().manual_seed(0))
    first = prior.predict_noise(z, torch.tensor([0.5]), at(conditioning, 0))
    assert (first - prior.predict_noise(z, torch.tensor([0.5]), at(conditioning, 2))).abs().max() > 1e-3
    assert (first - prior.predict_noise(z, torch.tensor([0.4]), at(conditioning, 0))).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("embeded", {}, r"unknown prior embeded\. Did you mean embedded\? Known: embedded, mixture"),
        ("dalle", {}, r"unknown prior dalle\. Known: embedded, mixture"),
        ("embedded", {"dtpye": "float32"}, r"unknown option of prior embedded: dtpye\. Did you mean dtype\?"),
        ("embedded", {"dtype": "int8"}, r"prior\.dtype = 'int8': must be one of auto, float32, bfloat16, float16"),
        ("mixture", {"size": 48}, r"prior\.size = 48: must be one of 64, 32"),
        ("mixture", {"size": True}, r"prior\.size = True: must be one of 64, 32"),
        ("mixture", {"device": "cpu"}, r"unknown option of prior mixture: device\. Known: size"),
        ("stable_difusion", {}, r"unknown prior stable_difusion\. Did you mean stable_diffusion\?"),
        ("stable_diffusion", {}, r"prior\.model is required for stable_diffusion: must be a pipeline's folder, or the"),
        ("deepfloyd", {"dtype": "auto"}, r"prior\.model is required for deepfloyd"),
        ("deepfloyd", {"model": ""}, r"prior\.model = '': must be a pipeline's folder, or the id of a model like own"),
        ("deepfloyd", {"model": 3}, r"prior\.model = 3: must be a pipeline's folder"),
        (
            "deepfloyd",
            {"model": "https://huggingface.co/a/b"},
            r"prior\.model = 'https://.*': must be a pipeline's fol",
        ),
        (
            "deepfloyd",
            {"model": "a/b", "revision": "main"},
            r"prior\.revision = 'main': must be the 40 hexadecimal dig",
        ),
        (
            "deepfloyd",
            {"model": "a/b", "subfolder": "../c"},
            r"prior\.subfolder = '../c': must be a folder below the m",
        ),
        ("deepfloyd", {"model": "a/b", "subfolder": "/c"}, r"prior\.subfolder = '/c': must be a folder below the mode"),
        ("deepfloyd", {"model": "a/b", "variant": "a b"}, r"prior\.variant = 'a b': must be the variant in the weigh"),
        ("deepfloyd", {"model": "a/b", "offline": 1}, r"prior\.offline = 1: must be true or false"),
        ("deepfloyd", {"model": "a/b", "dtype": "int8"}, r"prior\.dtype = 'int8': must be one of auto, float32"),
        (
            "deepfloyd",
            {"model": "a/b", "varient": "x"},
            r"unknown option of prior deepfloyd: varient\. Did you mean va",
        ),
    ],
)
def test_mistakes_are_named(kind: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_prior(kind, options)
    if "device" not in options:
        with pytest.raises(ValueError, match=message):
            load_prior(kind, **options)


def test_every_choice_of_the_built_in_priors_loads() -> None:
    for kind in BUILT_IN:
        for name, option in PRIOR_OPTIONS[kind].items():
            assert isinstance(option, Choice)
            for value in option.values:
                assert isinstance(load_prior(kind, **{name: value}), Prior)


def test_good_options_of_pipelines_pass() -> None:
    options = {"model": "./models/sd 2.1", "subfolder": "a/b.c", "variant": "fp16", "dtype": "bfloat16"}
    for kind in ("stable_diffusion", "deepfloyd"):
        check_prior(kind, options)
        check_prior(kind, {"model": "owner/name.v1", "revision": 40 * "a", "offline": True, "cache": "/tmp/x"})
        check_prior(
            kind,
            {"model": "~/m"}
            | {name: option.default for name, option in PRIOR_OPTIONS[kind].items() if name != "model"},
        )


def test_the_kinds_are_known_without_pytorch() -> None:
    code = "import sys, dreamcore.priors.kinds, dreamcore.priors; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_blended_conditioning_is_the_weighted_sum_and_ignores_what_has_no_weight() -> None:
    tensors = {"features": torch.tensor([[1.0], [3.0], [float("-inf")]]), "mask": torch.tensor([[0], [1], [2]])}
    mixed = Conditioning(tensors).blend(torch.tensor([[0, 1, 2]]), torch.tensor([[0.25, 0.75, 0.0]]))
    torch.testing.assert_close(mixed.tensors["features"], torch.tensor([[2.5]]))
    assert mixed.tensors["mask"].tolist() == [[1]]
