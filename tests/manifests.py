"""Reading deploy/: YAML documents, the versions that constraints.txt pins, and what Kubernetes and KubeRay accept."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
KUBERNETES = "1.34"

Manifest = dict[str, Any]


def documents(path: Path) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def pinned(package: str) -> str:
    """The version that constraints.txt has."""
    found = re.search(rf"^{re.escape(package)}==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert found, f"constraints.txt has no {package}"
    return found.group(1)


def kubectl() -> str | None:
    """A kubectl that knows Kustomize's components: $KUBECTL, or that of the path."""
    return os.environ.get("KUBECTL") or shutil.which("kubectl")


def render(folder: Path) -> list[Manifest]:
    """What `kubectl apply -k FOLDER` would send. Raises CalledProcessError where Kustomize refuses."""
    command = [kubectl() or "kubectl", "kustomize", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [document for document in yaml.safe_load_all(answer.stdout) if document]


def check_ray_start(arguments: Sequence[str]) -> dict[str, Any]:
    """The parameters of `ray start` with these arguments. Raises click.UsageError for an option that it has not."""
    from ray.scripts.scripts import start

    found: dict[str, Any] = start.make_context("start", list(arguments)).params
    return found


# ---- schemas ---------------------------------------------------------------------------------------------------------


def problems(manifest: Manifest) -> list[str]:
    """Why the API server would refuse the manifest: unknown, missing and wrong fields."""
    if not manifest["apiVersion"].startswith(("ray.io/", "monitoring.coreos.com/")):
        return _kubernetes(manifest)
    schema = _object(apiVersion=_TEXT, kind=_TEXT, metadata={"type": "object"}, spec=_SPECS[manifest["kind"]])
    found = [error.json_path + ": " + error.message for error in _validator(schema).iter_errors(manifest)]
    found += _of_definition(manifest)
    for template in templates(manifest):
        pod = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "x"}, "template": template}
        found += _kubernetes(pod)
    return found


def templates(manifest: Manifest) -> Iterator[Manifest]:
    """The pod templates of a RayCluster or a RayJob, the head's first."""
    cluster = cluster_of(manifest)
    for group in [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]] if cluster else []:
        yield group["template"]


def cluster_of(manifest: Manifest) -> Manifest | None:
    """The cluster's specification in a RayCluster or a RayJob."""
    spec: Manifest = manifest.get("spec", {})
    if manifest["kind"] == "RayCluster":
        return spec
    return spec.get("rayClusterSpec")


def _kubernetes(manifest: Manifest) -> list[str]:
    try:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{'.'.join(map(str, error.path))}: {error.message}"]
    return []


def _of_definition(manifest: Manifest) -> list[str]:
    """By KubeRay's own definition, made strict, where $KUBERAY_CRDS is the folder of its definitions."""
    folder = os.environ.get("KUBERAY_CRDS")
    if not folder or not manifest["apiVersion"].startswith("ray.io/"):
        return []
    plural = manifest["kind"].lower() + "s"
    definition = yaml.safe_load((Path(folder) / f"ray.io_{plural}.yaml").read_text())
    versions = definition["spec"]["versions"]
    schema = next(version["schema"]["openAPIV3Schema"] for version in versions if version["name"] == "v1")
    return [error.json_path + ": " + error.message for error in _validator(_strict(schema)).iter_errors(manifest)]


def _strict(schema: Any) -> Any:
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [_strict(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {key: _strict(value) for key, value in schema.items()}
    if "properties" in made and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    return made


def _validator(schema: Any) -> Any:
    return jsonschema.Draft202012Validator(schema)


_TEXT = {"type": "string"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_COUNT = {"type": "integer", "minimum": 0}
_FLAG = {"type": "boolean"}


def _object(required: Sequence[str] = (), **properties: Any) -> Manifest:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


# The fields of KubeRay 1.6 that the manifests use, by its API reference. Pod templates are Kubernetes' own.
_TEMPLATE = {"type": "object", "required": ["spec"]}
_AUTOSCALER = _object(
    version={"enum": ["v1", "v2"]},
    idleTimeoutSeconds=_COUNT,
    upscalingMode={"enum": ["Default", "Conservative", "Aggressive"]},
    resources={"type": "object"},
)
_HEAD = _object(("template",), rayStartParams=_TEXTS, template=_TEMPLATE)
_WORKERS = _object(
    ("groupName", "template"),
    groupName=_TEXT,
    replicas=_COUNT,
    minReplicas=_COUNT,
    maxReplicas=_COUNT,
    rayStartParams=_TEXTS,
    template=_TEMPLATE,
)
_CLUSTER = _object(
    ("rayVersion", "headGroupSpec", "workerGroupSpecs"),
    rayVersion=_TEXT,
    suspend=_FLAG,
    enableInTreeAutoscaling=_FLAG,
    autoscalerOptions=_AUTOSCALER,
    authOptions=_object(("mode",), mode={"enum": ["token", "disabled"]}, secretName=_TEXT),
    headGroupSpec=_HEAD,
    workerGroupSpecs={"type": "array", "items": _WORKERS},
)
_JOB = _object(
    ("entrypoint",),
    entrypoint=_TEXT,
    runtimeEnvYAML=_TEXT,
    submissionMode={"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]},
    backoffLimit=_COUNT,
    suspend=_FLAG,
    shutdownAfterJobFinishes=_FLAG,
    ttlSecondsAfterFinished=_COUNT,
    rayClusterSpec=_CLUSTER,
)
_MONITOR = _object(
    ("selector", "podMetricsEndpoints"),
    selector={"type": "object"},
    podMetricsEndpoints={"type": "array", "items": _object(("port",), port=_TEXT, interval=_TEXT)},
)
_SPECS = {"RayCluster": _CLUSTER, "RayJob": _JOB, "PodMonitor": _MONITOR}
