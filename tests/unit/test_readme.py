"""What the README says of settings and commands is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from watcher.settings import Settings
from watcher.settings.s3 import S3_VARIABLES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PEOPLES_TEXTS = [ROOT / name for name in ("README.md", "README.ru.md", "CONTRIBUTING.md", "CHANGELOG.md")]
SETTINGS = {
    f"WATCHER_{table}__{name}".upper(): value
    for table, values in Settings().model_dump(exclude={"s3"}).items()
    for name, value in values.items()
}


@pytest.mark.parametrize("name", ["README.md", "README.ru.md"])
def test_table_of_settings_gives_their_names_and_defaults(name: str) -> None:
    rows = re.findall(r"^\| `(WATCHER_\w+)` \| (?:`([^`]*)`)? ?\|", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 10
    assert dict(rows) == {name: f"{SETTINGS[name]:g}" if isinstance(SETTINGS[name], float) else str(SETTINGS[name]) for name, _ in rows}


@pytest.mark.parametrize("path", PEOPLES_TEXTS, ids=lambda path: path.name)
def test_variables_and_targets_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = set(SETTINGS) | {"WATCHER_CONFIG"}
    assert set(re.findall(r"\bWATCHER_[A-Z_]*[A-Z]", text)) <= known
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)) <= targets


def test_the_four_variables_of_the_store_are_told() -> None:
    assert set(re.findall(r"^\| `(CLOUDRU_S3_\w+)` \|", README, re.MULTILINE)) == set(S3_VARIABLES.values())


@pytest.mark.parametrize("path", PEOPLES_TEXTS, ids=lambda path: path.name)
def test_links_within_the_repository_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_what_is_passed_over_and_how_long_ending_takes_are_the_defaults() -> None:
    told = README.partition("(`WATCHER_WATCH__IGNORE`), by default")[2].partition(".\n")[0]
    assert tuple(re.findall(r"`([^`]+)`", told)) == Settings().watch.ignore
    assert f"{Settings().watch.grace_seconds:g} s to finish pages" in README
    assert f"{Settings().watch.hand_back_seconds:g} s to hand" in README
    assert Settings().watch.grace_seconds + Settings().watch.hand_back_seconds <= 30


def test_layers_are_those_that_imports_are_checked_for() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ((?:`[a-z]+`(?:, )?)+) \|", contributing, re.MULTILINE)
    checked = re.findall(r'^  "(watcher\.[a-z. |]+)",$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(checked) > 5
    assert [cell.replace("`", "").split(", ") for cell in told] == [layer.replace("watcher.", "").split(" | ") for layer in checked]


def test_tiers_of_tests_are_those_there_are() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tiers = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    assert set(re.findall(r"^\| `tests/([a-z0-9]+)` \|", contributing, re.MULTILINE)) == tiers
