"""The report of `watcher doctor` as a table that also reads well at 80 columns, and in a file."""

from __future__ import annotations

from collections import Counter

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Column, Table
from rich.text import Text

from watcher.cli.answers import plain
from watcher.domain.doctor import CheckReport, DoctorReport, Verdict

_STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "bold red", Verdict.SKIPPED: "dim"}


def print_report(report: DoctorReport, console: Console, policy: str) -> None:
    """`policy`: as JSON, printed where rights are missing, and named elsewhere; empty where there is none."""
    table = Table("", "check", Column("what was found, and what to do", overflow="fold"), box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for row in report.checks:
        table.add_row(Text(row.verdict.value, style=_STYLES[row.verdict]), row.title, _told(row))
    console.print(table)
    if policy and any(row.name.startswith("rights.") and row.verdict in (Verdict.WARNING, Verdict.FAILED) for row in report.checks):
        console.print("\nThe smallest policy of the bucket that suffices (watcher doctor --policy prints it alone):\n", highlight=False)
        console.print(policy, highlight=False, markup=False, soft_wrap=True)
    elif policy:
        console.print("\nwatcher doctor --policy prints the smallest policy of the bucket that suffices.", highlight=False)
    console.print(_summary(report), highlight=False)
    if report.left_behind:
        console.print(plain(f"Could not be removed, remove it by hand: {', '.join(report.left_behind)}"), soft_wrap=True)


def _told(row: CheckReport) -> Text | Group:
    seen = plain(row.seen)
    return Group(seen, Text.assemble(("To do: ", "bold"), plain(row.advice))) if row.advice else seen


def _summary(report: DoctorReport) -> Text:
    counts = Counter(row.verdict for row in report.checks)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    meant = {
        Verdict.OK: "Documents will be read.",
        Verdict.WARNING: "Documents will be read; look at the warnings.",
        Verdict.FAILED: "Do what stands at the failed ones, and run this again.",
    }[report.verdict]
    return Text(f"\n{told}. {meant}", style=_STYLES[report.verdict])
