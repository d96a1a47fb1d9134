"""The files under deploy/ as values: YAML without double keys, and what kustomize makes of a folder, as far as these folders use it."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import jsonpatch
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"

Object = dict[str, Any]


class _Strict(yaml.SafeLoader):
    """YAML lets the last of two equal keys win, in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1 and key != "<<"}
        if twice:
            raise ValueError(f"{node.start_mark}: {sorted(twice)} twice")
        return super().construct_mapping(node, deep)


def load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), _Strict)


def build(folder: Path) -> list[Object]:
    """The objects of a kustomization: resources, then patches by JSON Patch, the namespace and the images. Anything else in it is an error."""
    made = load(folder / "kustomization.yaml")
    unknown = set(made) - {"apiVersion", "kind", "namespace", "resources", "patches", "images"}
    if unknown:
        raise ValueError(f"{folder.name}: {sorted(unknown)} is not resolved here")
    objects = [found for name in made["resources"] for found in _resource(folder / name)]
    for patch in made.get("patches", []):
        target = patch["target"]
        chosen = [one for one in objects if (one["kind"], one["metadata"]["name"]) == (target["kind"], target["name"])]
        if len(chosen) != 1:
            raise ValueError(f"{folder.name}: {target} fits {len(chosen)} objects")
        jsonpatch.apply_patch(chosen[0], load(folder / patch["path"]), in_place=True)
    for one in objects:
        if one["kind"] != "Namespace":
            one["metadata"]["namespace"] = made["namespace"]
        for container in containers(one):
            for image in made.get("images", []):
                if container["image"] == image["name"]:
                    container["image"] = f"{image['newName']}:{image['newTag']}"
    return objects


def _resource(path: Path) -> list[Object]:
    return build(path) if path.is_dir() else [copy.deepcopy(load(path))]


def pods(objects: list[Object]) -> Iterator[Object]:
    """The templates of pods."""
    for one in objects:
        if one["kind"] == "Deployment":
            yield one["spec"]["template"]


def containers(one: Object) -> list[Object]:
    return list(one["spec"]["template"]["spec"]["containers"]) if one["kind"] == "Deployment" else []


def find(objects: list[Object], kind: str, name: str) -> Object:
    (found,) = (one for one in objects if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return found


def environment(container: Object, secret: Object) -> dict[str, str]:
    """What the container's process finds, where its `envFrom` names `secret` alone."""
    assert [source["secretRef"]["name"] for source in container.get("envFrom", [])] == [secret["metadata"]["name"]]
    return {**secret["stringData"], **{variable["name"]: variable["value"] for variable in container.get("env", [])}}


def dotenv(path: Path) -> dict[str, str]:
    """The lines NAME=value; comments and empty ones aside."""
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)
