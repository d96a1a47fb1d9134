"""How the fleet looks in a terminal."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from doubles.clocks import START
from rich.cells import cell_len
from rich.console import Console

from watcher.cli.cells import about, span
from watcher.cli.fleet_view import View, fleet_view
from watcher.domain.fleet import Ends, Failed, FailedDocument, Fleet, FleetReplica, Inbox, ReadDocument, WaitingDocument

NOW = START + timedelta(hours=5)
LONG = "incoming/Договоры/2024/Договор аренды нежилого помещения № 118-А от 12.03.2024 (с приложениями и дополнениями).pdf"


def replica(name: str, *, silent: bool = False, nonce: str = "abcdef", **changes: object) -> FleetReplica:
    seen_at = NOW - timedelta(minutes=14 if silent else 0)
    told = {"version": "2.0.0", "engine": "fake", "phase": "ready", "started_at": START, "finished": 7, "failed": 2, **changes}
    return FleetReplica(name=name, nonce=nonce, seen_at=seen_at, silent=silent, in_progress=1, **told)  # type: ignore[arg-type]


def document(key: str, **changes: object) -> ReadDocument:
    told: dict[str, object] = {
        "key": key,
        "replica": "one",
        "attempt": 1,
        "purpose": "read",
        "pages_done": 312,
        "pages_total": 500,
        "since": START,
        "seen_at": NOW - timedelta(seconds=90),
        "silent": False,
        "pages_per_second": 1.44,
        "seconds_left": 130.0,
    }
    return ReadDocument(**{**told, **changes})  # type: ignore[arg-type]


def failures(number: int, *, unread: int = 0) -> Failed:
    newest = tuple(FailedDocument(key=f"incoming/{each}.pdf", code="corrupt_pdf", at=NOW) for each in range(number))
    codes = {"corrupt_pdf": number} if number else {}
    return Failed(documents=number + unread, last_hour=number, last_day=number, looked_at=number, by_code=codes, newest=newest)


def fleet(**changes: object) -> Fleet:
    told: dict[str, object] = {
        "store": "s3://bucket at https://s3.cloud.ru",
        "at": NOW,
        "replicas": (replica("one"),),
        "replicas_not_looked_at": 0,
        "inbox": Inbox(pending=1204, oldest_at=START, oldest_key="incoming/старый.pdf"),
        "in_progress": (),
        "waiting": (),
        "claims_not_looked_at": 0,
        "pages_per_second": 0.0,
        "failed": failures(0),
        "finished": Ends(documents=45310, last_hour=320, last_day=5120),
    }
    return Fleet(**{**told, **changes})  # type: ignore[arg-type]


def shown(fleet: Fleet, width: int = 80, lines: int | None = None, so_far: Ends | None = None, seconds: float = 0.0) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system="truecolor")
    with console.capture() as capture:
        console.print(fleet_view(fleet, fleet.at + timedelta(seconds=seconds), View(width, "incoming/", lines), so_far))
    plain = Console(file=io.StringIO(), width=width)
    with plain.capture() as told:
        plain.print(fleet_view(fleet, fleet.at + timedelta(seconds=seconds), View(width, "incoming/", lines), so_far))
    assert "\x1b[" in capture.get()
    return [line.rstrip() for line in told.get().splitlines()]


def line_of(lines: list[str], part: str) -> str:
    (line,) = [line for line in lines if part in line]
    return " ".join(line.split())


def test_the_summary_has_a_line_for_each_state() -> None:
    lines = shown(fleet(in_progress=(document("incoming/a.pdf"),), pages_per_second=5.66, failed=failures(3)))
    assert line_of(lines, "pending") == "pending 1,204 oldest 5 h: incoming/старый.pdf"
    assert line_of(lines, "pages a second") == "in progress 1 5.7 pages a second"
    assert line_of(lines, "waiting") == "waiting 0"
    assert line_of(lines, "corrupt_pdf 3") == "failed 3 3 3 corrupt_pdf 3"
    assert line_of(lines, "finished ") == "finished 45,310 320 5,120"


def test_what_was_not_looked_at_is_told() -> None:
    lines = shown(fleet(claims_not_looked_at=70, replicas_not_looked_at=3, failed=failures(2, unread=2000), finished=None), 120)
    assert line_of(lines, "waiting") == "waiting 0 and 70 begun ones that were not looked at"
    assert line_of(lines, "of the newest") == "failed 2,002 2 2 of the newest 2: corrupt_pdf 2"
    assert "3 more replicas were not looked at" in lines
    assert line_of(lines, "not counted") == "finished - - - not counted yet"


def test_a_count_that_goes_on_says_so() -> None:
    lines = shown(fleet(finished=None), so_far=Ends(documents=2000, last_hour=0, last_day=1))
    assert line_of(lines, "not all") == "finished 2,000 0 1 not all were counted"


@pytest.mark.parametrize(
    ("changes", "seconds", "end"),
    [
        ({}, 0, "312 of 500 2 min 10 s"),
        ({}, 70, "312 of 500 1 min 0 s"),  # the picture grows old, the clock goes on
        ({}, 500, "312 of 500 soon"),
        ({"silent": True, "seconds_left": None, "pages_per_second": None}, 0, "312 of 500 silent 1 min"),
        ({"purpose": "quarantine", "seconds_left": None}, 0, "312 of 500 to failed"),
        ({"pages_total": None, "seconds_left": None, "pages_done": 0}, 0, "one - -"),
        ({"attempt": 2}, 0, "one 2 312 of 500 2 min 10 s"),
    ],
)
def test_a_document_in_progress_is_one_line(changes: dict[str, object], seconds: float, end: str) -> None:
    assert line_of(shown(fleet(in_progress=(document("incoming/a.pdf", **changes),)), seconds=seconds), "incoming/a.pdf").endswith(end)


def test_there_is_more_of_it_where_there_is_room() -> None:
    lines = shown(fleet(in_progress=(document("incoming/a.pdf"),)), 120)
    assert "━━━" in line_of(lines, "incoming/a.pdf")
    assert line_of(lines, "incoming/a.pdf").endswith("1.4 2 min 10 s")
    assert line_of(lines, "2.0.0") == "one 2.0.0 fake ready 1 7 2 5 h"


class TestReplicas:
    def test_the_silent_ones_come_first(self) -> None:
        lines = shown(fleet(replicas=(replica("a"), replica("b", silent=True))))
        assert [line.split()[0] for line in lines if "fake" in line] == ["b", "a"]
        assert line_of(lines, "silent") == "b fake silent 14 min 1 7 2 -"

    def test_one_that_was_started_again_is_shown_once(self) -> None:
        lines = shown(fleet(replicas=(replica("a", nonce="new"), replica("a", nonce="old", silent=True))))
        assert len([line for line in lines if "fake" in line]) == 1
        assert not [line for line in lines if "silent" in line]

    def test_running_ones_of_one_name_are_told_apart_and_a_person_is_told(self) -> None:
        lines = shown(fleet(replicas=(replica("a", nonce="1111aaaa"), replica("a", nonce="2222bbbb"))), 120)
        assert [line.split()[:2] for line in lines if "fake" in line] == [["a", "(1111)"], ["a", "(2222)"]]
        assert "! 2 running replicas are called a: give each a name of its own (WATCHER_WATCH__REPLICA)" in lines

    def test_versions_are_shown_where_they_differ(self) -> None:
        assert not [line for line in shown(fleet()) if "2.0.0" in line]
        lines = shown(fleet(replicas=(replica("a"), replica("b", version="2.1.0"))))
        assert line_of(lines, "2.1.0").startswith("b 2.1.0 fake ready")

    def test_that_nobody_will_read_what_is_pending_is_told(self) -> None:
        told = "! documents are pending, and no replica shows that it runs"
        assert told in shown(fleet(replicas=(replica("a", silent=True),)))
        assert told not in shown(fleet())

    def test_of_one_that_told_nothing_of_itself_little_is_known(self) -> None:
        only_seen = FleetReplica(name="old", seen_at=NOW, silent=False, in_progress=1)
        assert line_of(shown(fleet(replicas=(only_seen,))), "at work") == "old - at work 1 - - -"

    @pytest.mark.parametrize(("phase", "word"), [("initializing", "loading"), ("failed", "engine failed"), ("ready", "ready")])
    def test_the_state_of_the_engine_is_told(self, phase: str, word: str) -> None:
        assert word in line_of(shown(fleet(replicas=(replica("a", phase=phase),))), "fake")


class TestScreen:
    BUSY = fleet(
        replicas=tuple(replica(f"ocr-{number}") for number in range(5)),
        in_progress=tuple(document(f"{LONG}.{number}") for number in range(20)),
        waiting=tuple(WaitingDocument(key=f"{LONG}.{number}", attempts=1, reason="store_failed", not_before=NOW) for number in range(30)),
        failed=failures(40),
    )

    @pytest.mark.parametrize("width", [60, 80, 150])
    @pytest.mark.parametrize("lines", [5, 12, 20, 24, 45, 100, 200])
    def test_it_fits(self, width: int, lines: int) -> None:
        drawn = shown(self.BUSY, width, lines)
        assert len(drawn) <= max(lines, 7)
        assert all(cell_len(line) <= width for line in drawn)

    def test_every_table_gets_a_share_and_says_how_many_more_there_are(self) -> None:
        lines = shown(self.BUSY, 120, 40)
        rows = [int(line.split()[2]) for line in lines if line.startswith("... and")]
        assert len(rows) == 3
        assert sum(rows) + len([line for line in lines if ".pdf" in line and "oldest" not in line]) == 20 + 30 + 40

    def test_long_names_keep_their_ends(self) -> None:
        lines = shown(fleet(in_progress=(document(LONG),)), 100, 40)
        assert "Договоры/2024/" in line_of(lines, "…")
        assert "дополнениями).pdf" in line_of(lines, "…")

    def test_without_a_screen_names_are_whole(self) -> None:
        lines = shown(fleet(in_progress=(document(LONG),)), 80)
        (header,) = [number for number, line in enumerate(lines) if line.startswith("in progress") and "replica" in line]
        width = lines[header].index("replica")
        assert LONG.replace(" ", "") == "".join(line[:width] for line in lines[header + 2 :]).replace(" ", "")


def test_what_anybody_wrote_into_the_bucket_cannot_drive_the_terminal() -> None:
    evil = "\x1b[2J\x07\u202e"
    hostile = fleet(
        store=f"s3://{evil}",
        replicas=(replica(evil, version=evil, engine=evil, engine_version=evil, nonce=evil), replica(evil, nonce=f"b{evil}")),
        inbox=Inbox(pending=1, oldest_at=START, oldest_key=evil),
        in_progress=(document(evil, replica=evil),),
        waiting=(WaitingDocument(key=evil, attempts=1, reason=evil, not_before=None),),
        failed=Failed(
            documents=1, last_hour=0, last_day=0, looked_at=1, by_code={evil: 1}, newest=(FailedDocument(key=evil, code=evil, at=NOW),)
        ),
    )
    for lines in (None, 60):
        assert all(line.isprintable() for line in shown(hostile, 150, lines))


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (-5, "0 s", "0 s"),
        (59.9, "59 s", "59 s"),
        (60, "1 min 0 s", "1 min"),
        (7199, "1 h 59 min", "119 min"),
        (7200, "2 h 0 min", "2 h"),
        (90000, "1 d 1 h", "25 h"),
        (172800, "2 d 0 h", "2 d"),
    ],
)
def test_spans_of_time(seconds: float, long: str, short: str) -> None:
    assert (span(seconds), about(seconds)) == (long, short)


def test_what_somebody_wrote_without_end_is_cut_without_being_measured_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim may name whatever the one who wrote it likes."""
    measured = []

    def measure(text: str) -> int:
        measured.append(len(text))
        return cell_len(text)

    monkeypatch.setattr("watcher.cli.cells.cell_len", measure)
    length = 3000
    held = document("incoming/" + "a" * length + ".pdf", replica="é" * length)
    lines = shown(fleet(in_progress=(held,)), lines=24)
    assert any("…" in line and "a.pdf" in line for line in lines)
    assert sum(measured) < 100 * length
