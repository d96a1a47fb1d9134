"""`PYTHONPATH=tests:. python -m benchmarks.cost`: requests, bytes and money of a day in the store, for a load, and which setting moves them by how much.

What each thing costs in requests is counted in the same run (`benchmarks.counted`), and a day is made up of that; claims that replicas lose to one another
are not in it (docs/performance.md has their share). Prices are yours to give, as your
store bills: per 1,000 requests of the PUT class (PUT, COPY, LIST) and of the GET class (all others but DELETE, which is free where we looked), per GB
(10^9 bytes) that leaves the store, and per GB that stands in it for a month. Cloud.ru bills by these same quantities:
https://cloud.ru/ru/docs/s3e/ug/topics/pricing.html
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from rich.console import Console
from rich.table import Column, Table

from benchmarks.counted import RETENTIONS, Counted, Requests, count_requests, plus, times
from watcher.lease.keeper import RENEW_SHARE
from watcher.pipeline.bench import Retention
from watcher.pipeline.turns import MOST_LOOK_SECONDS
from watcher.settings import Settings

DAY = 86400.0
_WIDTH = 140  # of the tables in a file
MONTH_DAYS = 30
LISTED = 1000
"""Keys in one answer to a LIST."""
ENTRY_BYTES = 440
"""Of one in a claim log; measured on the entries of short names."""
LISTED_BYTES = 260
"""Of a key of 37 bytes in an answer to a LIST; measured on Ceph 16.2."""
RESULT_OBJECTS, PAGE_OBJECTS = 6, 2
"""Objects that stand for a finished document, and for each page of it, the original not counted: one listing of the results goes through them."""
_PUT_CLASS = ("PutObject", "CopyObject", "ListObjectsV2", "ListObjectVersions")
_FREE = ("DeleteObject",)
_DEFAULTS = Settings()


@dataclass(frozen=True)
class Load:
    """Of a day; bytes of one, times in seconds. `kept_days`: for how long results have been kept by now. `page_bytes`, `result_bytes`: what a page and
    what a document leave in the store; by default what the samples of this repository do, read by Tesseract, pictures and all.
    """

    documents: float = 10_000
    pages: float = 3
    document_bytes: float = 500_000
    page_bytes: float = 183_000
    result_bytes: float = 36_000
    page_seconds: float = 1.0
    replicas: int = 2
    starts: float = 1
    kept_days: float = 365
    retention: Retention = _DEFAULTS.retention.source
    poll_seconds: float = _DEFAULTS.watch.poll_seconds
    sweep_seconds: float = _DEFAULTS.watch.sweep_seconds
    verify_seconds: float = _DEFAULTS.watch.verify_seconds
    presence_seconds: float = _DEFAULTS.watch.presence_seconds
    lease_seconds: float = _DEFAULTS.claims.lease_seconds
    keep_days: float = _DEFAULTS.claims.keep_days


@dataclass(frozen=True)
class Prices:
    """In one currency."""

    put_thousand: float = 0.0
    get_thousand: float = 0.0
    out_gigabyte: float = 0.0
    stored_gigabyte_month: float = 0.0


@dataclass(frozen=True)
class Cause:
    """What a day holds of one thing that the daemons do. `out` in bytes: what they are sent by the store."""

    name: str
    requests: Requests
    out: float = 0.0

    @property
    def put_class(self) -> float:
        return sum(number for operation, number in self.requests.items() if operation in _PUT_CLASS)

    @property
    def get_class(self) -> float:
        return sum(number for operation, number in self.requests.items() if operation not in (*_PUT_CLASS, *_FREE))

    def price(self, prices: Prices) -> float:
        return (self.put_class * prices.put_thousand + self.get_class * prices.get_thousand) / 1000 + self.out / 1e9 * prices.out_gigabyte


def of_a_day(load: Load, counted: Counted) -> Iterator[Cause]:
    """The steady state: as many claim logs stand, and as many results, as the load has left by then."""
    logs = load.documents * (load.kept_days if load.retention == "keep" else min(load.keep_days, load.kept_days))
    log_objects = 2 + (load.retention == "keep") + (_renewals(load) >= 1)
    sweeps = load.replicas * DAY / load.sweep_seconds
    listed = sweeps * (1 + (load.retention == "keep"))
    seen = load.replicas * (load.documents + load.starts * logs)
    pruned = load.replicas * load.documents * (load.retention != "keep")
    results = load.documents * load.kept_days
    result_objects = results * (RESULT_OBJECTS + load.pages * PAGE_OBJECTS + (load.retention == "archive"))
    verifications = DAY / load.verify_seconds if load.verify_seconds else 0.0  # one replica checks for all
    turns = load.replicas * DAY / min(load.verify_seconds, MOST_LOOK_SECONDS) if load.verify_seconds else 0.0
    polls = load.replicas * DAY / load.poll_seconds
    yield Cause(
        "documents",
        times(plus(counted.document[load.retention], times(counted.page[load.retention], load.pages)), load.documents),
        load.documents * load.document_bytes,
    )
    yield Cause("renewals of claims", times(counted.renewal, load.documents * _renewals(load)))
    inbox = results * (load.retention == "keep")
    yield Cause("polls of the inbox", times(counted.poll, polls * _pages(inbox)), polls * inbox * LISTED_BYTES)
    yield Cause(
        "sweeps: listings of claims",
        plus(times(counted.sweep, sweeps), {"ListObjectsV2": listed * _pages(logs * log_objects)}),
        listed * logs * log_objects * LISTED_BYTES,
    )
    yield Cause("sweeps: ends of claim logs", times(counted.log, seen), seen * ENTRY_BYTES)
    yield Cause("sweeps: old claim logs removed", times(counted.pruned, pruned))
    if load.retention == "keep":
        old = load.documents * max(0.0, load.kept_days - load.keep_days)
        yield Cause("sweeps: old claim logs whose original stands", times(counted.kept, sweeps * old))
    yield Cause(
        "checks of finished results",
        plus(
            times(counted.verified, verifications * results),
            {"ListObjectsV2": verifications * _pages(result_objects), "GetObject": turns, "PutObject": 2 * verifications},
        ),
        verifications * result_objects * LISTED_BYTES,
    )
    if load.presence_seconds:
        yield Cause("signs of life", times(counted.presence, load.replicas * DAY / load.presence_seconds))
    yield Cause("starts", times(counted.start, load.replicas * load.starts))


def _renewals(load: Load) -> float:
    return math.floor(load.pages * load.page_seconds / (load.lease_seconds * RENEW_SHARE))


def _pages(objects: float) -> float:
    """Answers to a LIST of so many."""
    return max(1, math.ceil(objects / LISTED))


def stored_bytes(load: Load) -> float:
    """That a day adds."""
    original = load.document_bytes * (load.retention != "delete")
    return load.documents * (original + load.result_bytes + load.pages * load.page_bytes)


def total(load: Load, counted: Counted) -> Cause:
    causes = list(of_a_day(load, counted))
    requests: Requests = {}
    for cause in causes:
        requests = plus(requests, cause.requests)
    return Cause("all", requests, sum(cause.out for cause in causes))


def variations(load: Load) -> Iterator[tuple[str, Load]]:
    """One setting changed at a time, to what a person would try."""
    yield "as given", load
    yield "polls a sixth as often", replace(load, poll_seconds=6 * load.poll_seconds)
    yield "a sweep a day", replace(load, sweep_seconds=DAY)
    yield "a check of results in 30 days", replace(load, verify_seconds=30 * DAY)
    yield "no check of results", replace(load, verify_seconds=0.0)
    yield "claim logs kept for a day", replace(load, keep_days=1.0)
    yield "leases of five times the length", replace(load, lease_seconds=5 * load.lease_seconds)
    yield "no signs of life", replace(load, presence_seconds=0.0)
    yield "twice the replicas", replace(load, replicas=2 * load.replicas)
    for retention in RETENTIONS:
        if retention != load.retention:
            yield f"retention {retention}", replace(load, retention=retention)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__.partition("\n")[0] if __doc__ else None)
    for field in (*fields(Load), *fields(Prices)):
        default = field.default
        choices = RETENTIONS if field.name == "retention" else None
        parser.add_argument(
            f"--{field.name.replace('_', '-')}", type=type(default), default=default, choices=choices, help=f"(default: {default})"
        )
    given = vars(parser.parse_args())
    load = Load(**{field.name: given[field.name] for field in fields(Load)})
    prices = Prices(**{field.name: given[field.name] for field in fields(Prices)})
    counted = count_requests()
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(_by_cause(load, counted, prices))
    stored = _money(stored_bytes(load) * MONTH_DAYS / 1e9 * prices.stored_gigabyte_month, prices)
    one = stored_bytes(replace(load, documents=1))
    console.print(
        f"Stored: {one:,.0f} bytes a document, {stored_bytes(load) / 1e9:,.2f} GB more each day; price of a month for what a month adds: {stored}"
    )
    console.print(_by_setting(load, counted, prices))
    return 0


def _money(amount: float, prices: Prices) -> str:
    return f"{amount:,.2f}" if prices != Prices() else "-"


def _by_cause(load: Load, counted: Counted, prices: Prices) -> Table:
    table = Table(
        Column("of a day", no_wrap=True), "PUT class", "GET class", "GB out", "requests a document", "bytes out a document", "price"
    )
    for cause in (*of_a_day(load, counted), total(load, counted)):
        each = [amount / load.documents if load.documents else 0.0 for amount in (sum(cause.requests.values()), cause.out)]
        table.add_row(
            cause.name,
            f"{cause.put_class:,.0f}",
            f"{cause.get_class:,.0f}",
            f"{cause.out / 1e9:,.2f}",
            f"{each[0]:,.1f}",
            f"{each[1]:,.0f}",
            _money(cause.price(prices), prices),
        )
    return table


def _by_setting(load: Load, counted: Counted, prices: Prices) -> Table:
    table = Table(Column("what is changed", no_wrap=True), "PUT class", "GET class", "GB out", "GB stored", "price")
    for name, varied in variations(load):
        day = total(varied, counted)
        table.add_row(
            name,
            f"{day.put_class:,.0f}",
            f"{day.get_class:,.0f}",
            f"{day.out / 1e9:,.2f}",
            f"{stored_bytes(varied) / 1e9:,.2f}",
            _money(day.price(prices), prices),
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
