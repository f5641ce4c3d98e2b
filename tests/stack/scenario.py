"""A sweep on the stack, and everything that happens to it there: `python -m stack.scenario`, or `make stack-test`.

The quickstart, with fewer steps and more checkpoints, is submitted as a user would. One worker's node is drained, one
is killed, MLflow is killed, and the head with the driver on it is killed; each is replaced. Then another sweep of the
same trials runs, which nothing disturbs. Both must have come to the same.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chaos.checker import check
from stack.mirror import differences

from deploy.stack.__main__ import new_folder, say
from deploy.stack.topology import BUCKET, Stack
from pipeline.record.journal import replay
from pipeline.storage import Storage

ROOT = Path(__file__).parents[2]
STEPS, INTERVAL = 120, 10
SPEC = f"""\
name: {{name}}
storage: s3://{BUCKET}/{{folder}}
prompts: [a yellow duck, a penguin wearing a crown]
seeds: {{{{start: 0, count: 2}}}}
preset: quick
prior: embedded
set: {{{{steps: {STEPS}}}}}
workers: {{{{gpus: 0, cpus: 1, max: 2}}}}
checkpoint: {{{{every_steps: {INTERVAL}}}}}
outputs: {{{{views: 2}}}}
"""
TRIALS = 4
_POLL_SECONDS = 0.5


class Scenario:
    """See the module. `stack` is started; `say` gets a line for everything that was done, with its seconds."""

    def __init__(self, stack: Stack, say: Callable[[str], None]) -> None:
        self.stack, self.say = stack, say
        self.began = time.monotonic()
        os.environ.update({name: value for name, value in stack.client().items() if name.startswith("AWS_")})
        self.storage = Storage(f"s3://{BUCKET}/disturbed/quickstart")
        self.calm = Storage(f"s3://{BUCKET}/calm/quickstart")

    def play(self) -> None:
        """All of it. Raises AssertionError for whatever is not as promised."""
        with self.stage("submitted to two workers"):
            self.say(self.submit(self.spec("disturbed")))
            self.until(lambda: len(self.at_work()) == 2, "two workers at work", 240.0)
        with self.stage("a worker's node drained, and replaced"):
            drained = self.drain()
        with self.stage("the other worker's node killed, and replaced"):
            self.kill_worker(but=drained)
        with self.stage("MLflow killed in mid-sweep"):
            self.stack.services["mlflow"].kill()
        with self.stage("the first result"):
            self.until(lambda: self.facts("committed"), "a commit", 400.0)
        with self.stage("the head killed with the driver on it, and replaced"):
            self.kill_head()
        with self.stage("submitted again, and done"):
            self.say(self.submit(self.storage.url))
            self.finish(self.storage)
        with self.stage("the same sweep, undisturbed"):
            self.submit(self.spec("calm"))
            self.finish(self.calm)
        with self.stage("MLflow started again, and brought up to date"):
            self.stack.services["mlflow"].start()
            self.stack.services["mlflow"].wait()
            for storage in (self.storage, self.calm):
                self.say(self.dreamsweep("mlflow-sync", storage.url))
        with self.stage("checked"):
            self.check()

    # ---- what is done ------------------------------------------------------------------------------------------------

    def drain(self) -> str:
        """SIGTERM to a node's `ray start --block`. What ran there goes on elsewhere without losing a step. The node."""
        worker, node = sorted(self.at_work().items())[0]
        service = self.stack.services[node]
        service.signal(signal.SIGTERM)
        self.until(lambda: self.ended("preemption"), "the notice to reach the trial", 60.0)
        self.until(lambda: service.starts == 2, "the node to go", 120.0)
        self.until(lambda: node in self.stack.nodes(), "its replacement", 120.0)
        (fact,) = self.ended("preemption")
        assert fact["saved"] == fact["step"] > 0, f"steps were lost with notice: {fact}"
        assert not fact["worker_lost"], fact
        self.say(f"  {node} drained: worker {worker} saved at step {fact['saved']} and left")
        self.until(lambda: len(self.at_work()) == 2, "two workers at work again", 240.0)
        return node

    def kill_worker(self, but: str) -> None:
        """SIGKILL to the raylet and everything it started, as when a machine loses its power; not the node `but`."""
        first = self.running_on()
        ((worker, node),) = [(worker, node) for worker, node in self.at_work().items() if node != but]
        self.stack.services[node].kill()
        self.stack.services[node].start()
        self.until(lambda: self.ended("infrastructure"), "the loss to be noticed", 120.0)
        (fact,) = self.ended("infrastructure")
        assert fact["worker_lost"] and fact["trial_id"] == first[worker], fact
        self.until(lambda: node in self.stack.nodes(), "its replacement", 120.0)
        self.say(f"  {node} killed: worker {worker} lost at step {fact['step']}, saved at {fact['saved']}")
        self.until(lambda: len(self.at_work()) == 2, "two workers at work again", 240.0)

    def kill_head(self) -> None:
        """Job server, driver and all. A head with the same address takes its place, and workers join that."""
        before = self.status()
        assert before["driver"] and before["left"], before
        self.stack.services["head"].kill()
        self.stack.services["head"].start()
        self.stack.services["head"].wait()
        self.until(lambda: set(self.stack.nodes()) >= {"head", *self.stack.workers}, "the workers to join it", 240.0)

    def finish(self, storage: Storage) -> None:
        self.until(lambda: not self.status(storage)["left"], "the last trial", 600.0)
        self.until(lambda: not self.status(storage)["driver"], "the driver to end", 120.0)

    def check(self) -> None:
        """Exactly once, as if undisturbed, and the same in MLflow."""
        objects, calm = contents(self.storage), contents(self.calm)
        violations = [*check(calm, [], INTERVAL, undisturbed=calm), *check(objects, [], INTERVAL, undisturbed=calm)]
        assert violations == [], "\n".join(violations)
        commits = [key for key in objects if key.startswith("commits/")]
        assert len(commits) == TRIALS, commits
        self.say(
            f"  checker: {len(objects)} objects, {len(commits)} trials committed once, as undisturbed: no violation"
        )
        for storage in (self.storage, self.calm):
            found = differences(storage, self.stack.addresses.mlflow_url)
            assert found == [], "\n".join(found)
        runs = self.stack.database.query("SELECT count(*) FROM runs WHERE lifecycle_stage = 'active'")
        assert runs == [str(2 * (TRIALS + 1))], f"{runs} runs in PostgreSQL"
        points = self.stack.database.query("SELECT count(*) FROM metrics WHERE key = 'step'")
        assert points == [str(2 * TRIALS * STEPS)], f"{points} steps in PostgreSQL"
        self.say(f"  MLflow on PostgreSQL: {runs[0]} runs and {points[0]} steps, equal to Parquet")

    # ---- what is seen ------------------------------------------------------------------------------------------------

    def facts(self, name: str) -> list[dict[str, Any]]:
        return [dict(fact) for fact in replay(self.storage) if fact["fact"] == name]

    def ended(self, failure: str) -> list[dict[str, Any]]:
        return [fact for fact in self.facts("attempt_ended") if fact["failure"] == failure]

    def status(self, storage: Storage | None = None) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.dreamsweep("status", (storage or self.storage).url, "--json"))
        return found

    def running_on(self) -> dict[str, str]:
        """The trial of each worker that has one, by the driver's last heartbeat."""
        beat = json.loads(self.storage.read("lease/heartbeat.json"))
        return {row["worker_id"]: row["trial_id"] for row in beat["progress"].get("running", [])}

    def at_work(self) -> dict[str, str]:
        """The services that workers run on, of those whose trial has a checkpoint of this very attempt."""
        started = {(fact["trial_id"], fact["worker_id"]): fact["number"] for fact in self.facts("attempt_started")}
        found = {}
        for worker, trial_id in self.running_on().items():
            number = started.get((trial_id, worker))
            if number and self.storage.exists(f"attempts/{trial_id}/{number}/checkpoints/latest.json"):
                found[worker] = trial_id
        return {worker: node for worker, node in self.nodes_of_workers().items() if worker in found}

    def nodes_of_workers(self) -> dict[str, str]:
        """The service that each worker runs or ran on: it has the worker's log."""
        lines = {name: logged(self.stack.node_folder(name)) for name in self.stack.workers}
        return {line["worker"]: name for name, found in lines.items() for line in found}

    # ---- how ---------------------------------------------------------------------------------------------------------

    def spec(self, folder: str) -> str:
        path = self.stack.folder / f"{folder}.yaml"
        path.write_text(SPEC.format(name="quickstart", folder=folder).replace("{{", "{").replace("}}", "}"))
        return str(path)

    def submit(self, target: str) -> str:
        return self.dreamsweep("submit", target, "--address", self.stack.addresses.dashboard_url).splitlines()[0]

    def dreamsweep(self, *arguments: str) -> str:
        """What the command prints; it must end well."""
        command = [sys.executable, "-m", "pipeline.cli", *arguments]
        done = subprocess.run(
            command, env=self.stack.client(), cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def until(self, condition: Callable[[], object], what: str, seconds: float) -> None:
        """Wait for it, and meanwhile start again what has ended, but MLflow, which is kept away on purpose."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds:.0f} seconds in vain for {what}"
            time.sleep(_POLL_SECONDS)
            self.stack.tend()

    @contextmanager
    def stage(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        now = time.monotonic()
        self.say(f"{now - self.began:6.1f} s  {what} ({now - began:.1f} s)")


def logged(folder: Path) -> list[dict[str, Any]]:
    """What workers have logged on the node of this folder, in no order."""
    texts = [
        path.read_text() for path in folder.glob("session_*/logs/worker-*.out") if not path.parent.parent.is_symlink()
    ]
    lines = [line for text in texts for line in text.splitlines() if line.startswith("{")]
    return [line for line in map(json.loads, lines) if line["event"] == "worker_ready"]


def contents(storage: Storage) -> dict[str, bytes]:
    """All objects of the sweep by key, read by a client of S3 that is not the product's."""
    import boto3

    bucket, prefix = storage.url.removeprefix("s3://").split("/", 1)
    client = boto3.client("s3")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
    keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
    return {key.removeprefix(f"{prefix}/"): client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def main() -> None:
    began = time.monotonic()
    with Stack(new_folder(), say) as stack:
        say(f"{time.monotonic() - began:6.1f} s  the stack, from nothing")
        scenario = Scenario(stack, say)
        scenario.began = began
        scenario.play()
    say(f"{time.monotonic() - began:6.1f} s  stopped; nothing is left")


if __name__ == "__main__":
    main()
