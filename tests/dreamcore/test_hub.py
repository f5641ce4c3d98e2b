"""Models of the hub: a pinned commit, what is downloaded, and what is said when nothing can be."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
import tiny_pipelines as tiny
from huggingface_hub import constants, errors

from dreamcore.priors import load_prior

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub") / "m"
    tiny.stable_diffusion(folder)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The hub's cache of this machine, empty."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    yield tmp_path / "hub"


def test_a_model_without_a_commit_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"prior.model = 'owner/name': there is no such folder. For the model of that n"
    ):
        load_prior("stable_diffusion", model="owner/name")


@pytest.mark.parametrize("revision", ["main", "v1.0", COMMIT[:7], COMMIT.upper()])
def test_a_branch_or_tag_is_no_commit(revision: str) -> None:
    with pytest.raises(ValueError, match="must be the 40 hexadecimal digits of a commit: branches and tags can move"):
        load_prior("stable_diffusion", model="owner/name", revision=revision)


@pytest.mark.parametrize("offline", [True, False])  # the tests run with HF_HUB_OFFLINE
def test_offline_it_says_how_to_get_the_model(cache: Path, offline: bool) -> None:
    message = (
        r"prior.model = 'owner/name' is not on this machine and cannot be downloaded \(\w+\). Where there is a network "
        rf"run `hf download owner/name --revision {COMMIT} --local-dir FOLDER`, then set prior.model to that folder"
    )
    with pytest.raises(ValueError, match=message):
        load_prior("stable_diffusion", model="owner/name", revision=COMMIT, offline=offline)


@pytest.mark.parametrize("offline", [True, False])
def test_offline_a_model_that_is_there_is_used(cache: Path, pipeline: Path, tmp_path: Path, offline: bool) -> None:
    shutil.copytree(pipeline, cache / "models--owner--name" / "snapshots" / COMMIT)
    options: dict[str, Any] = {"revision": COMMIT, "offline": offline, "cache": str(tmp_path / "c")}
    prior = load_prior("stable_diffusion", model="owner/name", **options)
    assert prior.identity == f"stable_diffusion:owner/name@{COMMIT}"
    assert len(prior.encode_prompts(["a mug"])) == 1


def response(status: int) -> Any:
    """What these errors look at of an answer of the hub, whichever HTTP client it came through."""
    return SimpleNamespace(status_code=status, headers={}, request=None)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.GatedRepoError("x", response=response(403)), "accept its licence at https://huggingface.co/owner/name"),
        (
            errors.RepositoryNotFoundError("x", response=response(404)),
            "the hub has no such public model, or it was wit",
        ),
        (errors.RevisionNotFoundError("x", response=response(404)), f"has no revision {COMMIT}: copy it from Files"),
        (errors.HfHubHTTPError("x", response=response(503)), r"cannot be downloaded \(HfHubHTTPError\)"),
        (errors.OfflineModeIsEnabled("x"), r"cannot be downloaded \(OfflineModeIsEnabled\)"),
        (OSError(28, "No space left on device"), r"cannot be downloaded \(No space left on device\)"),
        (ConnectionError("x"), r"cannot be downloaded \(ConnectionError\)"),
    ],
)
def test_the_hub_s_refusals_are_explained(error: Exception, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(ValueError, match=message):
        load_prior("stable_diffusion", model="owner/name", revision=COMMIT)


FILES = {
    "model_index.json": True,
    "README.md": False,
    "unet/config.json": True,
    "unet/diffusion_pytorch_model.safetensors": False,
    "unet/diffusion_pytorch_model.fp16.safetensors": True,
    "unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors": True,
    "unet/diffusion_pytorch_model-00001-of-00002.fp16.safetensors": True,
    "unet/diffusion_pytorch_model.safetensors.index.fp16.json": True,
    "unet/diffusion_pytorch_model.non_ema.safetensors": False,
    "unet/diffusion_pytorch_model.fp16.bin": False,
    "text_encoder/model.fp16.safetensors": True,
    "text_encoder/pytorch_model.bin": False,
    "text_encoder/flax_model.msgpack": False,
    "tokenizer/vocab.json": True,
    "tokenizer/merges.txt": True,
    "vae/diffusion_pytorch_model.fp16.safetensors": True,
    "safety_checker/model.fp16.safetensors": False,
    "feature_extractor/preprocessor_config.json": False,
    "v1-5-pruned-emaonly.safetensors": False,
}


def test_only_what_is_needed_is_downloaded(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def download(repository: str, *, revision: str, allow_patterns: list[str], local_files_only: bool) -> str:
        assert (repository, revision, local_files_only) == ("owner/name", COMMIT, False)
        asked.extend(allow_patterns)
        return str(pipeline)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(ValueError, match="no safetensors weights with variant 'fp16'"):
        load_prior("stable_diffusion", model="owner/name", revision=COMMIT, variant="fp16")
    assert {name: any(fnmatch(name, pattern) for pattern in asked) for name in FILES} == FILES
