from __future__ import annotations

import pytest

from watcher.domain.progress import pages_per_second, time_left


@pytest.mark.parametrize(
    ("pages", "seconds", "rate"), [(10, 5.0, 2.0), (1, 4.0, 0.25), (0, 5.0, None), (3, 0.0, None), (3, -1.0, None), (-1, 5.0, None)]
)
def test_a_rate_is_told_once_pages_were_read_and_time_has_passed(pages: int, seconds: float, rate: float | None) -> None:
    assert pages_per_second(pages, seconds) == rate


@pytest.mark.parametrize(
    ("done", "total", "rate", "ago", "left"),
    [
        (10, 40, 0.5, 0.0, 60.0),
        (10, 40, 0.5, 20.0, 40.0),
        (10, 40, 0.5, 100.0, 0.0),  # what was told is old: it should be over by now
        (40, 40, 0.5, 0.0, 0.0),
        (41, 40, 0.5, 0.0, 0.0),
        (10, 0, 0.5, 0.0, None),  # the number of pages is not known yet
        (0, 40, None, 0.0, None),
        (10, 40, 0.0, 0.0, None),
    ],
)
def test_the_time_left_follows_from_the_rate(done: int, total: int, rate: float | None, ago: float, left: float | None) -> None:
    assert time_left(done, total, rate, ago) == left
