"""The guides to Cloud.ru's console: both languages in step, and nothing in them that the program does not know."""

from __future__ import annotations

import json
import re
from itertools import zip_longest

import pytest
from deploy.manifests import DEPLOY, ROOT
from servers.daemon import Daemon

from watcher import __version__
from watcher.settings import Settings, load_settings
from watcher.settings.s3 import IGNORED_VARIABLES, S3_VARIABLES

GUIDES = {name: (DEPLOY / name).read_text(encoding="utf-8") for name in ("cloudru.md", "cloudru.ru.md")}
ENGLISH, RUSSIAN = GUIDES.values()
each_guide = pytest.mark.parametrize("name", GUIDES)


def prose(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def headings(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^(#+) (.+)$", prose(text), re.MULTILINE)


def section(text: str, number: int) -> str:
    """What stands under the heading of this number, down to the next."""
    parts = re.split(r"^#+ .+$", text, flags=re.MULTILINE)
    return parts[number + 1]


def blocks(text: str) -> list[str]:
    return re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def tables(text: str) -> list[list[list[str]]]:
    found = re.findall(r"(?:^ *\|.*\|\n)+", text, re.MULTILINE)
    return [[[cell.strip() for cell in row.strip().strip("|").split("|")] for row in table.splitlines()] for table in found]


def words(text: str) -> list[str]:
    """What stands in backticks, with the placeholders that each language names in its own way."""
    return sorted({re.sub(r"<[^>]*>", "<>", word) for word in re.findall(r"`([^`\n]+)`", prose(text))})


def anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_both_have_the_same_headings_in_the_same_order() -> None:
    assert [marks for marks, _ in headings(ENGLISH)] == [marks for marks, _ in headings(RUSSIAN)]
    assert len(headings(ENGLISH)) > 10


def test_both_have_the_same_commands() -> None:
    assert blocks(ENGLISH)
    assert blocks(ENGLISH) == blocks(RUSSIAN)


def test_tables_have_the_same_rows_and_columns() -> None:
    shapes = [[[len(row) for row in table] for table in tables(text)] for text in GUIDES.values()]
    assert len(shapes[0]) > 8
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("number", range(len(headings(ENGLISH))))
def test_a_section_names_the_same_in_both(number: int) -> None:
    assert words(section(ENGLISH, number)) == words(section(RUSSIAN, number))


def test_what_is_marked_as_not_verified_is_so_in_both() -> None:
    pairs = zip_longest(tables(ENGLISH), tables(RUSSIAN))
    marked = [[["(?)" in " ".join(row) for row in table] for table in pair] for pair in pairs]
    assert any(any(english) for english, _ in marked)
    assert all(english == russian for english, russian in marked)


def test_the_russian_guide_is_russian() -> None:
    assert all(re.search("[а-яё]", title) for _, title in headings(RUSSIAN) if title not in ("ML Inference", "Container Apps"))
    assert not re.search("[а-яё]", ENGLISH.replace("По-русски", ""))


@each_guide
def test_links_lead_somewhere(name: str) -> None:
    text = GUIDES[name]
    assert [path for path in re.findall(r"\]\((?!https?:|#)([^)#]+)", text) if not (DEPLOY / path).exists()] == []
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= {anchor(title) for _, title in headings(text)}


@each_guide
def test_variables_of_the_bucket_are_the_four(name: str) -> None:
    rows = {row[0].strip("`"): row[1] for table in tables(GUIDES[name]) for row in table if row[0].startswith("`CLOUDRU_")}
    assert set(rows) == set(S3_VARIABLES.values())
    assert "`test:test`" in rows["CLOUDRU_S3_ACCESS_KEY"]


@each_guide
def test_variables_that_are_said_to_stay_unread_are_those(name: str) -> None:
    (item,) = (item for item in re.findall(r"^- ((?:.+\n)+?)(?=^\S|^$)", GUIDES[name], re.MULTILINE) if "variables_ignored" in item)
    assert sorted(re.findall(r"`([A-Z0-9_]{5,})`", item)) == sorted(IGNORED_VARIABLES)


@each_guide
def test_values_of_the_tables_are_accepted(name: str) -> None:
    rows = {row[0].strip("`"): row[1] for table in tables(GUIDES[name]) for row in table if row[0].startswith("`WATCHER_")}
    values = {variable: text.strip("`") for variable, text in rows.items() if re.fullmatch(r"`[^`]+`", text)}
    assert set(values) == {"WATCHER_OCR__ENGINE", "WATCHER_OCR__BACKEND", "WATCHER_OCR__DEVICES"}
    server = {"WATCHER_OCR__SERVER__URL": "https://server/v1"}
    assert load_settings(None, {**values, **server}).ocr.devices == ("cpu",)


@each_guide
def test_numbers_are_the_defaults(name: str) -> None:
    defaults, text = Settings(), GUIDES[name]
    assert defaults.watch.grace_seconds + defaults.watch.hand_back_seconds <= 30
    told = {row[0].strip("`"): row[1] for table in tables(text) for row in table if row[0].startswith("`WATCHER_")}
    assert f"{defaults.watch.poll_seconds:g}" in told["WATCHER_WATCH__POLL_SECONDS"]
    assert f"{defaults.watch.grace_seconds:g}" in told["WATCHER_WATCH__GRACE_SECONDS"]
    assert f"({defaults.watch.hand_back_seconds:g})" in told["WATCHER_WATCH__GRACE_SECONDS"]
    assert f"`{defaults.retention.source}`" in told["WATCHER_RETENTION__SOURCE"]
    assert {row[2] for row in probes(text)} == {f"`{defaults.http.port}`"}
    assert f"paddleocr-watcher:{__version__}`" in text


def probes(text: str) -> list[list[str]]:
    return [row for table in tables(text) for row in table if row[0] in ("startup", "liveness", "readiness")]


@each_guide
def test_probes_give_the_start_more_time_than_the_former_version_needed(name: str) -> None:
    startup, *_ = probes(GUIDES[name])
    delay, period, _, failures = (int(re.sub(r"\D", "", cell)) for cell in startup[3:])
    assert delay + period * failures > 120


@each_guide
def test_what_the_guide_looks_for_is_there(name: str, busy_daemon: Daemon) -> None:
    text = GUIDES[name]
    (events,) = ([row[0].strip("`") for row in table[2:]] for table in tables(text) if table[0][0] == "event")
    assert len(events) == 4
    for event in events:
        busy_daemon.wait_for_event(event)
    assert {busy_daemon.get(row[1].strip("`"))[0] for row in probes(text)} == {200}
    health = json.loads(busy_daemon.get("/health")[1])
    told = dict(re.findall(r'`"(\w+)": "(\w+)"`', next(line for line in text.splitlines() if '"paddleocr": "ready"' in line)))
    assert {**told, "s3_storage": "not_configured"} == {field: health[field] for field in told}
    assert '`"s3_storage": "not_configured"`' in text


@each_guide
def test_words_of_the_program_are_its_own(name: str) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "watcher").rglob("*.py"))
    told = ("Use a machine with a GPU", "folder_mode", "variables_ignored", "unreachable", "restricted", "initializing")
    assert [word for word in told if word not in GUIDES[name] or word not in sources] == []
    sample = re.findall(r"samples/[\w.-]+", GUIDES[name])
    assert sample
    assert [path for path in sample if not (ROOT / path).exists()] == []
