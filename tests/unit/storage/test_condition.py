"""What is said of a store that answers, fails, refuses or falls silent."""

from __future__ import annotations

import pytest
from doubles.clocks import SetClock

from watcher.storage.condition import Doing, Kind, StoreCondition
from watcher.storage.reasons import REASONS, Reach, Reason

SILENT, FORGET = 10.0, 3600.0
LISTING, WRITING = Kind(Doing.LISTING, "incoming/"), Kind(Doing.WRITING, "processed/")
FAILED = Kind(Doing.WRITING, "failed/", needed=False)
LASTING = [reason for reason, info in REASONS.items() if not info.passing and info.reach is not Reach.OBJECT]
PASSING = [reason for reason, info in REASONS.items() if info.passing]
WHOLE = [reason for reason, info in REASONS.items() if info.reach is Reach.STORE]
ONE_KIND = [reason for reason, info in REASONS.items() if info.reach is Reach.KIND]


@pytest.fixture
def time() -> SetClock:
    return SetClock()


@pytest.fixture
def condition(time: SetClock) -> StoreCondition:
    return StoreCondition(time.clock.monotonic, SILENT, FORGET)


def told(condition: StoreCondition) -> Reason | None:
    trouble = condition.trouble
    return trouble.reason if trouble else None


def test_a_store_that_was_not_asked_is_in_no_trouble(condition: StoreCondition, time: SetClock) -> None:
    time.advance(10 * SILENT)
    assert condition.trouble is None


@pytest.mark.parametrize("reason", LASTING)
def test_what_does_not_pass_by_itself_is_told_at_once(condition: StoreCondition, reason: Reason) -> None:
    condition.answered(LISTING)
    condition.failed(WRITING, reason)
    assert told(condition) is reason


@pytest.mark.parametrize("reason", PASSING)
def test_what_may_pass_by_itself_is_told_when_it_is_met_again_and_again(condition: StoreCondition, reason: Reason) -> None:
    condition.answered(WRITING)
    for _ in range(2):
        condition.failed(WRITING, reason)
        assert told(condition) is None
    condition.failed(WRITING, reason)
    assert told(condition) is reason


@pytest.mark.parametrize("reason", PASSING)
def test_a_failure_without_any_answer_since_is_told_after_a_while(condition: StoreCondition, time: SetClock, reason: Reason) -> None:
    condition.answered(LISTING)
    time.advance(SILENT - 1)
    condition.failed(LISTING, reason)
    assert told(condition) is None
    time.advance(1)
    assert told(condition) is reason


@pytest.mark.parametrize("reason", WHOLE)
def test_any_answer_ends_what_concerns_the_whole_store(condition: StoreCondition, reason: Reason) -> None:
    for _ in range(3):
        condition.failed(WRITING, reason)
    trouble = condition.trouble
    assert trouble is not None
    assert (trouble.kind, trouble.cuts_off, trouble.stops_reading, trouble.text) == (None, True, True, REASONS[reason].sentence)
    condition.answered(LISTING)
    assert condition.trouble is None


@pytest.mark.parametrize("reason", ONE_KIND)
def test_what_concerns_one_kind_of_request_ends_with_that_kind(condition: StoreCondition, reason: Reason) -> None:
    for _ in range(3):
        condition.failed(WRITING, reason)
        condition.answered(LISTING)
    trouble = condition.trouble
    assert trouble is not None
    assert (trouble.kind, trouble.cuts_off, trouble.failures) == (WRITING, False, 3)
    assert "while writing under processed/" in trouble.text
    condition.answered(WRITING)
    assert condition.trouble is None


def test_a_listing_that_fails_cuts_off_and_a_place_that_can_be_done_without_stops_nobody(condition: StoreCondition) -> None:
    condition.failed(FAILED, Reason.NO_RIGHTS)
    trouble = condition.trouble
    assert trouble is not None
    assert (trouble.cuts_off, trouble.stops_reading) == (False, False)
    condition.failed(LISTING, Reason.NO_RIGHTS)
    condition.failed(FAILED, Reason.NO_RIGHTS)
    trouble = condition.trouble
    assert trouble is not None
    assert (trouble.kind, trouble.cuts_off, trouble.stops_reading) == (LISTING, True, True)


def test_a_request_without_an_answer_is_told_before_it_ends(condition: StoreCondition, time: SetClock) -> None:
    condition.answered(LISTING)
    number = condition.sent()
    time.advance(SILENT - 1)
    assert condition.trouble is None
    time.advance(1)
    trouble = condition.trouble
    assert trouble is not None
    assert (trouble.reason, trouble.since, trouble.cuts_off) == (Reason.NO_ANSWER, time.seconds - SILENT, True)
    condition.over(number)
    assert condition.trouble is None


def test_answers_to_others_show_that_a_slow_request_is_only_slow(condition: StoreCondition, time: SetClock) -> None:
    condition.sent()
    for _ in range(5):
        time.advance(SILENT - 1)
        condition.answered(LISTING)
        assert condition.trouble is None


@pytest.mark.parametrize("reason", ONE_KIND)
def test_what_is_not_met_again_is_forgotten(condition: StoreCondition, time: SetClock, reason: Reason) -> None:
    for _ in range(3):
        condition.failed(WRITING, reason)
    time.advance(149)
    assert told(condition) is reason
    time.advance(FORGET)
    assert condition.trouble is None


def test_all_failures_of_an_outage_are_counted_from_the_first(condition: StoreCondition, time: SetClock) -> None:
    began = time.seconds
    for _ in range(4):
        condition.failed(LISTING, Reason.NO_CONNECTION)
        time.advance(1)
        condition.failed(WRITING, Reason.NO_CONNECTION)
    trouble = condition.trouble
    assert trouble is not None
    assert (trouble.failures, trouble.since) == (8, began)


@pytest.mark.parametrize("reason", Reason)
def test_every_cause_has_a_sentence_that_gives_nothing_away(reason: Reason) -> None:
    sentence = REASONS[reason].sentence
    assert sentence
    assert not set("{}\n") & set(sentence)
