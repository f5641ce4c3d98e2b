"""What holds for every test: one thread, no network, no tracking server, a quiet Ray, a sweep's storage in a temporary
folder. Import nothing of `dreamcore` here: jaxtyping's import hook is installed after this file is read."""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from object_server import Faults, Place

    from pipeline.storage import Storage

# Set here and not in a fixture: torch, ray and the libraries around them read these once, at import, and child
# processes inherit them.
os.environ.update(
    {
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_DEDUP_LOGS": "0",
    }
)
for name in ("RAY_ADDRESS", "MLFLOW_TRACKING_URI"):  # a developer's own cluster and server are not for tests
    os.environ.pop(name, None)

hypothesis.settings.register_profile("dreamsweep", deadline=None, max_examples=50)
hypothesis.settings.load_profile("dreamsweep")

_connect = socket.socket.connect


def _local_connect(self: socket.socket, address: object) -> None:
    # Datagram sockets "connect" without sending anything, which Ray does to learn its own address.
    if self.type == socket.SOCK_STREAM and isinstance(address, tuple) and not _is_local(str(address[0])):
        raise OSError(f"tests may not reach the network: {address[0]}")
    _connect(self, address)


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host in ("", "localhost", socket.gethostname())


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _local_connect)
        yield


@pytest.fixture
def tmp_storage(tmp_path: Path) -> Storage:
    """An empty sweep storage in a folder of its own, which does not exist yet."""
    from pipeline.storage import Storage

    return Storage(str(tmp_path / "sweep"))


@pytest.fixture(scope="session")
def _s3_server() -> Iterator[tuple[str, Faults]]:
    from object_server import Faults, s3_app, serve

    faults = Faults()
    with serve(s3_app(), faults) as url:
        yield url, faults


@pytest.fixture
def s3(_s3_server: tuple[str, Faults], monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A new bucket on a server that speaks S3, on this machine; the environment leads clients there."""
    from object_server import Place, make_bucket, s3_environment

    url, faults = _s3_server
    for name, value in s3_environment(url).items():
        monkeypatch.setenv(name, value)
    faults.clear()
    bucket = f"bucket-{secrets.token_hex(6)}"
    make_bucket(url, bucket)
    faults.clear()
    yield Place(url=f"s3://{bucket}/runs", faults=faults)
    faults.clear()


@pytest.fixture
def gs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The same for Google's API."""
    from gcs_app import GcsApp, gcs_environment
    from object_server import Faults, Place, serve

    faults = Faults()
    with serve(GcsApp(buckets={"bucket": {}}), faults) as url:
        for name, value in gcs_environment(url).items():
            monkeypatch.setenv(name, value)
        yield Place(url="gs://bucket/runs", faults=faults)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))
