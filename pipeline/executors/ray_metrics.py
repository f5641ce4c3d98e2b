"""A meter on Ray's metrics API: each node's agent shows the numbers of its processes to Prometheus."""

from __future__ import annotations

from typing import Any

from ray.util import metrics as ray_metrics

from pipeline.metrics import Kind, Metric


class RayMeter:
    """See `pipeline.metrics.Meter`. `fixed` are the labels of this process: `sweep`, and `worker` on a worker. Made in
    a process that is connected to Ray; a metric is registered when its first number comes."""

    def __init__(self, **fixed: str) -> None:
        self._fixed = fixed
        self._made: dict[str, Any] = {}

    def add(self, metric: Metric, amount: float, **labels: str) -> None:
        if amount > 0:  # Ray refuses 0
            self._of(metric).inc(amount, tags=self._tags(metric, labels))

    def put(self, metric: Metric, value: float, **labels: str) -> None:
        self._of(metric).set(value, tags=self._tags(metric, labels))

    def observe(self, metric: Metric, value: float, **labels: str) -> None:
        self._of(metric).observe(value, tags=self._tags(metric, labels))

    def _tags(self, metric: Metric, labels: dict[str, str]) -> dict[str, str]:
        return {name: labels.get(name) or self._fixed[name] for name in ("sweep", *metric.labels)}

    def _of(self, metric: Metric) -> Any:
        if metric.name not in self._made:
            self._made[metric.name] = _make(metric)
        return self._made[metric.name]


def _make(metric: Metric) -> Any:
    keys = ("sweep", *metric.labels)
    match metric.kind:
        case Kind.COUNTER:
            return ray_metrics.Counter(metric.name, metric.help, tag_keys=keys)
        case Kind.GAUGE:
            return ray_metrics.Gauge(metric.name, metric.help, tag_keys=keys)
        case Kind.HISTOGRAM:
            return ray_metrics.Histogram(metric.name, metric.help, boundaries=list(metric.bounds), tag_keys=keys)
