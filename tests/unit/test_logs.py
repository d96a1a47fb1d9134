"""What stands in a log line, and what never does."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import structlog

from watcher.logs import configure_logs
from watcher.redaction import redactor

ACCESS, SECRET = "tenant-0123:key-4567", "Ab/Cd+Ef=\"Gh'Ij\\Kl ж"
DANGEROUS = "\n\r\x1b[31m\x9b2J\u202e\u2028\x7f\ud800"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("watcher")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers, root.level, ours.level = before
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(text: str) -> None:
    raise ValueError(text)


class TestJson:
    def test_one_object_per_line_with_time_level_and_event_first(self, stream: io.StringIO) -> None:
        configure_logs("info", "json", stream, [])
        structlog.get_logger().bind(document="счёт.pdf").info("document.done", pages=2, seconds=1.5)
        structlog.get_logger().warning("scan.late")
        first, second = events(stream)
        assert list(first)[:3] == ["timestamp", "level", "event"]
        assert datetime.fromisoformat(first.pop("timestamp").replace("Z", "+00:00")).utcoffset() == timedelta(0)
        assert first == {"level": "info", "event": "document.done", "document": "счёт.pdf", "pages": 2, "seconds": 1.5}
        assert second["level"] == "warning"

    def test_letters_of_any_language_stay_readable(self, stream: io.StringIO) -> None:
        configure_logs("info", "json", stream, [])
        structlog.get_logger().info("document.done", document="счёт.pdf")
        assert "счёт.pdf" in stream.getvalue()

    def test_values_of_any_kind_are_written(self, stream: io.StringIO) -> None:
        configure_logs("info", "json", stream, [])
        kind = Enum("kind", {"PDF": "pdf"}).PDF
        structlog.get_logger().info("x", a=Path("a/b"), b=kind, c=float("nan"), d={1: (2, None)}, e=b"z", f=True, g=ValueError("v"))
        (event,) = events(stream)
        values = {"a": "a/b", "b": "pdf", "c": "nan", "d": {"1": [2, None]}, "e": "b'z'", "f": True, "g": "ValueError('v')"}
        assert {name: event[name] for name in "abcdefg"} == values

    @pytest.mark.parametrize("name", ["seconds", "grace_seconds"])
    def test_times_are_rounded_to_milliseconds_and_other_numbers_are_not(self, stream: io.StringIO, name: str) -> None:
        configure_logs("info", "json", stream, [])
        structlog.get_logger().info("x", **{name: 0.123456789}, share=0.123456789)
        (event,) = events(stream)
        assert (event[name], event["share"]) == (0.123, 0.123456789)

    def test_nothing_drives_a_terminal(self, stream: io.StringIO) -> None:
        configure_logs("info", "json", stream, [])
        structlog.get_logger().info("x", document=DANGEROUS)
        assert stream.getvalue().rstrip("\n").isprintable()
        assert events(stream)[0]["document"] == DANGEROUS

    def test_stream_that_is_not_utf8_gets_json_all_the_same(self) -> None:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding="ascii")
        configure_logs("info", "json", stream, [])
        structlog.get_logger().info("x", document="счёт é")
        stream.flush()
        assert json.loads(raw.getvalue())["document"] == "счёт é"


class TestLevels:
    def test_below_the_level_nothing_is_written(self, stream: io.StringIO) -> None:
        configure_logs("warning", "json", stream, [])
        for level in ("debug", "info", "warning", "error"):
            getattr(structlog.get_logger(), level)(level)
        assert [event["event"] for event in events(stream)] == ["warning", "error"]

    @pytest.mark.parametrize("name", ["botocore.endpoint", "urllib3.connectionpool", "apscheduler.executors.default"])
    def test_libraries_go_the_same_way_from_warning_on(self, stream: io.StringIO, name: str) -> None:
        configure_logs("debug", "json", stream, [])
        logging.getLogger(name).info("signature=%s", "abc")
        logging.getLogger(name).warning("pool of %d is full", 10)
        (event,) = events(stream)
        assert (event["event"], event["level"], event["logger"]) == ("pool of 10 is full", "warning", name)

    def test_warnings_of_python_are_events(self, stream: io.StringIO) -> None:
        configure_logs("info", "json", stream, [])
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn("old way", UserWarning, stacklevel=1)
        assert "old way" in events(stream)[0]["event"]

    def test_configured_again_it_writes_once_and_to_the_new_stream(self, stream: io.StringIO) -> None:
        old = io.StringIO()
        configure_logs("info", "json", old, [])
        configure_logs("info", "json", stream, [])
        structlog.get_logger().info("x")
        logging.getLogger("botocore").warning("y")
        assert old.getvalue() == ""
        assert [event["event"] for event in events(stream)] == ["x", "y"]


class TestConsole:
    def test_auto_is_colours_on_a_terminal_and_json_elsewhere(self, stream: io.StringIO) -> None:
        terminal = Terminal()
        for target in (terminal, stream):
            configure_logs("info", "auto", target, [])
            structlog.get_logger().info("scan.done")
        assert "\x1b[" in terminal.getvalue()
        assert events(stream)[0]["event"] == "scan.done"

    def test_no_colours_where_no_terminal_is(self, stream: io.StringIO) -> None:
        configure_logs("info", "console", stream, [])
        structlog.get_logger().info("scan.done", seen=3, document="счёт.pdf")
        assert "scan.done" in stream.getvalue()
        assert "seen=3" in stream.getvalue()
        assert "document=счёт.pdf" in stream.getvalue()
        assert "\x1b" not in stream.getvalue()

    def test_lists_are_shown_as_people_write_them(self, stream: io.StringIO) -> None:
        configure_logs("info", "console", stream, [])
        structlog.get_logger().info("folder_mode", missing=["A", "B"], pages=(1, 2), none=[])
        assert "missing=A,B" in stream.getvalue()
        assert "pages=1,2" in stream.getvalue()
        assert stream.getvalue().rstrip().endswith("none=")

    def test_values_event_and_names_cannot_break_the_line_or_drive_the_terminal(self, stream: io.StringIO) -> None:
        configure_logs("info", "console", stream, [])
        structlog.get_logger().info(DANGEROUS, **{"document": DANGEROUS, DANGEROUS: 1, "list": [DANGEROUS]})
        assert stream.getvalue().rstrip("\n").isprintable()

    def test_lines_of_an_exception_cannot_pass_for_events(self, stream: io.StringIO) -> None:
        configure_logs("info", "console", stream, [])
        try:
            fail(f"first{DANGEROUS}\n2026-01-01T00:00:00Z [info] forged")
        except ValueError:
            structlog.get_logger().exception("page.failed")
        first, *rest = stream.getvalue().split("\n")[:-1]
        assert "page.failed" in first
        assert any("forged" in line for line in rest)
        assert all(line.startswith("  | ") and line.isprintable() for line in rest)

    def test_stream_that_is_not_utf8_gets_escapes(self) -> None:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding="ascii")
        configure_logs("info", "console", stream, [])
        structlog.get_logger().info("x", document="ж")
        stream.flush()
        assert b"document=\\u0436" in raw.getvalue()


def forms_of(secret: str) -> dict[str, str]:
    raw = secret.encode()
    return {
        "raw": secret,
        "in an address": quote(secret, safe=""),
        "in a path": quote(secret),
        "in a query": quote_plus(secret),
        "in an address, lower case": re.sub("%..", lambda escape: escape[0].lower(), quote(secret, safe="")),
        "in an address within an address": quote(quote(secret, safe=""), safe=""),
        "repr of JSON": repr(json.dumps({"k": secret})),
        "JSON of JSON": json.dumps(json.dumps(secret)),
        "in JSON": json.dumps({"k": secret}),
        "in readable JSON": json.dumps({"k": secret}, ensure_ascii=False),
        "repr": repr(secret),
        "bytes": repr(raw),
        "base64": base64.b64encode(raw).decode(),
        "base64 for addresses": base64.urlsafe_b64encode(raw).decode(),
        **{f"base64 after {n} bytes": base64.b64encode(b"x" * n + raw + b"tail").decode() for n in range(1, 7)},
    }


# Any of these in a line gives the secret, or most of it, away.
TRACES = [trace for secret in (ACCESS, SECRET) for trace in (secret[:6], secret[-6:], base64.b64encode(secret.encode()).decode()[4:12])]


class TestRedaction:
    @pytest.mark.parametrize("form", forms_of(SECRET))
    @pytest.mark.parametrize("format", ["json", "console"])
    @pytest.mark.parametrize("secret", [ACCESS, SECRET], ids=["access key", "secret key"])
    @pytest.mark.parametrize(
        "write",
        [
            lambda log, text: log.info(text),
            lambda log, text: log.info("x", value=text),
            lambda log, text: log.info("x", value={text: [("a", text)]}),
            lambda log, text: log.info("x", **{text: 1}),
            lambda log, text: log.bind(where=Path(text)).info("x"),
            lambda log, text: log.info("x", error=ValueError(text)),
            lambda log, text: log.info("x", exc_info=ValueError(text)),
            lambda log, text: logging.getLogger("botocore").error("%s", text),
            lambda log, text: logging.getLogger("botocore").error("x", exc_info=ValueError(text)),
        ],
        ids=["event", "value", "nested", "name", "path", "error", "exception", "library", "library exception"],
    )
    def test_no_form_of_a_secret_is_written_anywhere(
        self, stream: io.StringIO, write: Callable[[Any, str], None], secret: str, format: Any, form: str
    ) -> None:
        configure_logs("info", format, stream, [ACCESS, SECRET])
        write(structlog.get_logger(), f"before {forms_of(secret)[form]} after")
        assert "[redacted]" in stream.getvalue()
        assert "before" in stream.getvalue()
        assert [trace for trace in TRACES if trace in stream.getvalue()] == []

    def test_without_secrets_nothing_is_taken_out(self, stream: io.StringIO) -> None:
        configure_logs("info", "json", stream, ["", ""])
        structlog.get_logger().info("x", value=SECRET)
        assert events(stream)[0]["value"] == SECRET

    def test_a_number_that_is_a_secret_leaves_the_line_valid(self, stream: io.StringIO) -> None:
        configure_logs("info", "json", stream, ["12345"])
        structlog.get_logger().info("x", size=9123450, pages=3)
        (event,) = events(stream)
        assert event["size"] == "9[redacted]0"
        assert event["pages"] == 3

    def test_numbers_and_structure_stay_as_they_are(self) -> None:
        assert redactor(["hush"])({"a": [1, 2.5, None, True, "hush!"]}) == {"a": [1, 2.5, None, True, "[redacted]!"]}

    def test_a_line_that_cannot_be_written_leaks_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        closed = io.StringIO()
        configure_logs("info", "json", closed, [SECRET])
        closed.close()
        structlog.get_logger().info("x", value=SECRET)
        told = capsys.readouterr().err
        assert "log line was lost" in told
        assert SECRET[:6] not in told

    def test_losing_the_terminal_does_not_end_the_work(self, monkeypatch: pytest.MonkeyPatch) -> None:
        gone = io.StringIO()
        configure_logs("info", "json", gone, [])
        gone.close()
        monkeypatch.setattr("sys.stderr", gone)
        structlog.get_logger().info("x")
