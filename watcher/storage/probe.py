"""Finds out, by trying, which conditions of a store can be relied on.

Documentation does not say, and asking in turn is not enough: OpenStack Swift 2.38 refuses a second create, yet lets several of 16 racing ones
win. So the probe races them. It can only disprove: a store that kept its promise here may still break it later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from watcher.storage.port import AlreadyExistsError, ConditionUnsupportedError, NotFoundError, OutcomeUnknownError, Store, UnavailableError

CONTENT_TYPE = "text/plain"
START_TIMEOUT = 30.0


class ClaimMode(str, Enum):
    """How far the store's create-if-absent carries."""

    CONDITIONAL = "conditional"  # one winner in every race
    RACY = "racy"  # refused in turn, but several racers won
    IGNORED = "ignored"  # not refused even in turn, or not supported


@dataclass(frozen=True)
class Round:
    """One race for one key: how many racers were told that they won, and whether a create after the race was refused."""

    winners: int
    later_create_refused: bool


@dataclass(frozen=True)
class ProbeResult:
    verdict: ClaimMode
    detail: str


def judge(rounds: Iterable[Round]) -> ProbeResult:
    """The verdict on races that were run to their end. Raises `ValueError` where there were none."""
    seen = tuple(rounds)
    if not seen:
        raise ValueError("no rounds to judge")
    if not all(one.later_create_refused for one in seen):
        return ProbeResult(ClaimMode.IGNORED, "a create was not refused although the object existed")
    if all(one.winners == 1 for one in seen):
        return ProbeResult(ClaimMode.CONDITIONAL, f"one winner in each of {len(seen)} races")
    torn = sum(one.winners != 1 for one in seen)
    worst = max(one.winners for one in seen)
    return ProbeResult(ClaimMode.RACY, f"not one winner in {torn} of {len(seen)} races, up to {worst}")


def probe_conditions(store: Store, scratch_prefix: str, nonce: Callable[[], str], racers: int = 16, rounds: int = 5) -> ProbeResult:
    """Races `racers` creates for a fresh key under `scratch_prefix`, `rounds` times, and removes the keys.

    Raises `UnavailableError` or `RefusedError` where the store did not answer well enough to judge: an outage is no verdict.
    """
    seen: list[Round] = []
    with ThreadPoolExecutor(racers, "probe") as pool:
        for _ in range(rounds):
            key = scratch_prefix + nonce()
            try:
                seen.append(_race(store, key, [nonce().encode() for _ in range(racers + 1)], pool))
            except ConditionUnsupportedError as error:
                return ProbeResult(ClaimMode.IGNORED, str(error))
            finally:
                remove_scratch(store, key)
            if not seen[-1].later_create_refused:
                break
    return judge(seen)


def probe_delete_condition(store: Store, scratch_prefix: str, nonce: Callable[[], str]) -> bool:
    """Whether `delete_matching` spares another body and removes the right one. Raises `UnavailableError` or `RefusedError` as above."""
    key, another = scratch_prefix + nonce(), scratch_prefix + nonce()
    try:
        other = _stored(store, another, nonce().encode())
        current = _stored(store, key, nonce().encode())
        with suppress(AlreadyExistsError):
            store.delete_matching(key, other)
        if not _exists(store, key):
            return False
        store.delete_matching(key, current)
        return not _exists(store, key)
    except (AlreadyExistsError, ConditionUnsupportedError):
        return False
    except OutcomeUnknownError as error:
        raise UnavailableError(str(error)) from None
    finally:
        remove_scratch(store, key)
        remove_scratch(store, another)


def probe_listing(store: Store, scratch_prefix: str, nonce: Callable[[], str], rounds: int = 5) -> bool:
    """Whether a listing shows at once what was put, and no longer what was deleted. Raises `UnavailableError` or `RefusedError` as above."""
    for _ in range(rounds):
        folder = f"{scratch_prefix}{nonce()}/"
        key = folder + nonce()
        try:
            _stored(store, key, nonce().encode())
            shown = _listed(store, folder)
            store.delete(key)
            if shown != [key] or _listed(store, folder):
                return False
        except OutcomeUnknownError as error:
            raise UnavailableError(str(error)) from None
        finally:
            remove_scratch(store, key)
    return True


def _stored(store: Store, key: str, body: bytes) -> str:
    """By a request that is sent once: of one that is repeated, the first copy may arrive late, over what was done since."""
    try:
        return store.create(key, body, CONTENT_TYPE)
    except ConditionUnsupportedError:
        return store.put(key, body, CONTENT_TYPE)


def _listed(store: Store, prefix: str) -> list[str]:
    return [info.key for info in store.list(prefix)]


def _race(store: Store, key: str, bodies: list[bytes], pool: ThreadPoolExecutor) -> Round:
    *racing, later = bodies
    start = threading.Barrier(len(racing))

    def run(body: bytes) -> bool | OutcomeUnknownError:
        start.wait(START_TIMEOUT)
        return _wins(store, key, body)

    # every racer is waited for, so that none is still writing when its key is removed
    finished = [pool.submit(run, body) for body in racing]
    errors = [error for one in finished if (error := one.exception()) is not None]
    if errors:
        raise errors[0]
    told = [_read_back(store, key, body, one.result()) for body, one in zip(racing, finished, strict=True)]
    return Round(sum(told), not _read_back(store, key, later, _wins(store, key, later)))


def _wins(store: Store, key: str, body: bytes) -> bool | OutcomeUnknownError:
    try:
        store.create(key, body, CONTENT_TYPE)
    except AlreadyExistsError:
        return False
    except OutcomeUnknownError as error:
        return error
    return True


def _read_back(store: Store, key: str, body: bytes, told: bool | OutcomeUnknownError) -> bool:
    """A busy store may leave a racer without an answer: who won is then read back, as claims do, but not before all have run."""
    if isinstance(told, bool):
        return told
    try:
        return store.get(key)[1] == body
    except NotFoundError:
        raise UnavailableError(f"the probe got no usable answer: {told}") from None


def _exists(store: Store, key: str) -> bool:
    try:
        store.head(key)
    except NotFoundError:
        return False
    return True


def remove_scratch(store: Store, key: str) -> None:
    """With all its versions. What a lost answer leaves behind harms nothing."""
    with suppress(OutcomeUnknownError):
        store.delete(key)
        for version in store.versions(key):
            store.delete_version(key, version.version_id)
