"""What a day costs in the store is made up of requests that were counted, and the parts add up to what is counted anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.cost import DAY, Cause, Load, Prices, of_a_day, stored_bytes, total, variations
from benchmarks.counted import RETENTIONS, Counted, Counting, count_requests, counting
from watcher.pipeline.bench import Retention

LOAD = Load(documents=1000, pages=2, replicas=1, kept_days=10, keep_days=5)


@pytest.fixture(scope="module")
def counted() -> Counted:
    return count_requests()


@pytest.fixture(scope="module")
def fresh() -> Iterator[Counting]:
    with counting() as one:
        yield one


def causes(load: Load, counted: Counted) -> dict[str, Cause]:
    return {cause.name: cause for cause in of_a_day(load, counted)}


@pytest.mark.parametrize("pages", [2, 5])
@pytest.mark.parametrize("retention", RETENTIONS)
def test_a_document_of_another_size_costs_what_the_parts_say(counted: Counted, fresh: Counting, retention: Retention, pages: int) -> None:
    said = {name: number for name, number in counted.of_document(retention, pages).items() if number}
    assert fresh.read(pages, retention) == pytest.approx(said)


def test_a_poll_of_an_empty_inbox_is_one_listing(counted: Counted) -> None:
    assert counted.poll == {"ListObjectsV2": 1}


def test_the_day_of_a_fleet_without_documents_is_its_polls_sweeps_checks_and_signs_of_life(counted: Counted) -> None:
    load = replace(LOAD, documents=0.0, poll_seconds=10.0, sweep_seconds=100.0, presence_seconds=0.0, verify_seconds=0.0, starts=0)
    day = total(load, counted).requests
    polls, sweeps = DAY / 10, DAY / 100
    assert day["ListObjectsV2"] == polls + sweeps * (1 + counted.sweep["ListObjectsV2"])
    assert not day.get("PutObject")
    assert not day.get("GetObject")


def test_each_cause_grows_with_what_moves_it(counted: Counted) -> None:
    base = causes(LOAD, counted)
    for name, changed in (
        ("documents", replace(LOAD, documents=2000)),
        ("polls of the inbox", replace(LOAD, poll_seconds=LOAD.poll_seconds / 2)),
        ("sweeps: listings of claims", replace(LOAD, keep_days=10)),
        ("checks of finished results", replace(LOAD, verify_seconds=LOAD.verify_seconds / 2)),
        ("signs of life", replace(LOAD, replicas=2)),
        ("starts", replace(LOAD, starts=2)),
    ):
        before, after = (sum(of[name].requests.values()) for of in (base, causes(changed, counted)))
        assert after == pytest.approx(2 * before, rel=0.12), name


def test_renewals_cost_only_documents_that_take_longer_than_a_third_of_a_lease(counted: Counted) -> None:
    short, long = (causes(replace(LOAD, pages=pages), counted)["renewals of claims"] for pages in (19, 45))
    assert sum(short.requests.values()) == 0
    assert long.requests["PutObject"] == 2 * LOAD.documents


def test_the_price_is_by_class_and_by_what_leaves_the_store() -> None:
    cause = Cause("one", {"PutObject": 1000, "ListObjectsV2": 1000, "GetObject": 2000, "DeleteObject": 5000}, out=3e9)
    assert cause.price(Prices(put_thousand=1, get_thousand=10, out_gigabyte=100)) == 2 + 20 + 300


def test_what_is_stored_depends_on_what_becomes_of_the_original() -> None:
    archive, delete = (stored_bytes(replace(LOAD, retention=retention)) for retention in ("archive", "delete"))
    assert archive - delete == LOAD.documents * LOAD.document_bytes


def test_each_variation_changes_one_thing(counted: Counted) -> None:
    (first, load), *others = variations(LOAD)
    assert (first, load) == ("as given", LOAD)
    for name, varied in others:
        changed = [field for field in vars(varied) if getattr(varied, field) != getattr(LOAD, field)]
        assert len(changed) == 1, name
