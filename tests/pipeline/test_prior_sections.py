"""The priors of a spec: the kinds that dreamcore has, with options that its adapters take."""

from __future__ import annotations

import pytest

from dreamcore.priors.kinds import PRIOR_KINDS, PRIOR_OPTIONS, check_prior
from pipeline.errors import UserError
from pipeline.priors import PRIORS, read_prior
from pipeline.spec import parse_spec

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GOOD = "name: q\nprompts: [a]\n"


def test_every_kind_can_be_named() -> None:
    assert tuple(PRIORS) == PRIOR_KINDS
    assert all(section.model_fields["kind"].default == kind for kind, section in PRIORS.items())


@pytest.mark.parametrize("kind", PRIOR_KINDS)
def test_its_options_are_the_adapter_s(kind: str) -> None:
    fields = {name: field for name, field in PRIORS[kind].model_fields.items() if name != "kind"}
    assert fields.keys() <= PRIOR_OPTIONS[kind].keys()
    for name, field in fields.items():
        assert field.description
        assert field.is_required() or field.default == PRIOR_OPTIONS[kind][name].default


@pytest.mark.parametrize("kind", ["stable_diffusion", "deepfloyd"])
def test_what_identifies_a_pipeline_loads_it(kind: str) -> None:
    wanted = {"kind": kind, "model": "owner/name", "revision": COMMIT, "variant": "fp16", "dtype": "float16"}
    spec = parse_spec(f"{GOOD}prior: {wanted}\n".replace("'", ""), "s.yaml", None)
    identity = spec.prior.identity()
    assert identity == {**wanted, "subfolder": ""}
    assert read_prior(identity) == spec.prior
    check_prior(kind, {name: value for name, value in identity.items() if name != "kind"})


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ("stable_diffusion", "prior.model: is required"),
        ("{kind: deepfloyd}", "prior.model: is required"),
        (
            "{kind: deepfloyd, model: ''}",
            'prior.model = "": must be a pipeline\'s folder, or the id of a model like ow',
        ),
        ("{kind: deepfloyd, model: 3}", "prior.model = 3: must be text"),
        ("{kind: deepfloyd, model: a/b, revision: main}", 'prior.revision = "main": must be the 40 hexadecimal digits'),
        ("{kind: deepfloyd, model: a/b, dtype: half}", 'prior.dtype = "half": must be one of auto, float32, bfloat16,'),
        ("{kind: deepfloyd, model: a/b, varant: x}", 'prior.varant = "x": unknown key. Did you mean variant?'),
        ("stable_difusion", "unknown prior. Did you mean stable_diffusion?"),
    ],
)
def test_mistakes_are_named(prior: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        parse_spec(f"{GOOD}prior: {prior}\n", "s.yaml", None)
    assert message in str(error.value)
