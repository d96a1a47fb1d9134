"""The sentences that tell people what to do."""

from __future__ import annotations

import pickle

import pytest

from watcher.domain.errors import DocumentError, ErrorCode


@pytest.mark.parametrize(("limit", "told"), [(60.0, "longer than 60 s"), (0.5, "longer than 0.5 s"), (60, "longer than 60 s")])
@pytest.mark.parametrize("code", [ErrorCode.PARSER_TIMEOUT, ErrorCode.ENGINE_TIMEOUT])
def test_seconds_are_told_as_people_write_them(code: ErrorCode, limit: float, told: str) -> None:
    assert told in DocumentError(code, 3, limit=limit).message


def test_an_error_crosses_between_processes_whole() -> None:
    error = DocumentError(ErrorCode.TOO_MANY_PAGES, found=6000, limit=5000)
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.page, again.details, again.message) == (error.code, error.page, error.details, error.message)
