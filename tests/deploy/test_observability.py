"""Dashboard and alerts speak of metrics that there are, in PromQL, and every alert has a runbook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
from manifests import DEPLOY, ROOT, documents

from pipeline.metrics import METRICS, Kind

FOLDER = DEPLOY / "observability"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
RULES: list[dict[str, Any]] = [
    rule for group in documents(FOLDER / "alerts.yaml")[0]["groups"] for rule in group["rules"]
]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [target["expr"] for panel in PANELS for target in panel["targets"]]
KNOWN = {name: metric for metric in METRICS for name in metric.exported}


def parsed(expression: str) -> Any:
    """The expression, with Grafana's variables filled in. Raises ValueError for no PromQL."""
    return promql_parser.parse(expression.replace("$__rate_interval", "5m").replace("$sweep", ".*"))


def selectors(node: Any) -> Iterator[Any]:
    """Every selector of series in the expression."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "vs"):
        child = getattr(node, name, None)
        if child is not None:
            yield from selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from selectors(child)


def faults(expression: str) -> list[str]:
    """What the expression asks of metrics and labels that there are not."""
    found = []
    named = list(selectors(parsed(expression)))
    written = set(re.findall(r"\bray_dreamsweep_\w+", expression))
    assert written <= {selector.name for selector in named}, "a selector was overlooked"
    for selector in named:
        if selector.name not in KNOWN:
            found.append(f"no metric {selector.name}")
            continue
        labels = {"sweep", *KNOWN[selector.name].labels}
        found += [f"{selector.name}: no label {m.name}" for m in selector.matchers.matchers if m.name not in labels]
    grouped = {label for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in re.split(r",\s*", group)}
    labels = {label for name in written & set(KNOWN) for label in KNOWN[name].labels} | {"sweep", "le"}
    found += [f"no label {label}" for label in grouped - labels]
    for name in re.findall(r"\b(?:rate|increase)\((\w+)", expression):
        if name in KNOWN and KNOWN[name].kind is Kind.GAUGE:
            found.append(f"rate of a gauge: {name}")
    return found


@pytest.mark.parametrize("expression", [*TARGETS, *(rule["expr"] for rule in RULES)])
def test_an_expression_is_promql_of_metrics_that_there_are(expression: str) -> None:
    assert faults(expression) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "sum by (sweep) (rate(ray_dreamsweep_step_total[5m]))",
        "sum by (sweep) (ray_dreamsweep_steps)",
        'ray_dreamsweep_trials{state="pending"} > 0',
        "sum by (trial) (ray_dreamsweep_pack)",
        "sum by (sweep) (rate(ray_dreamsweep_pack[5m]))",
        "ray_dreamsweep_pack > 1 and on (sweep) up == 1",
    ],
)
def test_a_wrong_expression_is_found_out(wrong: str) -> None:
    assert faults(wrong)


def test_what_is_no_promql_is_found_out() -> None:
    for wrong in ("sum by (sweep (ray_dreamsweep_pack)", "rate(ray_dreamsweep_events_total)", "ray_dreamsweep_pack >"):
        with pytest.raises(ValueError, match="."):
            parsed(wrong)


def test_every_metric_is_shown() -> None:
    shown = {name for expression in TARGETS for name in re.findall(r"\bray_dreamsweep_\w+", expression)}
    assert [metric.name for metric in METRICS if not metric.exported & shown] == []


def test_every_alert_has_a_severity_a_summary_and_a_runbook() -> None:
    runbooks = (ROOT / "docs" / "operations.md").read_text()
    headings = {heading.lower() for heading in re.findall(r"^#+ (\S+)$", runbooks, re.MULTILINE)}
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
    for rule in RULES:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket", "info")
        assert set(rule["annotations"]) == {"summary", "runbook"}
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        grouped = {
            label for group in re.findall(r"\bby \(([^)]*)\)", rule["expr"]) for label in re.split(r",\s*", group)
        }
        assert used <= grouped
        page, anchor = rule["annotations"]["runbook"].split("#")
        assert page == "docs/operations.md"
        assert anchor == rule["alert"].lower()
        assert anchor in headings
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))


def test_statuses_and_classes_that_are_asked_for_are_there() -> None:
    from pipeline.events import FailureClass
    from pipeline.state import Status, WorkerStatus

    values = {
        ("ray_dreamsweep_trials", "status"): set(Status),
        ("ray_dreamsweep_workers", "status"): set(WorkerStatus),
        ("ray_dreamsweep_gpu_memory_bytes", "kind"): {"used", "total"},
    }
    asked = 0
    for expression in [*TARGETS, *(rule["expr"] for rule in RULES)]:
        for selector in selectors(parsed(expression)):
            for matcher in selector.matchers.matchers:
                known = values.get((selector.name, matcher.name), set(FailureClass))
                if matcher.name != "sweep":
                    asked += 1
                    assert set(matcher.value.split("|")) <= {str(value) for value in known}
    assert asked >= 5


def test_panels_lie_beside_one_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert all(x < 24 for x, _ in cells)
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(PANELS))) <= {*variables, "__rate_interval"}


def test_prometheus_finds_the_rules() -> None:
    (config,) = documents(FOLDER / "prometheus.yml")
    assert all((FOLDER / name).is_file() for name in config["rule_files"])
