"""`watcher status`: the whole bucket at a glance."""

from __future__ import annotations

from datetime import datetime, timezone

from rich.console import Console
from rich.table import Table
from rich.text import Text

from watcher.cli.answers import plain
from watcher.opening import layout_of, open_store_to_look
from watcher.pipeline.failures import Failures, newest_failures
from watcher.pipeline.survey import Survey, survey
from watcher.settings import Settings

_FAILURES = 10
"""So many are shown: each costs a request."""


def status(settings: Settings) -> None:
    """Prints the counts, a line for each document in progress or waiting, and the newest failed ones. Raises `StoreError`."""
    store, layout = open_store_to_look(settings), layout_of(settings)
    found = survey(store, layout, tuple(settings.watch.ignore), keeps_source=settings.retention.source == "keep")
    console = Console()
    console.print(Text(store.location))
    console.print(_counts(found))
    if found.in_progress:
        console.print(_in_progress(found))
    if found.waiting:
        console.print(_waiting(found))
    failures = newest_failures(store, layout, _FAILURES) if found.failed else Failures((), 0)
    if failures.newest:
        console.print(_failed(failures))
    if failures.more:
        console.print(f"... and {failures.more} more under {layout.failed}", highlight=False, markup=False)


def _counts(found: Survey) -> Table:
    table = Table("pending", "in progress", "waiting", "failed", "finished", "oldest pending")
    oldest = _age(found.oldest) if found.oldest else "-"
    table.add_row(*map(str, (found.pending, len(found.in_progress), len(found.waiting), found.failed, found.finished)), oldest)
    return table


def _in_progress(found: Survey) -> Table:
    table = Table("document", "replica", "attempt", "pages", "for", title="in progress", title_justify="left")
    for one in found.in_progress:
        pages = f"{one.pages_done} of {one.pages_total}" if one.pages_total else "-"
        table.add_row(plain(one.key), plain(one.owner), str(one.attempt), pages, _age(one.since))
    return table


def _waiting(found: Survey) -> Table:
    table = Table("document", "attempts", "why", "again in", title="waiting", title_justify="left")
    for one in found.waiting:
        seconds = (one.not_before - datetime.now(timezone.utc)).total_seconds() if one.not_before else 0.0
        table.add_row(plain(one.key), str(one.attempts), plain(one.reason or "-"), f"{seconds:.0f} s" if seconds >= 1 else "now")
    return table


def _failed(failures: Failures) -> Table:
    table = Table("document", "code", "when", title="failed", title_justify="left")
    for one in failures.newest:
        table.add_row(plain(one.key), plain(one.code or "-"), f"{_age(one.at)} ago")
    return table


def _age(since: datetime) -> str:
    seconds = max(int((datetime.now(timezone.utc) - since).total_seconds()), 0)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
