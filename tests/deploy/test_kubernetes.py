"""deploy/kubernetes: valid for old and new clusters, and in step with the daemon that it runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import kubernetes_validate
import pytest
import yaml
from deploy.manifests import KUBERNETES, ROOT, Object, build, containers, environment, find, load, pods
from pydantic import ByteSize, TypeAdapter
from servers.daemon import Daemon
from servers.model_server import ModelServer

from watcher import __version__
from watcher.settings import load_settings

WITH_WATCHER = ("watcher", "model-server")
FOLDERS = (*WITH_WATCHER, "scaling")
RELEASES = ("1.27", "1.32", "1.37")
BUILT = {name: build(KUBERNETES / name) for name in FOLDERS}
SECRET = load(KUBERNETES / "watcher" / "secret.example.yaml")
OURS = [one for name in WITH_WATCHER for one in BUILT[name]] + [SECRET]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def container_of(folder: str, name: str) -> Object:
    (found,) = containers(find(BUILT[folder], "Deployment", name))
    return found


def settings_of(folder: str) -> Any:
    return load_settings(None, environment(container_of(folder, "watcher"), SECRET))


def in_bytes(quantity: str) -> int:
    return TypeAdapter(ByteSize).validate_python(f"{quantity}B")


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("one", OURS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_each_object_is_valid(one: Object, release: str) -> None:
    kubernetes_validate.validate(one, release, strict=True)


def test_the_validator_sees_a_wrong_name_and_a_wrong_type() -> None:
    service = find(BUILT["watcher"], "Service", "watcher")
    for wrong in ({**service, "spek": {}}, {**service, "spec": {**service["spec"], "ports": "8081"}}):
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, RELEASES[0], strict=True)


@pytest.mark.parametrize("name", FOLDERS)
def test_kustomize_makes_of_a_folder_what_the_tests_look_at(name: str) -> None:
    """Debian has no kustomize that knows these fields; where a newer kubectl is installed its own answer is compared."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("`kubectl` is not installed; the folders are resolved by the tests' own code alone")
    made = subprocess.run([kubectl, "kustomize", KUBERNETES / name], capture_output=True, text=True, timeout=60, check=False)
    if "unknown field" in made.stderr:
        pytest.skip("this `kubectl` has a kustomize from before 2021")
    assert made.returncode == 0, made.stderr

    def by_name(objects: list[Object]) -> list[Object]:
        return sorted(objects, key=lambda one: (one["kind"], one["metadata"]["name"]))

    assert by_name(list(yaml.safe_load_all(made.stdout))) == by_name(BUILT[name])


def test_every_file_belongs_to_a_folders_kustomization() -> None:
    named = set()
    for folder in FOLDERS:
        made = load(KUBERNETES / folder / "kustomization.yaml")
        patches = (patch["path"] for patch in made.get("patches", []))
        named |= {(KUBERNETES / folder / name).resolve() for name in (*made["resources"], *patches)}
    files = {path for path in KUBERNETES.rglob("*.yaml") if path.name not in ("kustomization.yaml", "secret.example.yaml", "secret.yaml")}
    assert files == {path for path in named if path.is_file()}


def test_everything_is_in_the_one_namespace() -> None:
    (namespace,) = {one["metadata"]["name"] for one in BUILT["watcher"] if one["kind"] == "Namespace"}
    told = {one["metadata"].get("namespace") for objects in BUILT.values() for one in objects if one["kind"] != "Namespace"}
    assert {*told, SECRET["metadata"]["namespace"]} == {namespace}


def test_the_image_has_the_version_of_this_repository() -> None:
    assert container_of("watcher", "watcher")["image"] == f"registry.example.com/paddleocr-watcher:{__version__}"


@pytest.mark.parametrize("folder", WITH_WATCHER)
def test_what_selects_pods_finds_some(folder: str) -> None:
    labels = [pod["metadata"]["labels"] for pod in pods(BUILT[folder])]
    for one in BUILT[folder]:
        selector = one.get("spec", {}).get("podSelector") or one.get("spec", {}).get("selector")
        if selector:
            assert any((selector.get("matchLabels") or selector).items() <= own.items() for own in labels), one["kind"]


@pytest.mark.parametrize("folder", WITH_WATCHER)
def test_ports_that_are_named_exist(folder: str) -> None:
    for deployment in (one for one in BUILT[folder] if one["kind"] == "Deployment"):
        (container,) = containers(deployment)
        (port,) = container["ports"]
        service = find(BUILT[folder], "Service", deployment["metadata"]["name"])
        (served,) = service["spec"]["ports"]
        assert served == {"name": "http", "port": port["containerPort"], "targetPort": port["name"]}
        assert {container[probe]["httpGet"]["port"] for probe in PROBES} == {port["name"]}


PROBES = {"startupProbe": "/health", "livenessProbe": "/health", "readinessProbe": "/ready"}


def test_probes_ask_what_the_daemon_answers(busy_daemon: Daemon) -> None:
    container = container_of("watcher", "watcher")
    assert {probe: container[probe]["httpGet"]["path"] for probe in PROBES} == PROBES
    busy_daemon.wait_for_event("engine_ready")
    busy_daemon.wait_for(lambda: busy_daemon.get("/ready")[0] == 200)
    assert {busy_daemon.get(path)[0] for path in PROBES.values()} == {200}
    (port,) = container["ports"]
    assert port["containerPort"] == settings_of("watcher").http.port
    assert re.search(rf"^EXPOSE {port['containerPort']}$", DOCKERFILE, re.MULTILINE)


def test_probes_of_the_model_server_ask_what_it_answers(model_server: ModelServer) -> None:
    container = container_of("model-server", "model-server")
    for path in {container[probe]["httpGet"]["path"] for probe in PROBES}:
        with urlopen(f"http://127.0.0.1:{model_server.port}{path}", timeout=10) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("folder", WITH_WATCHER)
def test_settings_are_valid_and_the_bucket_is_named(folder: str) -> None:
    settings = settings_of(folder)
    assert settings.s3.configured
    assert settings.ocr.backend == {"watcher": "native", "model-server": "vllm-server"}[folder]


def test_with_a_model_server_no_gpu_is_asked_for_beside_its_own() -> None:
    settings = settings_of("model-server")
    assert settings.ocr.devices == ("cpu",)
    (port,) = find(BUILT["model-server"], "Service", "model-server")["spec"]["ports"]
    assert settings.ocr.server.url == (f"http://model-server:{port['port']}/v1",)
    gpus = [container["resources"]["limits"].get("nvidia.com/gpu") for one in BUILT["model-server"] for container in containers(one)]
    assert sorted(gpus, key=str) == ["1", None]
    assert container_of("watcher", "watcher")["resources"]["limits"]["nvidia.com/gpu"] == "1"


@pytest.mark.parametrize("folder", WITH_WATCHER)
def test_there_is_time_to_hand_documents_back(folder: str) -> None:
    watch = settings_of(folder).watch
    seconds = find(BUILT[folder], "Deployment", "watcher")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert seconds >= watch.grace_seconds + watch.hand_back_seconds + 5


def test_memory_suffices_for_what_settings_allow_the_children() -> None:
    settings, limit = settings_of("watcher"), container_of("watcher", "watcher")["resources"]["limits"]["memory"]
    assert in_bytes(limit) >= settings.ocr.recycle_bytes + settings.limits.parse_memory_bytes + 2**30


def test_every_folder_that_the_daemon_writes_to_can_be_written() -> None:
    settings, container = settings_of("watcher"), container_of("watcher", "watcher")
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in find(BUILT["watcher"], "Deployment", "watcher")["spec"]["template"]["spec"]["volumes"]}
    assert {mounts[name]: set(volume) - {"name"} for name, volume in volumes.items()} == {"/tmp": {"emptyDir"}}
    assert in_bytes(volumes["scratch"]["emptyDir"]["sizeLimit"]) >= 4 * settings.limits.file_bytes, (
        "four documents at once, of the largest size"
    )
    assert (settings.watch.scratch, settings.output.folder) == ("", "")
    assert environment(container, SECRET)["PADDLE_PDX_CACHE_HOME"].startswith("/tmp/")


@pytest.mark.parametrize("folder", WITH_WATCHER)
def test_pods_keep_the_restricted_standard(folder: str) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards: the namespace demands it."""
    assert find(BUILT[folder], "Namespace", "paddleocr-watcher")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in pods(BUILT[folder]):
        spec = pod["spec"]
        assert (spec["securityContext"]["runAsNonRoot"], spec["securityContext"]["runAsUser"]) == (True, 1000)
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert {kind for volume in spec["volumes"] for kind in set(volume) - {"name"}} <= {"emptyDir"}
        assert (spec["automountServiceAccountToken"], spec["enableServiceLinks"]) == (False, False)
        for container in spec["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container_of(folder, "watcher")["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_image_runs_as_that_user_and_declares_no_volume() -> None:
    assert re.search(r"^USER 1000$", DOCKERFILE, re.MULTILINE)
    assert not re.search(r"^VOLUME", DOCKERFILE, re.MULTILINE)


def test_the_model_server_reaches_nobody_and_is_reached_by_the_daemon() -> None:
    policy = find(BUILT["model-server"], "NetworkPolicy", "model-server")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in policy
    daemon = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "watcher"}}}
    assert [rule["from"] for rule in policy["ingress"]] == [[daemon]]
    (way,) = (rule for rule in find(BUILT["model-server"], "NetworkPolicy", "watcher")["spec"]["egress"] if "podSelector" in str(rule))
    assert way["ports"] == [{"port": container_of("model-server", "model-server")["ports"][0]["containerPort"]}]


def test_yaml_is_tidy() -> None:
    program = Path(sys.executable).with_name("yamllint")
    rules = "{extends: default, rules: {line-length: {max: 160}, document-start: disable, comments: {min-spaces-from-content: 1}, truthy: enable}}"
    linted = subprocess.run([program, "--strict", "--config-data", rules, ROOT / "deploy"], capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout
