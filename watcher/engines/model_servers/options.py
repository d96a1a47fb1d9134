"""How model servers are asked: a value that the daemon hands to its children, without what they import to do it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ServerOptions:
    """`urls` up to /v1; `model` empty: the first that each server lists. `concurrency` requests at once for each server, `attempts` tries of a request.

    `backoff_*`: waits between tries. `rest_*`: how long a server that failed is left alone. `pause_max_seconds`: the longest Retry-After that
    is heeded. `trial_seconds`: kept back of each call's deadline, to find out whose fault it was. `answer_bytes`: the largest answer.
    """

    urls: tuple[str, ...]
    model: str
    api_key: str = field(repr=False)
    concurrency: int
    connect_seconds: float
    request_seconds: float
    attempts: int
    models_seconds: float = 10.0
    backoff_seconds: float = 0.5
    backoff_max_seconds: float = 10.0
    rest_seconds: float = 1.0
    rest_max_seconds: float = 30.0
    pause_max_seconds: float = 30.0
    trial_seconds: float = 10.0
    answer_bytes: int = 4 * 2**20
