"""Records that people look at in a terminal."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.terminal import OBEYED, escaped_json


@given(st.dictionaries(st.text(), st.text()), st.booleans())
def test_escaped_json_means_the_same_and_drives_no_terminal(record: dict[str, str], ascii_only: bool) -> None:
    escaped = escaped_json(json.dumps(record, indent=1, ensure_ascii=ascii_only))
    assert json.loads(escaped) == record
    assert not OBEYED.search(escaped.replace("\n", ""))


def test_letters_stay_readable() -> None:
    assert escaped_json('{"key": "отчёт\u202e\x9b"}') == '{"key": "отчёт\\u202e\\u009b"}'
