"""Every word of the checklist is one that the program says, and what a person has to act on stands in it."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from docs.log_events import warnings_and_errors
from docs.markdown_pages import ROOT, Page, words

from watcher.domain.errors import ErrorCode
from watcher.domain.health import EnginePhase, StoreState
from watcher.domain.page import PageStatus
from watcher.domain.waits import Wait
from watcher.lease.mode import Mode
from watcher.settings.tables import tables
from watcher.settings.wording import variables
from watcher.storage.reasons import REASONS, Reason

ENGLISH = Page("docs/quick-fixes.md")
EVENTS = warnings_and_errors()
TOLD_ELSEWHERE = {
    "store_unreachable": "above the table of causes, which are its words",
    "store_restricted": "above the table of causes, which are its words",
    "document_quarantined": "above the table of codes, which are its words",
}
INFORMATION = {"variables_ignored"}
"""Events that are no warning, and yet tell of something to do."""
HEALTH = {
    "healthy",
    "unhealthy",
    "configured",
    "not_configured",
    *get_args(EnginePhase),
    *get_args(StoreState),
    *(mode.value for mode in Mode),
}
CAUSES = {reason.value for reason in Reason}
SAID = (
    EVENTS
    | INFORMATION
    | HEALTH
    | CAUSES
    | {code.value for code in ErrorCode}
    | {wait.value for wait in Wait}
    | {status.value for status in PageStatus}
)
KEYS = [word for table in ENGLISH.tables() for row in table[1:] for word in words(row[0])]


def settings_named(text: str) -> set[str]:
    longest_first = "|".join(sorted(tables(), key=len, reverse=True))
    return set(re.findall(rf"\b(?:{longest_first})\.[a-z_]+\b", text)) | set(re.findall(r"\b(?:WATCHER|CLOUDRU)_[A-Z0-9_]+\b", text))


def test_events_are_found_in_every_way_that_they_are_written() -> None:
    plain, by_level, chosen, told, by_store = "engine_failed", "store_not_probed", "store_restricted", "folder_mode", "scan_failed"
    assert {plain, by_level, chosen, told, by_store} <= EVENTS


def test_events_that_tell_no_warning_are_written_all_the_same() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "watcher").rglob("*.py"))
    assert all(f'"{event}"' in source for event in INFORMATION)


def test_every_row_has_a_word_and_every_word_is_said_by_the_program() -> None:
    assert all(words(row[0]) for table in ENGLISH.tables() for row in table[1:])
    assert set(KEYS) <= SAID


def test_no_word_has_two_rows() -> None:
    assert sorted(KEYS) == sorted(set(KEYS))


def test_every_warning_and_error_of_the_log_is_in_the_list() -> None:
    assert EVENTS - set(KEYS) == set(TOLD_ELSEWHERE)
    assert all(f"`{event}`" in ENGLISH.text for event in TOLD_ELSEWHERE)


@pytest.mark.parametrize("kind", [ErrorCode, Wait], ids=["codes", "waits"])
def test_every_code_and_every_wait_is_in_the_list(kind: type[ErrorCode] | type[Wait]) -> None:
    assert {word.value for word in kind} <= set(KEYS)


@pytest.mark.parametrize("reason", [reason for reason in Reason if settings_named(REASONS[reason].sentence)])
def test_every_cause_that_names_a_setting_is_in_the_list_with_a_setting_that_it_names(reason: Reason) -> None:
    (row,) = [row for table in ENGLISH.tables() for row in table[1:] if reason.value in words(row[0])]
    assert settings_named(" ".join(row)) & settings_named(REASONS[reason].sentence)


@pytest.mark.parametrize("name", ["docs/quick-fixes.md", "docs/quick-fixes.ru.md"])
def test_settings_that_are_named_exist(name: str) -> None:
    known = {f"{table}.{setting}" for table, kind in tables().items() for setting in kind.settings()}
    named = settings_named(Page(name).text)
    assert {setting for setting in named if "." in setting} <= known
    assert {setting for setting in named if setting.startswith("WATCHER_")} <= set(variables())


def test_rows_name_the_same_words_in_both_languages() -> None:
    def code(name: str) -> list[list[set[str]]]:
        return [
            [{word for word in words(" ".join(row)) if not re.search("[А-я]|NAME", word)} for row in table] for table in Page(name).tables()
        ]

    assert code("docs/quick-fixes.ru.md") == code("docs/quick-fixes.md")
