"""What the adapters do with the networks of a diffusers pipeline: load, freeze, keep gradients in range."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dreamcore.priors.pipeline_folder import PipelineFolder

Images = Float[Tensor, "batch _ _ _"]

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def fastest_dtype(device: torch.device) -> torch.dtype:
    """16-bit floats where the hardware multiplies them. On CPUs that only emulate bfloat16 it is two to three times
    slower than float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "cpu":
        # Older releases of PyTorch cannot tell.
        probe: Callable[[], Mapping[str, object]] = getattr(torch.cpu, "get_capabilities", dict)
        capabilities = probe()
        native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
        return torch.bfloat16 if native else torch.float32
    return torch.float32


def resolve_dtype(name: str, device: torch.device) -> torch.dtype:
    """The dtype of this name; `auto` is the fastest for the device. Raises ValueError for another name."""
    if name != "auto" and name not in DTYPES:
        raise ValueError(f"dtype = {name!r}: must be one of auto, {', '.join(DTYPES)}")
    return fastest_dtype(device) if name == "auto" else DTYPES[name]


def config_of(module: nn.Module) -> Any:
    """The config that every network of diffusers and transformers carries."""
    return module.config


def frozen(module: nn.Module, name: str) -> nn.Module:
    """The module in evaluation mode, without gradients to its weights. Raises ValueError if its weights mix dtypes."""
    dtypes = {str(weight.dtype).removeprefix("torch.") for weight in module.parameters()}
    if len(dtypes) > 1:
        raise ValueError(f"{name}: weights in {' and '.join(sorted(dtypes))}: convert it to a single dtype")
    return module.requires_grad_(False).eval()


def load_network(folder: PipelineFolder, component: str, network: Any, dtype: torch.dtype) -> nn.Module:
    """A component through `from_pretrained` of its class, on the CPU, in evaluation mode, every weight accounted for.

    Raises ValueError for weights that are missing or do not fit.
    """
    where = folder.path / component
    try:
        with _no_progress_bars():
            model, report = network.from_pretrained(
                where,
                variant=folder.variant or None,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                **_dtype_options(network, dtype),
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{where} cannot be loaded: {error}") from error
    except RuntimeError as error:
        if "mismatch" not in str(error):
            raise  # out of memory, for one: not a fault of the folder
        raise ValueError(f"{where}: the weights do not fit config.json: {error}") from error
    absent = sorted(map(str, report["missing_keys"])) + sorted(map(str, report.get("mismatched_keys", ())))
    if absent:
        raise ValueError(
            f"{where}: the weights do not fit config.json: {len(absent)} are missing or of another shape, as "
            f"{absent[0]}. Download or save the pipeline again"
        )
    assert isinstance(model, nn.Module)
    return model.eval()


@contextlib.contextmanager
def _no_progress_bars() -> Iterator[None]:
    """transformers would draw over the sweep's own."""
    from transformers.utils import logging

    were_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if were_on:
            logging.enable_progress_bar()


def _dtype_options(network: Any, dtype: torch.dtype) -> dict[str, object]:
    if network.__module__.startswith("diffusers."):
        # Without accelerate diffusers only knows the slower way of loading, and says so each time unless told.
        return {"torch_dtype": dtype, "low_cpu_mem_usage": importlib.util.find_spec("accelerate") is not None}
    from transformers import __version__

    return {"dtype" if int(__version__.partition(".")[0]) >= 5 else "torch_dtype": dtype}


class _Shrink(torch.autograd.Function):
    """The identity. Its gradient is divided by its largest value, an image at a time, which is put into `sizes`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, sizes: list[Tensor]) -> Tensor:
        ctx.sizes = sizes
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        size = gradient.abs().amax(dim=(1, 2, 3), keepdim=True)
        size = torch.where(size == 0.0, torch.ones_like(size), size)
        ctx.sizes.append(size)
        return gradient / size, None


class _Restore(torch.autograd.Function):
    """The identity. Its gradient is multiplied by what `_Shrink` divided it by."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, sizes: list[Tensor]) -> Tensor:
        ctx.sizes = sizes
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.sizes.pop(), None


def with_scaled_gradient(
    function: Callable[[Images], Images], images: Float[Tensor, "batch channels height width"]
) -> Float[Tensor, "batch outputs h w"]:
    """`function(images)`, whose gradient passes through `function` with its largest value scaled to 1, an image at a
    time: in float16 the gradient of a mean would underflow, and a heavily guided one overflow."""
    sizes: list[Tensor] = []
    scaled: Tensor = _Shrink.apply(function(_Restore.apply(images, sizes)), sizes)
    return scaled
