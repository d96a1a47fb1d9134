"""Over all files of deploy/: variables that exist, links that lead somewhere, nothing that could be somebody's key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from deploy.manifests import DEPLOY, KUBERNETES, ROOT, dotenv, load

from watcher.settings.s3 import IGNORED_VARIABLES, S3_VARIABLES
from watcher.settings.tables import tables
from watcher.settings.wording import variables

FILES = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file() and path.name not in (".env", "secret.yaml")]
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
KNOWN = {*variables(), "WATCHER_CONFIG", *S3_VARIABLES.values(), *IGNORED_VARIABLES}


@each_file
def test_variables_exist(path: Path) -> None:
    """`CLOUDRU_S3_` stands for the four."""
    named = set(re.findall(r"\b(?:WATCHER|CLOUDRU|USE_CLOUDRU)_[A-Z0-9_]*[A-Z0-9]", path.read_text(encoding="utf-8")))
    assert named - {"CLOUDRU_S3"} <= KNOWN


@each_file
def test_settings_that_are_named_exist(path: Path) -> None:
    known = {f"{table}.{field}" for table, kind in tables().items() for field in kind.model_fields}
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if path.suffix == ".md" or "#" in line)
    named = {found for line in lines for found in re.findall(r"\b(?:watch|ocr|claims|limits|http|render|output)\.[a-z_.]*[a-z]\b", line)}
    assert named <= known


@each_file
def test_nothing_looks_like_a_key(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-fA-F]{24,}|AKIA\w+|[A-Za-z0-9+]{40}", text) == []


def test_examples_hold_placeholders() -> None:
    for values in (dotenv(DEPLOY / "env.example"), load(KUBERNETES / "watcher" / "secret.example.yaml")["stringData"]):
        assert {name: values[name] for name in S3_VARIABLES.values()} == {
            "CLOUDRU_S3_ENDPOINT": "https://s3.cloud.ru",
            "CLOUDRU_S3_BUCKET": "test",
            "CLOUDRU_S3_ACCESS_KEY": "test:test",
            "CLOUDRU_S3_SECRET_KEY": "test",
        }


def test_what_people_fill_in_is_kept_out_of_the_repository() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/deploy/.env", "/deploy/kubernetes/watcher/secret.yaml"} <= set(ignored)


def test_links_of_the_overview_lead_somewhere() -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    assert [path for path in re.findall(r"\]\((?!https?:|#)([^)#]+)", text) if not (DEPLOY / path).exists()] == []
    assert "## Not tried" in text
    assert "(#not-tried)" in text


def test_folders_of_the_overviews_commands_exist() -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"kubectl apply -[kf] (\S+?)(?:`|$)", text, re.MULTILINE)
    assert len(named) == 4
    assert [path for path in named if not (ROOT / path).exists() and not path.endswith("secret.yaml")] == []
