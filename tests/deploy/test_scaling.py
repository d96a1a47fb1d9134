"""KEDA's object: by its documentation's fields, and against the /metrics of a daemon that has more to do than it can."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import kubernetes_validate
import pytest
from deploy.manifests import KUBERNETES, Object, build, find
from prometheus_client.parser import text_string_to_metric_families
from servers.daemon import Daemon

from watcher.settings import Settings

SCHEMA: dict[str, Any] = json.loads(Path(__file__).with_name("scaled_object.schema.json").read_text(encoding="utf-8"))
(SCALED,) = build(KUBERNETES / "scaling")
SPEC = SCALED["spec"]
(TRIGGER,) = SPEC["triggers"]
BEHAVIOR = SPEC["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]


def value_at(text: str, location: str) -> float:
    """What KEDA finds there with `format: prometheus`, where the location is a name alone: the first sample of that name."""
    (family,) = (family for family in text_string_to_metric_families(text) if family.name == location)
    return family.samples[0].value


def test_it_has_the_fields_that_keda_documents() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(SCALED, SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "minReplicas"), 1),
        (("spec", "triggers", 0, "metadata", "targetValue"), 8),
        (("spec", "triggers", 0, "type"), "metric-api"),
    ],
    ids=["unknown field", "number for a text", "unknown scaler"],
)
def test_the_schema_sees_mistakes(path: tuple[Any, ...], value: object) -> None:
    wrong = copy.deepcopy(SCALED)
    *way, last = path
    place: Any = wrong
    for step in way:
        place = place[step]
    place[last] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


def test_what_it_hands_to_kubernetes_own_scaler_is_valid() -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "watcher"}
    replicas = {"minReplicas": SPEC["minReplicaCount"], "maxReplicas": SPEC["maxReplicaCount"]}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "watcher"}}
    kubernetes_validate.validate({**scaler, "spec": {"scaleTargetRef": target, **replicas, "behavior": BEHAVIOR}}, "1.32", strict=True)


@pytest.mark.parametrize("folder", ["watcher", "model-server"])
def test_it_names_what_the_other_folders_make(folder: str) -> None:
    objects = build(KUBERNETES / folder)
    deployment: Object = find(objects, "Deployment", SPEC["scaleTargetRef"]["name"])
    assert "replicas" not in deployment["spec"], "applying it again would undo what KEDA chose"
    url = urlsplit(TRIGGER["metadata"]["url"])
    service, namespace, kind = str(url.hostname).split(".")
    found = find(objects, "Service", service)
    assert (namespace, kind) == (found["metadata"]["namespace"], "svc")
    assert [url.port] == [port["port"] for port in found["spec"]["ports"]]


def test_keda_may_read_metrics() -> None:
    (rule,) = find(build(KUBERNETES / "watcher"), "NetworkPolicy", "watcher")["spec"]["ingress"]
    (expression,) = rule["from"][0]["namespaceSelector"]["matchExpressions"]
    assert "keda" in expression["values"]


def test_the_daemon_counts_there_what_waits(busy_daemon: Daemon, backlog: int) -> None:
    url, metadata = urlsplit(TRIGGER["metadata"]["url"]), TRIGGER["metadata"]
    assert metadata["format"] == "prometheus"
    busy_daemon.wait_for(lambda: value_at(busy_daemon.get(url.path)[1], metadata["valueLocation"]) == backlog)


def test_one_replica_stays_since_it_is_the_one_that_counts() -> None:
    assert 1 <= SPEC["minReplicaCount"] <= SPEC["maxReplicaCount"]


def test_replicas_end_slower_than_leases_and_hand_overs() -> None:
    defaults, down = Settings(), BEHAVIOR["scaleDown"]
    assert down["stabilizationWindowSeconds"] > 2 * defaults.claims.lease_seconds
    (policy,) = down["policies"]
    assert (policy["type"], policy["value"]) == ("Pods", 1)
    assert policy["periodSeconds"] > max(defaults.claims.lease_seconds, defaults.watch.grace_seconds + defaults.watch.hand_back_seconds)
