"""What may befall requests on their way, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Fault(str, Enum):
    """What may happen to a request. Bodies of requests without one are broken off before their first byte."""

    SLOW_DOWN = "slow_down"  # answered 503, not forwarded
    RESET_REQUEST = "reset_request"  # half of the body reaches the server, then both connections are reset
    RESET_ANSWER = "reset_answer"  # forwarded; the client gets half of the answer, then a reset
    LOST_ANSWER = "lost_answer"  # forwarded; the connection is closed without an answer
    BLACK_HOLE = "black_hole"  # accepted, not forwarded, never answered
    LATE = "late"  # forwarded after up to `late_seconds`, whether or not somebody still waits for it
    CUT = "cut"  # met while the proxy was cut off: nothing comes through in either direction


@dataclass(frozen=True)
class Weather:
    """`rates`: how likely each fault is to hit a request, in all at most 1. Every request takes `latency_seconds` and up to `jitter_seconds` more."""

    rates: Mapping[Fault, float] = field(default_factory=dict)
    latency_seconds: float = 0.0
    jitter_seconds: float = 0.0
    late_seconds: float = 0.0


CALM = Weather()
