"""Every key of a sweep's storage comes from here.

spec/<part>.yaml, plan/<part>.parquet         what was asked for; numbered parts, never changed
settings.yaml                                 the spec that it was last run by, which may ask for nothing new
journal/<epoch>-<seq>.jsonl                   facts, append-only; an epoch belongs to one driver
lease/<epoch>.json, lease/heartbeat.json      who drives, since when; the newest epoch wins
orders/<number>.json                          create-if-absent: what people asked for while it ran (cancel, retry, stop)
job.json                                      which Ray job was submitted last, and where
attempts/<trial_id>/<n>/claim.json            create-if-absent: one worker, once, may execute attempt n
attempts/<trial_id>/<n>/checkpoints/...       data first, then the pointer
attempts/<trial_id>/<n>/{result,history,renders}.parquet, done.json
attempts/<trial_id>/<n>/{scene.safetensors,mesh.glb,turntable.webp}
commits/<trial_id>.json                       create-if-absent: the first commit wins
failures/<trial_id>/<round>.json              the trial was given up; a commit overrides it, a new round reopens it
dataset/v<k>/claim.json                       create-if-absent: one compaction writes into this folder
dataset/v<k>/{trials,history,renders}/part-*.parquet
dataset/manifests/<k>.json                    create-if-absent: generation k, made from k - 1; the newest is current
evaluation/<judge>/<name>-<hash>.parquet      derived from the data set, named by content
evaluation/<judge>/pointers/<k>.json          create-if-absent: which of them are current; the newest holds
evaluation/current.json                       whose answers `trials` shows
mlflow.json                                   create-if-absent: the sweep's name among MLflow runs
"""

from __future__ import annotations

JOURNAL = "journal"
LEASES = "lease"
ATTEMPTS = "attempts"
COMMITS = "commits"
FAILURES = "failures"
PLAN = "plan"
SPEC = "spec"
DATASET = "dataset"
MANIFESTS = "dataset/manifests"
EVALUATION = "evaluation"
EVALUATION_POINTER = "evaluation/current.json"
MLFLOW = "mlflow.json"
ORDERS = "orders"
JOB = "job.json"
SETTINGS = "settings.yaml"
HEARTBEAT = "lease/heartbeat.json"
TABLES = ("trials", "history", "renders")
SCENE, MESH, TURNTABLE = "scene.safetensors", "mesh.glb", "turntable.webp"
FILES = (SCENE, MESH, TURNTABLE)


def spec_part(part: int) -> str:
    return f"{SPEC}/{part:04d}.yaml"


def plan_part(part: int) -> str:
    return f"{PLAN}/{part:04d}.parquet"


def journal(epoch: int, sequence: int) -> str:
    return f"{JOURNAL}/{epoch:06d}-{sequence:08d}.jsonl"


def lease(epoch: int) -> str:
    return f"{LEASES}/{epoch:06d}.json"


def order(number: int) -> str:
    return f"{ORDERS}/{number:06d}.json"


def attempt(trial_id: str, number: int) -> str:
    return f"{ATTEMPTS}/{trial_id}/{number}"


def checkpoints(trial_id: str, number: int) -> str:
    return f"{attempt(trial_id, number)}/checkpoints"


def checkpoint_data(trial_id: str, number: int, step: int) -> str:
    return f"{checkpoints(trial_id, number)}/{step:08d}.safetensors"


def checkpoint_sidecar(trial_id: str, number: int, step: int) -> str:
    return f"{checkpoints(trial_id, number)}/{step:08d}.json"


def checkpoint_pointer(trial_id: str, number: int) -> str:
    return f"{checkpoints(trial_id, number)}/latest.json"


def attempt_table(trial_id: str, number: int, table: str) -> str:
    """`table` is `result` (one row), `history` or `renders`."""
    return f"{attempt(trial_id, number)}/{table}.parquet"


def attempt_file(trial_id: str, number: int, name: str) -> str:
    """`name` is one of `FILES`."""
    assert name in FILES, f"unknown file {name!r}"
    return f"{attempt(trial_id, number)}/{name}"


def attempt_claim(trial_id: str, number: int) -> str:
    return f"{attempt(trial_id, number)}/claim.json"


def attempt_done(trial_id: str, number: int) -> str:
    return f"{attempt(trial_id, number)}/done.json"


def commit(trial_id: str) -> str:
    return f"{COMMITS}/{trial_id}.json"


def failure(trial_id: str, failure_round: int) -> str:
    return f"{FAILURES}/{trial_id}/{failure_round:04d}.json"


def dataset_part(version: int, table: str, part: int) -> str:
    return f"{DATASET}/v{version}/{table}/part-{part:04d}.parquet"


def dataset_manifest(version: int) -> str:
    return f"{MANIFESTS}/{version:06d}.json"


def dataset_claim(version: int) -> str:
    return f"{DATASET}/v{version}/claim.json"


def evaluation_folder(judge: str) -> str:
    return f"{EVALUATION}/{judge}"


def evaluation_pointers(judge: str) -> str:
    return f"{evaluation_folder(judge)}/pointers"


def evaluation_pointer(judge: str, version: int) -> str:
    return f"{evaluation_pointers(judge)}/{version:06d}.json"


def evaluation_file(judge: str, name: str, digest: str) -> str:
    return f"{evaluation_folder(judge)}/{name}-{digest}.parquet"


def part_number(key: str) -> int | None:
    """The number in a key made by `spec_part` or `plan_part`; None for a key that is neither."""
    folder, _, name = key.rpartition("/")
    stem, _, suffix = name.partition(".")
    if (folder, suffix) not in {(SPEC, "yaml"), (PLAN, "parquet")} or not (stem.isascii() and stem.isdigit()):
        return None
    return int(stem)
