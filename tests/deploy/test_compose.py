"""compose.yaml: by the schema of the Compose specification, and by what a service on one machine needs."""

from __future__ import annotations

import copy
import importlib.resources
import json
import re
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from manifests import DEPLOY, Manifest, check_ray_start, documents

COMPOSE = documents(DEPLOY / "compose.yaml")[0]
EXAMPLE = (DEPLOY / "compose.env.example").read_text()
SECRET = re.compile(r"TOKEN$|PASSWORD$|SECRET|ACCESS_KEY")


def schema() -> Any:
    """The Compose specification's own, as check-jsonschema brings it along."""
    text = (
        importlib.resources.files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text()
    )
    return json.loads(text)


def faults(compose: Manifest) -> list[str]:
    validator = jsonschema.validators.validator_for(schema())(schema())
    refused = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(compose)]
    if refused:
        return refused
    found = []
    services = compose["services"]
    for name, service in services.items():
        if not re.search(r":[\w][\w.-]*$", service["image"]) or service["image"].endswith(":latest"):
            found.append(f"{name}: image without a version")
        if "healthcheck" not in service and not is_job(name, services):
            found.append(f"{name}: nobody asks whether it is well")
        found += [
            f"{name}: {port} is open to others"
            for port in service.get("ports", [])
            if not port.startswith("127.0.0.1:")
        ]
        for key, value in service.get("environment", {}).items():
            if SECRET.search(key) and not str(value).startswith("${"):
                found.append(f"{name}: {key} is in the file")
        for other, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if is_job(other, services) else "service_healthy"
            if other not in services or how["condition"] != wanted:
                found.append(f"{name}: does not wait for {other}")
        used = {str(volume).partition(":")[0] for volume in service.get("volumes", [])}
        found += [
            f"{name}: no volume {volume}"
            for volume in used
            if volume[0] not in "./" and volume not in compose["volumes"]
        ]
    return found


def is_job(name: str, services: Manifest) -> bool:
    return str(services[name].get("restart", "")).startswith("on-failure")


def test_the_file_is_accepted_and_safe() -> None:
    assert faults(COMPOSE) == []
    assert set(COMPOSE["services"]) == {"database", "store", "schema", "mlflow", "head", "worker"}


CHANGES: dict[str, Callable[[Manifest], object]] = {
    "an unknown field": lambda services: services["head"].update(port=["1:1"]),
    "a misspelt field of a check": lambda services: services["mlflow"]["healthcheck"].update(tries=3),
    "a word for a list": lambda services: services["worker"].update(cap_drop="ALL"),
    "no version": lambda services: services["database"].update(image="postgres"),
    "the latest version": lambda services: services["database"].update(image="postgres:latest"),
    "no check": lambda services: services["store"].pop("healthcheck"),
    "a port for all": lambda services: services["head"].update(ports=["8265:8265"]),
    "a token in the file": lambda services: services["head"]["environment"].update(RAY_AUTH_TOKEN="abc"),
    "a server before its schema": lambda services: services["mlflow"]["depends_on"].update(
        schema={"condition": "service_started"}
    ),
    "a volume that is not there": lambda services: services["database"].update(volumes=["other:/data"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_wrong_file_is_found_out(change: Callable[[Manifest], object]) -> None:
    wrong = copy.deepcopy(COMPOSE)
    change(wrong["services"])
    assert faults(wrong)


def test_every_variable_is_in_the_example_and_has_no_value_there() -> None:
    text = re.sub(r"(?m)^\s*#.*$", "", (DEPLOY / "compose.yaml").read_text())
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    given = dict(line.split("=", 1) for line in EXAMPLE.splitlines() if "=" in line)
    assert used == set(given)
    assert set(given.values()) == {""}


def test_the_env_file_is_kept_out_of_git_and_of_the_image() -> None:
    root = DEPLOY.parent
    assert "/deploy/compose.env" in (root / ".gitignore").read_text().splitlines()
    assert "!deploy" not in (root / ".dockerignore").read_text()


def test_head_and_worker_start_ray_alike() -> None:
    services = COMPOSE["services"]
    head, worker = (check_ray_start(services[name]["command"][2:]) for name in ("head", "worker"))
    assert head["head"] and head["block"] and worker["block"], "`--block` drains the node on SIGTERM"
    assert (head["num_cpus"], head["num_gpus"]) == (0, 0)
    assert worker["address"] == f"head:{head['port']}"
    assert services["head"]["environment"] == services["worker"]["environment"]
    assert services["head"]["environment"]["RAY_AUTH_MODE"] == "token"
    drain = float(services["worker"]["environment"]["RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"])
    assert float(services["worker"]["stop_grace_period"].removesuffix("s")) > drain + 30


def test_stages_and_files_that_are_named_are_there() -> None:
    targets = set(re.findall(r"^FROM .* AS (\S+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE))
    for service in COMPOSE["services"].values():
        if "build" in service:
            assert service["build"]["target"] in targets
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    for volume in COMPOSE["services"]["head"]["volumes"]:
        assert (DEPLOY / volume.partition(":")[0]).is_file()


def test_the_example_sweep_goes_to_the_bucket_that_the_store_makes() -> None:
    from pipeline.spec import load_spec

    spec = load_spec(DEPLOY / "compose.sweep.yaml")
    assert spec.url == "s3://dreamsweep/runs/quickstart"
    assert "-bucket=dreamsweep" in COMPOSE["services"]["store"]["command"]
