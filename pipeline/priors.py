"""The kinds of prior that a spec can name. An adapter for a new kind adds its options here, and to `PRIORS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from dreamcore.priors.kinds import EMBEDDED_REVISION, PRIOR_OPTIONS
from pipeline.document import unknown
from pipeline.section import Section


class Prior(Section):
    """The frozen text-to-image model. `about` is for the reference; the other fields identify the model."""

    about: ClassVar[str]
    kind: str

    def identity(self) -> dict[str, Any]:
        """The resolved prior as plain data; part of every trial's id."""
        return self.model_dump(mode="json")


def _bundled(revision: str) -> str:
    if revision != EMBEDDED_REVISION:
        raise ValueError(f"must be {EMBEDDED_REVISION}, the weights that come with this release")
    return revision


class EmbeddedPrior(Prior):
    about = "A small model that comes with dreamsweep: no download, runs on a CPU."
    kind: Literal["embedded"] = "embedded"
    revision: Annotated[str, AfterValidator(_bundled)] = Field(
        default=EMBEDDED_REVISION, description="The weights that come with this release; there are no others."
    )


class MixturePrior(Prior):
    about = "A closed-form mixture of images: exact, for tests and for trying things out."
    kind: Literal["mixture"] = "mixture"


def _as_option(name: str) -> Callable[[str], str]:
    """Checks a field as the adapter checks its option of that name."""

    def check(value: str) -> str:
        fault = PRIOR_OPTIONS["stable_diffusion"][name].fault(value)
        if fault:
            raise ValueError(fault)
        return value

    return check


class PipelinePrior(Prior):
    """A diffusers pipeline. Where it is cached and whether there is a network belongs to the machine, not to the sweep:
    see docs/priors.md."""

    model: Annotated[str, AfterValidator(_as_option("model"))] = Field(
        description="The pipeline's folder, on every node; or a model of the Hugging Face hub, as `owner/name`."
    )
    revision: Annotated[str, AfterValidator(_as_option("revision"))] = Field(
        default="", description="The commit of a model of the hub, 40 hexadecimal digits; required there."
    )
    subfolder: Annotated[str, AfterValidator(_as_option("subfolder"))] = Field(
        default="", description="Where below the folder or model the pipeline is."
    )
    variant: Annotated[str, AfterValidator(_as_option("variant"))] = Field(
        default="", description="The variant in the names of the weights' files, as `fp16`."
    )
    dtype: Annotated[str, AfterValidator(_as_option("dtype"))] = Field(
        default="auto", description="`float32`, `bfloat16`, `float16`, or `auto`: the fastest for the device."
    )


class StableDiffusionPrior(PipelinePrior):
    about = "Stable Diffusion 1.x, 2.x or XL through diffusers, from a folder or the hub; see docs/priors.md."
    kind: Literal["stable_diffusion"] = "stable_diffusion"


class DeepFloydPrior(PipelinePrior):
    about = "DeepFloyd IF, stage I, through diffusers, from a folder or the hub; see docs/priors.md."
    kind: Literal["deepfloyd"] = "deepfloyd"


PRIORS: dict[str, type[Prior]] = {
    "embedded": EmbeddedPrior,
    "mixture": MixturePrior,
    "stable_diffusion": StableDiffusionPrior,
    "deepfloyd": DeepFloydPrior,
}


def read_prior(value: object) -> Prior:
    """The prior that a spec means by a kind or a mapping with a `kind`. Raises ValueError or ValidationError."""
    if isinstance(value, Prior):
        return value
    options = {"kind": value} if isinstance(value, str) else value
    if not isinstance(options, Mapping) or "kind" not in options:
        raise ValueError(f"must be a kind or a mapping with a kind. Known kinds: {', '.join(PRIORS)}")
    kind = options.get("kind")
    if not isinstance(kind, str) or kind not in PRIORS:
        raise ValueError(unknown("prior", str(kind), PRIORS))
    return PRIORS[kind].model_validate(options)
