"""The meter on Ray's API, on the real classes where no cluster is needed, else on ones that remember."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline import metrics
from pipeline.executors import ray_metrics
from pipeline.executors.ray_metrics import RayMeter
from pipeline.metrics import METRICS, Kind


class Remembering:
    """In place of `ray.util.metrics`."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, tuple[str, ...]]] = []
        self.calls: list[tuple[str, str, float, dict[str, str]]] = []

    def __getattr__(self, kind: str) -> Any:
        def make(name: str, description: str, tag_keys: tuple[str, ...], boundaries: list[float] | None = None) -> Any:
            assert description
            assert (boundaries is not None) == (kind == "Histogram")
            self.made.append((kind, name, tag_keys))
            return _Instrument(self, name)

        return make


class _Instrument:
    def __init__(self, owner: Remembering, name: str) -> None:
        self.owner, self.name = owner, name

    def __getattr__(self, method: str) -> Any:
        return lambda value, tags: self.owner.calls.append((method, self.name, value, tags))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Remembering:
    made = Remembering()
    monkeypatch.setattr(ray_metrics, "ray_metrics", made)
    return made


def test_numbers_go_out_with_all_their_labels(told: Remembering) -> None:
    meter = RayMeter(sweep="mugs", worker="w1")
    meter.add(metrics.STEPS, 8)
    meter.put(metrics.GPU_MEMORY, 5.0, kind="used")
    meter.observe(metrics.CHECKPOINT, 0.2)
    assert told.calls == [
        ("inc", "dreamsweep_steps", 8, {"sweep": "mugs", "worker": "w1"}),
        ("set", "dreamsweep_gpu_memory_bytes", 5.0, {"sweep": "mugs", "worker": "w1", "kind": "used"}),
        ("observe", "dreamsweep_checkpoint_seconds", 0.2, {"sweep": "mugs", "worker": "w1"}),
    ]


def test_a_metric_is_registered_once(told: Remembering) -> None:
    meter = RayMeter(sweep="mugs")
    for _ in range(3):
        meter.add(metrics.COMMITS, 1)
    assert told.made == [("Counter", "dreamsweep_commits", ("sweep",))]
    assert len(told.calls) == 3


def test_nothing_is_added_for_nothing(told: Remembering) -> None:
    RayMeter(sweep="mugs").add(metrics.EVENTS, 0)
    assert told.calls == []


def test_a_label_that_nobody_gives_is_an_error(told: Remembering) -> None:
    with pytest.raises(KeyError, match="worker"):
        RayMeter(sweep="mugs").add(metrics.STEPS, 1)


def test_ray_takes_every_metric_and_without_a_cluster_nothing_happens() -> None:
    meter = RayMeter(sweep="mugs", worker="w1")
    for metric in METRICS:
        labels = {name: "x" for name in metric.labels if name != "worker"}
        {Kind.COUNTER: meter.add, Kind.GAUGE: meter.put, Kind.HISTOGRAM: meter.observe}[metric.kind](
            metric, 1.0, **labels
        )
