"""How the fleet looks in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from watcher.cli.answers import plain
from watcher.cli.cells import OneLine, about, span
from watcher.domain.fleet import Ends, FailedDocument, Fleet, FleetReplica, ReadDocument, WaitingDocument

WIDE = 120
"""Columns from which there is room for what is good to know but not needed."""
_BAR = 14
_LINES_OF_A_TABLE = 3  # an empty one, the header, how many more there are
_LINES_OF_SUMMARY = 7
_CODES = 5
MOST_ROWS = (50, 50, 20, 10)
"""Of replicas, documents in progress, waiting and failed, where no screen sets a limit."""
_PLACES = (1, 0, 2, 3)
"""Which of them get a place first on a screen that has not enough for all."""


@dataclass(frozen=True)
class View:
    """`width` in characters; `lines` of the screen that it must fit on, if any: then names of documents are cut rather than folded."""

    width: int
    incoming: str
    lines: int | None = None

    @property
    def brief(self) -> bool:
        return self.lines is not None

    @property
    def wide(self) -> bool:
        return self.width >= WIDE

    def line(self, text: Text) -> Text | OneLine:
        return OneLine(text.plain) if self.brief else text

    def word(self, word: str) -> Text:
        return Text(plain(word).plain, no_wrap=True, overflow="ellipsis") if self.brief else plain(word)

    def key(self, key: str) -> Text:
        return plain(key.removeprefix(self.incoming) if self.brief else key)

    def shares(self, needs: Sequence[int], notices: int) -> list[int]:
        """Of the rows that the tables of `MOST_ROWS` need, those that they get; none for those that have no place."""
        if self.lines is None:
            return [min(need, most) for need, most in zip(needs, MOST_ROWS, strict=True)]
        left, shares = self.lines - _LINES_OF_SUMMARY - notices, [0] * len(needs)
        for number in _PLACES:
            if needs[number] and left > _LINES_OF_A_TABLE:
                shares[number], left = 1, left - _LINES_OF_A_TABLE - 1
        while left > 0 and any(0 < share < need for share, need in zip(shares, needs, strict=True)):
            for number, need in enumerate(needs):
                if left > 0 and 0 < shares[number] < need:
                    shares[number], left = shares[number] + 1, left - 1
        return shares


def fleet_view(fleet: Fleet, now: datetime, view: View, so_far: Ends | None = None) -> RenderableType:
    """`now` may be later than the picture: ages go on. `so_far`: finished ones that were counted, where not all were."""
    replicas, notices = running(fleet.replicas), list(_notices(fleet))
    failed, waiting = fleet.failed.newest, fleet.waiting
    rows = view.shares((len(replicas), len(fleet.in_progress), len(waiting), len(failed)), len(notices))
    tables = (
        (_replicas(replicas[: rows[0]], now, view), len(replicas) - rows[0]),
        (_in_progress(fleet.in_progress[: rows[1]], now, (now - fleet.at).total_seconds(), view), len(fleet.in_progress) - rows[1]),
        (_waiting(waiting[: rows[2]], now, view), len(waiting) - rows[2]),
        (_failed(failed[: rows[3]], now, view), fleet.failed.documents - rows[3]),
    )
    parts: list[RenderableType] = [_summary(fleet, now, view, so_far), *notices]
    for table, more in tables:
        if table.row_count:
            parts += [Text(), table]
        if table.row_count and more > 0:
            parts.append(Text(f"... and {more:,} more", "dim"))
    return Group(*parts)


def running(replicas: Iterable[FleetReplica]) -> list[FleetReplica]:
    """Silent ones first. Without those that fell silent and whose name another bears since: they were started again."""
    shown: list[FleetReplica] = []
    names: set[str] = set()
    for one in sorted(replicas, key=lambda one: (one.name, one.silent)):
        if not one.silent or one.name not in names:
            shown.append(one)
        names.add(one.name)
    return sorted(shown, key=lambda one: (not one.silent, one.name))


def rate(pages_per_second: float) -> str:
    digits = 0 if pages_per_second >= 10 else 1 if pages_per_second >= 1 else 2
    return f"{pages_per_second:.{digits}f}"


def _table(view: View, *columns: str | Column, title: Text | None = None, expand: bool = False) -> Table:
    return Table(
        *columns,
        title=title,
        title_justify="left",
        title_style="bold not italic",
        header_style="bold",
        box=None if view.brief else box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2 if view.brief else 1, 0, 0),
        expand=expand,
    )


def _numbers(name: str) -> Column:
    return Column(name, justify="right", no_wrap=True)


def _summary(fleet: Fleet, now: datetime, view: View, so_far: Ends | None) -> Table:
    table = _table(
        view,
        Column("", no_wrap=True),
        _numbers("now"),
        _numbers("last hour"),
        _numbers("last day"),
        Column("", overflow="fold", ratio=1),
        title=plain(fleet.store),
        expand=True,
    )
    oldest = ""
    if fleet.inbox.oldest_at:
        named = "" if fleet.inbox.oldest_key is None else f": {view.key(fleet.inbox.oldest_key)}"
        oldest = f"oldest {about((now - fleet.inbox.oldest_at).total_seconds())}{named}"
    speed = f"{rate(fleet.pages_per_second)} pages a second" if fleet.pages_per_second else ""
    unread = f"and {fleet.claims_not_looked_at:,} begun ones that were not looked at" if fleet.claims_not_looked_at else ""
    ends = fleet.finished or so_far
    count = "" if fleet.finished else "not all were counted" if so_far else "not counted yet"
    table.add_row("pending", f"{fleet.inbox.pending:,}", "", "", view.line(Text(oldest)))
    table.add_row("in progress", f"{len(fleet.in_progress):,}", "", "", speed)
    table.add_row("waiting", f"{len(fleet.waiting):,}", "", "", unread)
    table.add_row("failed", *_ends(fleet.failed), view.word(_codes(fleet)), style="red" if fleet.failed.last_hour else None)
    table.add_row("finished", *(_ends(ends) if ends else ("-", "-", "-")), count)
    return table


def _ends(ends: Ends) -> tuple[str, str, str]:
    return f"{ends.documents:,}", f"{ends.last_hour:,}", f"{ends.last_day:,}"


def _codes(fleet: Fleet) -> str:
    failed = fleet.failed
    most = sorted(failed.by_code.items(), key=lambda one: (-one[1], one[0]))
    told = [f"{code or 'not told'} {count:,}" for code, count in most[:_CODES]]
    told += ["..."] if len(most) > _CODES else []
    rest = failed.documents - failed.looked_at
    return (f"of the newest {failed.looked_at:,}: " if rest else "") + ", ".join(told)


def _notices(fleet: Fleet) -> Iterable[Text]:
    live = [one.name for one in fleet.replicas if not one.silent]
    for name in sorted({name for name in live if live.count(name) > 1}):
        told = plain(f"{live.count(name)} running replicas are called {name}: give each a name of its own (WATCHER_WATCH__REPLICA)")
        yield Text("! ", "yellow").append_text(told)
    if fleet.inbox.pending and not live:
        yield Text("! ", "yellow").append("documents are pending, and no replica shows that it runs")
    if fleet.replicas_not_looked_at:
        yield Text(f"{fleet.replicas_not_looked_at:,} more replicas were not looked at", "dim")


def _replicas(replicas: Sequence[FleetReplica], now: datetime, view: View) -> Table:
    versions = view.wide or len({one.version for one in replicas if one.version}) > 1
    names = [one.name for one in replicas]
    table = _table(
        view,
        Column("replicas", overflow="fold"),
        *([Column("version", no_wrap=True)] if versions else []),
        Column("engine", overflow="fold"),
        Column("state", no_wrap=True),
        _numbers("reads"),
        _numbers("done"),
        _numbers("failed"),
        _numbers("up"),
    )
    for one in replicas:
        name = f"{one.name} ({one.nonce[:4]})" if names.count(one.name) > 1 else one.name
        engine = f"{one.engine} {one.engine_version}".strip() if view.wide else one.engine
        table.add_row(
            view.line(plain(name)),
            *([view.word(one.version or "-")] if versions else []),
            view.word(engine or "-"),
            _state(one, now),
            f"{one.in_progress:,}",
            *((f"{one.finished:,}", f"{one.failed:,}") if one.phase else ("-", "-")),
            about((now - one.started_at).total_seconds()) if one.started_at and not one.silent else "-",
        )
    return table


def _state(replica: FleetReplica, now: datetime) -> Text:
    if replica.silent:
        return Text(f"silent {about((now - replica.seen_at).total_seconds())}", "red")
    words = {
        "ready": ("ready", "green"),
        "initializing": ("loading", "yellow"),
        "failed": ("engine failed", "red"),
        None: ("at work", "green"),
    }
    return Text(*words[replica.phase])


def _in_progress(documents: Sequence[ReadDocument], now: datetime, passed: float, view: View) -> Table:
    """`passed`: seconds since the picture."""
    tries = any(one.attempt > 1 for one in documents)
    table = _table(
        view,
        Column("in progress", overflow="fold", ratio=1),
        Column("replica", overflow="fold", max_width=max(view.width // 4, 8)),
        *([_numbers("attempt")] if tries else []),
        _numbers("pages"),
        *([Column("", width=_BAR), _numbers("per s")] if view.wide else []),
        _numbers("left"),
        expand=True,
    )
    for one in documents:
        total = one.pages_total or 0
        bar = ProgressBar(total, min(one.pages_done, total), width=_BAR, complete_style="green") if total else ""
        speed = rate(one.pages_per_second) if one.pages_per_second else "-"
        table.add_row(
            view.line(view.key(one.key)),
            view.line(plain(one.replica)),
            *([str(one.attempt)] if tries else []),
            f"{one.pages_done:,} of {total:,}" if total else "-",
            *([bar, speed] if view.wide else []),
            _left(one, now, passed),
        )
    return table


def _left(document: ReadDocument, now: datetime, passed: float) -> Text:
    if document.silent:
        return Text(f"silent {about((now - document.seen_at).total_seconds())}", "red")
    if document.purpose == "quarantine":
        return Text("to failed", "red")
    if document.seconds_left is None:
        return Text("-")
    return Text(span(document.seconds_left - passed) if document.seconds_left - passed >= 1 else "soon")


def _waiting(documents: Sequence[WaitingDocument], now: datetime, view: View) -> Table:
    columns = (Column("waiting", overflow="fold", ratio=1), _numbers("attempts"), Column("why", overflow="fold"), _numbers("again in"))
    table = _table(view, *columns, expand=True)
    for one in documents:
        seconds = (one.not_before - now).total_seconds() if one.not_before else 0.0
        again = span(seconds) if seconds >= 1 else "now"
        table.add_row(view.line(view.key(one.key)), str(one.attempts), view.word(one.reason or "-"), again)
    return table


def _failed(documents: Sequence[FailedDocument], now: datetime, view: View) -> Table:
    table = _table(view, Column("failed", overflow="fold", ratio=1), Column("code", overflow="fold"), _numbers("when"), expand=True)
    for one in documents:
        table.add_row(view.line(view.key(one.key)), view.word(one.code or "-"), f"{about((now - one.at).total_seconds())} ago")
    return table
