"""`watcher status`: the whole bucket at a glance."""

from __future__ import annotations

from datetime import datetime, timezone

from rich.console import Console
from rich.table import Table
from rich.text import Text

from watcher.app import layout_of, open_store
from watcher.pipeline.survey import Survey, survey
from watcher.settings import Settings


def status(settings: Settings) -> None:
    """Prints the counts, and a line for each document in progress or waiting. Raises `StoreError`."""
    store = open_store(settings)
    found = survey(store, layout_of(settings), tuple(settings.watch.ignore), keeps_source=settings.retention.source == "keep")
    console = Console()
    console.print(Text(store.location))
    console.print(_counts(found))
    if found.in_progress:
        console.print(_in_progress(found))
    if found.waiting:
        console.print(_waiting(found))


def _counts(found: Survey) -> Table:
    table = Table("pending", "in progress", "waiting", "failed", "finished", "oldest pending")
    oldest = _age(found.oldest) if found.oldest else "-"
    table.add_row(*map(str, (found.pending, len(found.in_progress), len(found.waiting), found.failed, found.finished)), oldest)
    return table


def _in_progress(found: Survey) -> Table:
    table = Table("document", "replica", "attempt", "pages", "for", title="in progress", title_justify="left")
    for one in found.in_progress:
        pages = f"{one.pages_done} of {one.pages_total}" if one.pages_total else "-"
        table.add_row(Text(one.key), Text(one.owner), str(one.attempt), pages, _age(one.since))
    return table


def _waiting(found: Survey) -> Table:
    table = Table("document", "attempts", "why", "again in", title="waiting", title_justify="left")
    for one in found.waiting:
        seconds = (one.not_before - datetime.now(timezone.utc)).total_seconds() if one.not_before else 0.0
        table.add_row(Text(one.key), str(one.attempts), one.code or "-", f"{max(seconds, 0):.0f} s")
    return table


def _age(since: datetime) -> str:
    seconds = max(int((datetime.now(timezone.utc) - since).total_seconds()), 0)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
