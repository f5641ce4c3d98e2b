"""How long the workers of a sweep had trials on board, from its journal.

A worker that steps eight trials at once for an hour has spent one hour, not eight: the attempts of a worker are
intervals, and what counts is how much time they cover.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Interval = tuple[float, float]


def device_hours(facts: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Hours by `GPU` and `CPU`. An attempt whose end is not known counts until its worker was last heard of."""
    devices: dict[str, str] = {}
    heard: dict[str, float] = {}
    begun: dict[tuple[str, int], tuple[str, float]] = {}
    spent: dict[str, list[Interval]] = {}
    for fact in facts:
        key = (fact.get("trial_id", ""), fact.get("number", 0))
        worker = fact.get("worker_id") or begun.get(key, ("", 0.0))[0]
        heard[worker] = fact["at"]
        if fact["fact"] == "worker_ready":
            devices[worker] = "CPU" if str(fact["device"]).startswith("cpu") else "GPU"
        elif fact["fact"] == "attempt_started":
            begun[key] = (worker, fact["at"])
        elif fact["fact"] in ("committed", "attempt_ended") and key in begun:
            spent.setdefault(worker, []).append((begun.pop(key)[1], fact["at"]))
    for worker, start in begun.values():
        spent.setdefault(worker, []).append((start, heard[worker]))
    hours: dict[str, float] = {}
    for worker, intervals in spent.items():
        device = devices.get(worker, "CPU")
        hours[device] = hours.get(device, 0.0) + covered(intervals) / 3600.0
    return hours


def covered(intervals: Iterable[Interval]) -> float:
    """The length of the union of the intervals."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return total
