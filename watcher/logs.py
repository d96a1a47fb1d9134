"""One event per line, ours and the libraries': JSON for machines, colours for a terminal, secrets in neither."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from watcher.domain.terminal import OBEYED
from watcher.redaction import Fields, redactor

Format = Literal["auto", "json", "console"]
Level = Literal["debug", "info", "warning", "error"]

_FIRST = ("timestamp", "level", "event")


def configure_logs(level: Level, format: Format, stream: TextIO, secrets: Iterable[str]) -> None:
    """Sends structlog's and the standard library's loggers to `stream`. Libraries are heard from `warning` on.

    May be called again, with the secrets once they are known. Each of `secrets` is replaced wherever it would stand, exception texts included.
    """
    least = getattr(logging, level.upper())
    stamped: list[Processor] = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    console = format == "console" or (format == "auto" and stream.isatty())
    utf8 = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")
    handler = _LineHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *stamped],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _rounded,
                _redacting(redactor(secrets)),
                *(_for_people(colors=stream.isatty(), utf8=utf8) if console else [_json(utf8)]),
            ],
        )
    )
    root, ours = logging.getLogger(), logging.getLogger("watcher")
    root.handlers = [other for other in root.handlers if not isinstance(other, _LineHandler)] + [handler]
    root.setLevel(max(least, logging.WARNING))  # boto3's debug lines hold signatures, APScheduler's tell of every scan
    ours.setLevel(least)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *stamped, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: ours,
        cache_logger_on_first_use=False,
    )


class _LineHandler(logging.Handler):
    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._stream.write(self.format(record) + "\n")
            self._stream.flush()
        except Exception as error:
            # The standard library's way would print the record with its arguments, secrets and all.
            with contextlib.suppress(Exception):
                sys.stderr.write(f"a log line was lost: {type(error).__name__}\n")


def _rounded(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Times to the millisecond; no clock of ours means more."""
    for name, value in event.items():
        if name.endswith("seconds") and isinstance(value, float):
            event[name] = round(value, 3)
    return event


def _redacting(redact: Callable[[Fields], Fields]) -> Processor:
    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        first = {name: event.pop(name) for name in _FIRST if name in event}
        return redact({**first, **event})

    return process


def _json(utf8: bool) -> Processor:
    def render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
        return OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(event, ensure_ascii=not utf8))

    return render


def _for_people(colors: bool, utf8: bool) -> list[Processor]:
    def escape(value: object) -> str:
        if isinstance(value, list):
            return ",".join(map(escape, value))
        text = OBEYED.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), str(value))
        return text if utf8 else text.encode("ascii", "backslashreplace").decode()

    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        # The bar before each line of a traceback keeps a newline in an error's text from passing for a log line.
        lines = {name: event.pop(name) for name in ("exception", "stack") if name in event}
        safe = {escape(name): value if isinstance(value, (int, float)) else escape(value) for name, value in event.items()}
        return {**safe, **{name: "\n".join(f"  | {escape(line)}" for line in str(text).split("\n")) for name, text in lines.items()}}

    return [process, structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False)]
