from __future__ import annotations

import pytest
from pydantic import ValidationError

from watcher.domain.manifest import Source


def test_a_time_without_a_zone_is_refused_where_it_is_read_and_not_where_it_is_compared() -> None:
    told = {"key": "incoming/a.pdf", "etag": "0", "size": 1, "dropped_at": "2026-01-01T00:00:00"}
    with pytest.raises(ValidationError, match="dropped_at"):
        Source.model_validate(told)
    assert Source.model_validate({**told, "dropped_at": "2026-01-01T00:00:00Z"}).dropped_at.tzinfo is not None
