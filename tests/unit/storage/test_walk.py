"""A walk lists what a flat store would, whatever the names."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.storage.walk import walk

PARTS = st.sampled_from(["a", "b", "a-", "a.", "a0", "A", "aa", "ж", "\uffee", "😀", " ", "+", ".t", "~"])
KEYS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


def refuse(key: str, reason: str) -> None:
    raise AssertionError(f"passed over: {key} ({reason})")


@settings(deadline=None)
@given(
    names=st.sets(KEYS, max_size=12),
    prefix=st.one_of(st.just(""), KEYS, KEYS.map(lambda key: key + "/")),
    after=st.one_of(st.just(""), KEYS),
)
def test_a_walk_is_the_sorted_keys_after_the_filter(names: set[str], prefix: str, after: str) -> None:
    files = {name for name in names if not any(other.startswith(name + "/") for other in names)}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for name in files:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        found = list(walk(root, prefix, after, refuse))
    assert found == sorted((name for name in files if name.startswith(prefix) and name.encode() > after.encode()), key=str.encode)


def test_folders_outside_prefix_and_cursor_are_not_read(tmp_path: Path, monkeypatch) -> None:
    for name in ("in/a/1", "in/b/2", "in/b/3", "in/c/4", "out/5"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    read: list[str] = []
    real = os.scandir

    def scandir(path: Path) -> object:
        read.append(str(path.relative_to(tmp_path)))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    listing = walk(tmp_path, "in/", "in/b/2", refuse)
    assert next(listing) == "in/b/3"
    assert read == ["in", "in/b"]
    assert list(listing) == ["in/c/4"]
    assert read == ["in", "in/b", "in/c"]
