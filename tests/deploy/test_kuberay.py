"""The manifests for Kubernetes: accepted by strict schemas, and safe for a sweep on machines that go."""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from manifests import DEPLOY, Manifest, cluster_of, documents, kubectl, pinned, problems, render, templates

KUBERAY = DEPLOY / "kuberay"
CLUSTER = documents(KUBERAY / "cluster" / "raycluster.yaml")[0]
JOB = documents(KUBERAY / "components" / "job" / "copy" / "rayjob.yaml")[0]
COMMON = [*documents(KUBERAY / "base" / "accounts.yaml"), *documents(KUBERAY / "base" / "network.yaml")]
OVERLAYS = sorted(path.parent for path in (KUBERAY / "overlays").glob("*/kustomization.yaml"))
UPLOAD_SECONDS = 30  # for a pack's checkpoints: docs/operations.md

needs_kubectl = pytest.mark.skipif(
    kubectl() is None, reason="no kubectl: set KUBECTL, or run .ci/run, which fetches it"
)


def containers(template: Manifest) -> list[Manifest]:
    return [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]


def environment(container: Manifest) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container.get("env", [])}


def faults(manifest: Manifest) -> list[str]:
    """What a RayCluster or a RayJob has that would be refused, or that a sweep should not run on."""
    refused = problems(manifest)
    if refused:
        return refused
    found: list[str] = []
    cluster = cluster_of(manifest)
    assert cluster is not None
    if cluster["rayVersion"] != pinned("ray"):
        found.append(f"rayVersion {cluster['rayVersion']}")
    if cluster["headGroupSpec"]["rayStartParams"] != {"num-cpus": "0", "num-gpus": "0"}:
        found.append("the head takes work")
    if cluster.get("authOptions", {}).get("mode") != "token":
        found.append("no token")
    for template in templates(manifest):
        found += _faults_of_pod(template)
    for group in cluster["workerGroupSpecs"]:
        found += _faults_of_workers(group)
    images = {container["image"] for template in templates(manifest) for container in containers(template)}
    if len(images) != 1:
        found.append(f"several images: {images}")
    return found


def _faults_of_pod(template: Manifest) -> list[str]:
    found = []
    if not template["spec"].get("securityContext", {}).get("runAsNonRoot"):
        found.append("may run as root")
    for container in containers(template):
        known = environment(container)
        if known.get("RAY_AUTH_MODE") != "token":
            found.append(f"{container['name']}: RAY_AUTH_MODE")
        if known.get("RAY_AUTH_TOKEN") != {"secretKeyRef": {"name": "dreamsweep-ray-auth", "key": "auth_token"}}:
            found.append(f"{container['name']}: the token is not from the secret")
        if container.get("securityContext", {}).get("allowPrivilegeEscalation") is not False:
            found.append(f"{container['name']}: privileges")
        if not container.get("resources", {}).get("limits"):
            found.append(f"{container['name']}: no limits")
    return found


def _faults_of_workers(group: Manifest) -> list[str]:
    found, name, pod = [], group["groupName"], group["template"]["spec"]
    ray, watcher = pod["containers"][0], pod.get("initContainers", [{}])[0]
    drain = float(environment(ray).get("RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S", 30))
    if pod.get("terminationGracePeriodSeconds", 30) < drain + UPLOAD_SECONDS:
        found.append(f"{name}: killed while it drains")
    if "exec $KUBERAY_GEN_RAY_START_CMD" not in " ".join(ray.get("args", [])):
        found.append(f"{name}: a shell keeps SIGTERM from Ray")
    if ray["resources"]["limits"].get("nvidia.com/gpu") != "1":
        found.append(f"{name}: not one GPU")
    if not any(toleration["key"] == "nvidia.com/gpu" for toleration in pod.get("tolerations", [])):
        found.append(f"{name}: GPU nodes are not tolerated")
    if not pod.get("affinity", {}).get("nodeAffinity"):
        found.append(f"{name}: on any node")
    if "pipeline.executors.notices" not in watcher.get("command", []) or watcher.get("restartPolicy") != "Always":
        found.append(f"{name}: nobody watches for notices")
    if not pod.get("shareProcessNamespace"):
        found.append(f"{name}: the watcher does not see its neighbour's processes")
    session = {"name": "ray", "mountPath": "/tmp/ray"}
    if session not in ray.get("volumeMounts", []) or session not in watcher.get("volumeMounts", []):
        found.append(f"{name}: the watcher does not see its neighbour's Ray")
    if pod.get("automountServiceAccountToken") is not False:
        found.append(f"{name}: has a token for Kubernetes")
    return found


def test_the_cluster_is_accepted_and_safe() -> None:
    assert faults(CLUSTER) == []


Change = Callable[[Manifest], object]
OPEN = {"name": "RAY_AUTH_TOKEN", "value": "secret"}
WRONG: dict[str, Change] = {
    "an unknown field": lambda m: m["spec"].update(enableAutoscaling=True),
    "a misspelt field of a group": lambda m: m["spec"]["workerGroupSpecs"][0].update(minReplica=0),
    "a misspelt field of a pod": lambda m: pod(m).update(terminationGracePeriod=150),
    "a misspelt field of a container": lambda m: pod(m)["containers"][0].update(imagePolicy="Always"),
    "a word for a number": lambda m: m["spec"]["workerGroupSpecs"][1].update(maxReplicas="many"),
    "a number for a text": lambda m: m["spec"]["headGroupSpec"]["rayStartParams"].update({"num-cpus": 0}),
    "an unknown mode": lambda m: m["spec"]["authOptions"].update(mode="tokens"),
    "no name of a group": lambda m: m["spec"]["workerGroupSpecs"][0].pop("groupName"),
    "another Ray": lambda m: m["spec"].update(rayVersion="2.59.0"),
    "work on the head": lambda m: m["spec"]["headGroupSpec"].update(rayStartParams={}),
    "no authentication": lambda m: m["spec"].pop("authOptions"),
    "a token in the open": lambda m: pod(m)["containers"][0]["env"].__setitem__(1, OPEN),
    "a watcher without a token": lambda m: pod(m)["initContainers"][0]["env"].pop(),
    "too little grace": lambda m: pod(m).update(terminationGracePeriodSeconds=100),
    "a shell before Ray": lambda m: pod(m)["containers"][0].update(args=["$KUBERAY_GEN_RAY_START_CMD; true"]),
    "no watcher": lambda m: pod(m).pop("initContainers"),
    "a watcher that sees nothing": lambda m: pod(m)["initContainers"][0].pop("volumeMounts"),
    "a watcher by itself": lambda m: pod(m).pop("shareProcessNamespace"),
    "two GPUs": lambda m: pod(m)["containers"][0]["resources"]["limits"].update({"nvidia.com/gpu": "2"}),
    "any node": lambda m: pod(m).pop("affinity"),
    "root": lambda m: pod(m)["securityContext"].update(runAsNonRoot=False),
    "two images": lambda m: pod(m)["containers"][0].update(image="other"),
}


def pod(manifest: Manifest) -> Manifest:
    """The first group's pod."""
    spec: Manifest = manifest["spec"]["workerGroupSpecs"][0]["template"]["spec"]
    return spec


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_a_wrong_cluster_is_found_out(change: Change) -> None:
    wrong = copy.deepcopy(CLUSTER)
    change(wrong)
    assert faults(wrong)


def test_kuberays_own_definition_is_asked_where_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name: {"x-kubernetes-preserve-unknown-fields": True} for name in CLUSTER["spec"]}
    spec = {"type": "object", "properties": known}
    schema = {
        "type": "object",
        "properties": {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}, "spec": spec},
    }
    versions = [{"name": "v1alpha1"}, {"name": "v1", "schema": {"openAPIV3Schema": schema}}]
    (tmp_path / "ray.io_rayclusters.yaml").write_text(json.dumps({"spec": {"versions": versions}}))
    monkeypatch.setenv("KUBERAY_CRDS", str(tmp_path))
    assert faults(CLUSTER) == []
    del known["authOptions"]
    (tmp_path / "ray.io_rayclusters.yaml").write_text(json.dumps({"spec": {"versions": versions}}))
    assert "authOptions" in " ".join(faults(CLUSTER))


@pytest.mark.parametrize("manifest", COMMON, ids=lambda manifest: f"{manifest['kind']} {manifest['metadata']['name']}")
def test_accounts_and_rules_are_accepted(manifest: Manifest) -> None:
    assert problems(manifest) == []
    for field in ("spec", "rules", "metadata"):
        if field in manifest:
            assert problems({**manifest, field: "wrong"})
    assert problems({**manifest, "unknown": 1})


def test_accounts_and_labels_of_the_pods_are_those_of_the_base() -> None:
    accounts = {m["metadata"]["name"] for m in COMMON if m["kind"] == "ServiceAccount"}
    assert {template["spec"]["serviceAccountName"] for template in templates(CLUSTER)} == accounts
    policy = next(manifest for manifest in COMMON if manifest["kind"] == "NetworkPolicy")
    wanted = policy["spec"]["podSelector"]["matchLabels"]
    assert all(wanted.items() <= template["metadata"]["labels"].items() for template in templates(CLUSTER))
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    monitor = documents(DEPLOY / "observability" / "podmonitor.yaml")[0]
    assert problems(monitor) == []
    assert monitor["spec"]["selector"]["matchLabels"] == wanted
    port = monitor["spec"]["podMetricsEndpoints"][0]["port"]
    for template in templates(CLUSTER):
        assert port in {entry["name"] for entry in template["spec"]["containers"][0]["ports"]}


def test_a_stopped_job_has_its_time() -> None:
    from pipeline.driver import DriverOptions
    from pipeline.state import Policy

    head = CLUSTER["spec"]["headGroupSpec"]["template"]["spec"]
    stop = float(environment(head["containers"][0])["RAY_JOB_STOP_WAIT_TIME_S"])
    assert Policy().stop_seconds + DriverOptions().kill_seconds < stop < head["terminationGracePeriodSeconds"]


def test_the_job_runs_a_command_that_there_is() -> None:
    import typer.main

    from pipeline.cli import app
    from pipeline.exit_codes import SOME_FAILED

    assert problems({**JOB, "spec": {**JOB["spec"], "rayClusterSpec": CLUSTER["spec"]}}) == []
    assert problems({**JOB, "spec": {**JOB["spec"], "shutdownAfterJobFinish": True}})
    command, _, otherwise = JOB["spec"]["entrypoint"].partition(" || ")
    program, name, *arguments = shlex.split(command)
    assert program == "dreamsweep"
    found = typer.main.get_command(app).commands[name].make_context(name, arguments)  # type: ignore[attr-defined]
    assert str(found.params["spec_path"]).startswith("/etc/dreamsweep/")
    assert found.params["address"] == "auto"
    assert otherwise == f"[ $? -eq {SOME_FAILED} ]"


@pytest.mark.parametrize("folder", [f for f in OVERLAYS if (f / "sweep.yaml").exists()], ids=lambda folder: folder.name)
def test_the_example_sweep_is_a_sweep(folder: Any) -> None:
    from pipeline.spec import load_spec

    spec = load_spec(folder / "sweep.yaml")
    assert spec.url.startswith(("s3://", "gs://"))
    assert spec.workers.gpus == 1


# ---- as Kustomize renders them ---------------------------------------------------------------------------------------


@needs_kubectl
@pytest.mark.parametrize("folder", OVERLAYS, ids=lambda folder: folder.name)
def test_an_overlay_is_accepted_and_safe(folder: Any) -> None:
    from pipeline.executors.notices import CLOUDS

    rendered = render(folder)
    for manifest in rendered:
        assert manifest["metadata"]["namespace"] == "dreamsweep"
    ray = [manifest for manifest in rendered if manifest["apiVersion"].startswith("ray.io/")]
    assert len(ray) == 1
    assert ray[0]["kind"] == ("RayJob" if folder.name.endswith("-job") else "RayCluster")
    assert faults(ray[0]) == []
    assert [problem for manifest in rendered for problem in problems(manifest)] == []
    settings = next(m for m in rendered if m["kind"] == "ConfigMap" and m["metadata"]["name"] == "dreamsweep-settings")
    assert settings["data"]["cloud"] in CLOUDS
    assert all(m["metadata"]["annotations"] for m in rendered if m["kind"] == "ServiceAccount")
    images = {container["image"] for template in templates(ray[0]) for container in containers(template)}
    assert images == {"registry.example.com/dreamsweep:0.1.0-cuda"}
    for template in list(templates(ray[0]))[1:]:
        rules = template["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        keys = {expression["key"] for expression in rules["nodeSelectorTerms"][0]["matchExpressions"]}
        assert keys & {"karpenter.sh/capacity-type", "cloud.google.com/gke-spot"}


@needs_kubectl
def test_a_job_has_the_cluster_of_its_overlay() -> None:
    cluster = next(manifest for manifest in render(KUBERAY / "overlays" / "gcp") if manifest["kind"] == "RayCluster")
    job = next(manifest for manifest in render(KUBERAY / "overlays" / "gcp-job") if manifest["kind"] == "RayJob")
    assert job["spec"]["rayClusterSpec"] == cluster["spec"]


@needs_kubectl
def test_a_queued_job_waits_with_a_fixed_size() -> None:
    job = next(manifest for manifest in render(KUBERAY / "overlays" / "queued-job") if manifest["kind"] == "RayJob")
    assert job["spec"]["suspend"] is True
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"]
    assert job["spec"]["rayClusterSpec"]["enableInTreeAutoscaling"] is False
    assert len({group[name] for group in job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
                for name in ("replicas", "minReplicas", "maxReplicas")}) == 1  # fmt: skip
