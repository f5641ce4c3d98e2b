"""Each alert by Prometheus' own tool: it comes when it should, with its text, and not when all is well."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from manifests import DEPLOY, documents

RULES_FILE = DEPLOY / "observability" / "alerts.yaml"
RULES = {rule["alert"]: rule for rule in documents(RULES_FILE)[0]["groups"][0]["rules"]}
PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")

pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="no promtool: set PROMTOOL, or run .ci/run, which fetches it")


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    """One series of sweep s, a value a minute, in promtool's notation: `5x60` is 61 times 5, `0+2x60` rises by 2."""
    written = ",".join(f'{key}="{value}"' for key, value in {"sweep": "s", **labels}.items())
    return {"series": f"ray_dreamsweep_{name}{{{written}}}", "values": values}


def slow(name: str, bucket: str, above: str) -> list[dict[str, str]]:
    """A histogram all of whose values lie between two of its bounds."""
    counts = {bucket: "0x60", above: "0+6x60", "+Inf": "0+6x60"}
    return [series(f"{name}_seconds_bucket", values, le=bound) for bound, values in counts.items()]


@dataclass(frozen=True)
class Case:
    """Series with which the alert comes, those with which it does not, and what it says."""

    bad: list[dict[str, str]]
    good: list[dict[str, str]]
    summary: str
    failure: str = ""


QUEUE = series("trials", "5x60", status="pending")
CASES = {
    "SweepStandsStill": Case(
        [QUEUE, series("steps_total", "100x60", worker="w")],
        [QUEUE, series("steps_total", "0+60x60", worker="w")],
        "Sweep s has work and makes no step",
    ),
    "NoDriver": Case(
        [series("pack", "3x60", worker="w")],
        [series("pack", "3x60", worker="w"), QUEUE],
        "Workers of sweep s run without a driver",
    ),
    "NoWorkers": Case(
        [QUEUE, series("workers", "0x60", status="ready"), series("workers", "4x60", status="starting")],
        [QUEUE, series("workers", "1x60", status="ready")],
        "Sweep s waits for workers",
    ),
    "CheckpointsLate": Case(
        [series("checkpoint_age_seconds", "1000x60", worker="w"), series("checkpoint_age_seconds", "1x60", worker="v")],
        [series("checkpoint_age_seconds", "800x60", worker="w")],
        "A trial of sweep s has not been saved for 16m 40s",
    ),
    "CheckpointsSlow": Case(
        slow("checkpoint", "30", "60"), slow("checkpoint", "1", "3"), "Checkpoints of sweep s take 58.5s"
    ),
    "WorkersDie": Case(
        [series("workers_lost_total", "0+1x60", failure="infrastructure")],
        [series("workers_lost_total", "0+1x60", failure="preemption")],
        "Sweep s has lost 30 workers without notice in half an hour",
    ),
    "TrialsFail": Case(
        [series("trials_failed_total", "0+1x60", failure="user")],
        [series("trials_failed_total", "7x60", failure="user")],
        "Sweep s has given up trials (user)",
        failure="user",
    ),
    "PacksHalfEmpty": Case(
        [QUEUE, series("pack", "3x60", worker="w"), series("pack_capacity", "8x60", worker="w")],
        [series("trials", "0x60", status="pending"), series("pack", "3x60"), series("pack_capacity", "8x60")],
        "GPUs of sweep s have room and trials wait",
    ),
    "DriverBusy": Case(
        [series("driver_busy_seconds_total", "0+57x60")],
        [series("driver_busy_seconds_total", "0+30x60")],
        "The driver of sweep s is at its limit",
    ),
    "CommitsSlow": Case(slow("commit", "3", "10"), slow("commit", "0.3", "1"), "Commits of sweep s take 9.65s"),
    "CompactionFails": Case(
        [series("compactions_failed_total", "0+1x60")],
        [series("compactions_failed_total", "1x60")],
        "The tables of sweep s are not compacted",
    ),
    "MlflowBehind": Case(
        [series("mlflow_pending", "501x60"), series("mlflow_missed", "0x60")],
        [series("mlflow_pending", "20x60"), series("mlflow_missed", "0x60")],
        "MLflow is behind sweep s; results are not affected",
    ),
}


def run(folder: Path, alert: str, given: list[dict[str, str]], expected: list[dict[str, object]]) -> str:
    """What promtool objects to; nothing if the alert is as expected an hour later."""
    check = {"eval_time": "60m", "alertname": alert, "exp_alerts": expected}
    test = {
        "rule_files": [str(RULES_FILE)],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": given, "alert_rule_test": [check]}],
    }
    path = folder / "test.yaml"
    path.write_text(yaml.safe_dump(test))
    assert PROMTOOL is not None
    answer = subprocess.run([PROMTOOL, "test", "rules", path], capture_output=True, text=True, check=False, timeout=60)
    return "" if answer.returncode == 0 else answer.stdout + answer.stderr


def test_every_alert_has_a_case() -> None:
    assert set(CASES) == set(RULES)


def test_the_rules_are_accepted(tmp_path: Path) -> None:
    assert PROMTOOL is not None
    answer = subprocess.run([PROMTOOL, "check", "rules", RULES_FILE], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(RULES_FILE.read_text().replace("{{ $labels.sweep }}", "{{ $label.sweep }}", 1))
    assert subprocess.run([PROMTOOL, "check", "rules", wrong], capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_comes_when_it_should(alert: str, tmp_path: Path) -> None:
    case, rule = CASES[alert], RULES[alert]
    labels = {"severity": rule["labels"]["severity"], "sweep": "s"} | (
        {"failure": case.failure} if case.failure else {}
    )
    annotations = {"summary": case.summary, "runbook": rule["annotations"]["runbook"]}
    expected: list[dict[str, object]] = [{"exp_labels": labels, "exp_annotations": annotations}]
    assert run(tmp_path, alert, case.bad, expected) == ""
    assert run(tmp_path, alert, case.good, []) == ""
    assert run(tmp_path, alert, case.good, expected) != "", "or nothing was looked at"
