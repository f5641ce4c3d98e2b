"""The files for Ray's cluster launcher, by Ray's own check and by what it does not look at."""

from __future__ import annotations

import copy
import logging
import shlex
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from manifests import DEPLOY, Manifest, check_ray_start, documents

CLOUDS = ("aws", "gcp")


def load(cloud: str) -> Manifest:
    return documents(DEPLOY / f"ray-cluster.{cloud}.yaml")[0]


def check(config: Manifest) -> Manifest:
    """Ray's answer: the prepared file. Raises as Ray does."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared: Manifest = prepare_config(copy.deepcopy(config))
    validate_config(prepared)
    return prepared


def is_spot(node: Manifest) -> bool:
    market = node.get("InstanceMarketOptions", {}).get("MarketType")
    return market == "spot" or bool(node.get("scheduling", {}).get("preemptible"))


def started(commands: list[str]) -> dict[str, Any]:
    """What the one `ray start` among the commands is given."""
    (start,) = [command for command in commands if command.startswith("ray start")]
    return check_ray_start(shlex.split(start)[2:])


@pytest.mark.parametrize("cloud", CLOUDS)
def test_ray_takes_the_file(cloud: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    prepared = check(load(cloud))
    types = prepared["available_node_types"]
    assert types["head"]["max_workers"] == 0
    assert set(types["head"]["resources"].values()) == {0}
    workers = {name: kind for name, kind in types.items() if name != "head"}
    assert workers
    for kind in workers.values():
        assert is_spot(kind["node_config"])
        assert (kind["min_workers"], kind["resources"]["GPU"]) == (0, 1)
    assert not is_spot(types["head"]["node_config"])


@pytest.mark.parametrize("cloud", CLOUDS)
def test_nodes_start_with_a_token_and_a_watcher(cloud: str) -> None:
    config = load(cloud)
    head, worker = started(config["head_start_ray_commands"]), started(config["worker_start_ray_commands"])
    assert head["head"] and (head["num_cpus"], head["num_gpus"]) == (0, 0)
    assert worker["address"] == f"$RAY_HEAD_IP:{head['port']}"
    options = " ".join(config["docker"]["run_options"])
    assert "--env RAY_AUTH_MODE=token" in options
    (mounted,) = [inside for inside, outside in config["file_mounts"].items() if outside == "~/.ray/auth_token"]
    assert f"--env RAY_AUTH_TOKEN_PATH={mounted}" in options
    watcher = [command for command in config["worker_start_ray_commands"] if "pipeline.executors.notices" in command]
    assert len(watcher) == 1
    assert shlex.split(watcher[0])[5] == cloud


CHANGES: dict[str, Callable[[Manifest], object]] = {
    "an unknown key": lambda config: config.update(maximum_workers=3),
    "a misspelt key": lambda config: config["docker"].update(images="x"),
    "a word for a number": lambda config: config.update(max_workers="many"),
    "no provider": lambda config: config.pop("provider"),
    "no such head": lambda config: config.update(head_node_type="master"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_ray_refuses_a_wrong_file(change: Callable[[Manifest], object]) -> None:
    config = load("aws")
    change(config)
    with pytest.raises((jsonschema.ValidationError, ValueError, KeyError, AssertionError)):
        check(config)


def test_an_unknown_option_of_ray_start_is_found_out() -> None:
    import click

    with pytest.raises(click.UsageError, match="no-such-option"):
        started(["ray start --head --no-such-option=1"])
