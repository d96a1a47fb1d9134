"""What every store must do, whatever it is made of."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from watcher.storage.folder import FolderStore
from watcher.storage.port import AlreadyExistsError, NotFoundError, Store, StoreError, TooLargeError, UnstorableKeyError

TEXT = "text/plain"
MEGABYTE = 1 << 20
AWKWARD = [
    "in/plain.pdf",
    "in/Договор № 5, копия.pdf",
    "in/a b  c.pdf",
    "in/a+b.pdf",
    "in/a%20b%2Fc.pdf",
    "in/a#b?c=d&e=f.pdf",
    "in/'quoted' \"twice\" <tag> & more.pdf",
    "in/tab\tand\x01control.pdf",
    "in/back\\slash.pdf",
    "in/~tilde (1) [2] {3}=@:;,$!*^`|.pdf",
    "in/\u0439",  # a letter composed and decomposed: two names
    "in/\u0438\u0306",
    "in/😀.pdf",
    "in/очень/глубоко/вложенная папка/и ещё/файл.pdf",
    "in/.hidden/..file...",
]


def keys(store: Store, prefix: str = "", after: str = "") -> list[str]:
    return [info.key for info in store.list(prefix, after)]


def race(racers: int, attempt: Callable[[int], bool]) -> int:
    """How many of the threads, started together, succeed."""
    start = threading.Barrier(racers)

    def run(number: int) -> bool:
        start.wait(30)
        return attempt(number)

    with ThreadPoolExecutor(racers) as pool:
        return sum(pool.map(run, range(racers)))


@pytest.mark.parametrize("write", ["put", "create"])
@pytest.mark.parametrize("from_file", [False, True])
def test_what_was_stored_comes_back(store: Store, tmp_path: Path, write: str, from_file: bool) -> None:
    content = "содержимое".encode() * 1000
    source = tmp_path / "source"
    source.write_bytes(content)
    etag = getattr(store, write)("in/файл", source if from_file else content, TEXT)

    info, body = store.get("in/файл")
    downloaded = store.download("in/файл", tmp_path / "target", len(content))

    assert body == content == (tmp_path / "target").read_bytes()
    assert '"' not in etag
    for told in (info, downloaded, store.head("in/файл"), next(store.list(""))):
        assert (told.key, told.size, told.etag) == ("in/файл", len(content), etag)
        assert abs(told.modified - datetime.now(timezone.utc)) < timedelta(minutes=5)


def test_an_empty_object_is_an_object(store: Store, tmp_path: Path) -> None:
    store.create("in/empty", b"", TEXT)
    assert store.get("in/empty")[1] == b""
    assert store.download("in/empty", tmp_path / "target", 0).size == 0
    assert [info.size for info in store.list("in/")] == [0]


def test_the_same_content_has_the_same_etag_and_other_content_another(store: Store) -> None:
    first = store.put("in/a", b"one", TEXT)
    assert store.put("in/a", b"two", TEXT) != first
    assert store.get("in/a")[1] == b"two"
    assert store.put("in/a", b"one", TEXT) == first
    assert store.put("in/b", b"one", TEXT) == first


def test_a_create_leaves_what_stands_there(store: Store) -> None:
    store.create("in/a", b"first", TEXT)
    with pytest.raises(AlreadyExistsError):
        store.create("in/a", b"second", TEXT)
    assert store.get("in/a")[1] == b"first"
    store.delete("in/a")
    store.create("in/a", b"third", TEXT)
    assert store.get("in/a")[1] == b"third"


def test_one_of_16_racing_creates_wins(store: Store) -> None:
    for number in range(10):
        key = f"claims/doc {number}/v/000001"
        won: list[int] = []

        def attempt(racer: int, key: str = key, won: list[int] = won) -> bool:
            try:
                store.create(key, f"racer {racer}".encode(), TEXT)
            except AlreadyExistsError:
                return False
            won.append(racer)
            return True

        assert race(16, attempt) == 1
        assert store.get(key)[1] == f"racer {won[0]}".encode()


@pytest.mark.parametrize(
    ("key", "size"),
    [("in/empty", 0), ("in/Договор №1 (копия)+%.pdf", 11), ("in/a%20b?c=d&e", 4 * MEGABYTE), ("in/Договор №1 (копия)+.pdf", 12 * MEGABYTE)],
)
def test_a_copy_is_made_without_the_bytes_passing_through_us(store: Store, monkeypatch: pytest.MonkeyPatch, key: str, size: int) -> None:
    monkeypatch.setattr("watcher.storage.s3_copy.LARGEST_COPY_BYTES", 5 * MEGABYTE)
    monkeypatch.setattr("watcher.storage.s3_copy.PART_BYTES", 5 * MEGABYTE)  # the smallest of S3, so that the last size takes three
    content = os.urandom(size)
    etag = store.put(key, content, TEXT)
    store.put("out/source.pdf", b"from an earlier try", TEXT)
    copied = store.copy(key, etag, "out/source.pdf", "application/pdf")
    info, body = store.get("out/source.pdf")
    assert body == content == store.get(key)[1]
    assert (info.etag, info.size) == (copied, size)


def test_a_copy_of_another_version_or_of_nothing_is_none(store: Store) -> None:
    old = store.put("in/a", b"old", TEXT)
    store.put("in/a", b"new", TEXT)
    for key, etag in (("in/a", old), ("in/nothing", old)):
        with pytest.raises(NotFoundError):
            store.copy(key, etag, "out/a", TEXT)
    assert keys(store) == ["in/a"]


def test_what_does_not_exist_is_not_found(store: Store, tmp_path: Path) -> None:
    store.put("in/folder/a", b"x", TEXT)
    for key in ("in/nothing", "in/folder", "in/folder/a/b", "other"):
        with pytest.raises(NotFoundError):
            store.head(key)
        with pytest.raises(NotFoundError):
            store.get(key)
        with pytest.raises(NotFoundError):
            store.download(key, tmp_path / "target", 10)
        store.delete(key)
        store.delete_matching(key, "0" * 32)
    assert keys(store) == ["in/folder/a"]


def test_deleted_objects_are_gone(store: Store) -> None:
    etag = store.put("in/deep/er/a", b"x", TEXT)
    store.put("in/b", b"y", TEXT)
    store.delete("in/b")
    store.delete_matching("in/deep/er/a", etag)
    assert keys(store) == []


@pytest.mark.parametrize("key", AWKWARD)
def test_awkward_names_stay_as_they_are(store: Store, tmp_path: Path, key: str) -> None:
    etag = store.create(key, key.encode(), TEXT)
    assert keys(store, "in/") == keys(store, key) == [key]
    assert keys(store, key, after=key) == []
    assert store.head(key).etag == etag
    assert store.get(key)[1] == key.encode()
    assert store.download(key, tmp_path / "target", 1000).key == key
    with pytest.raises(AlreadyExistsError):
        store.create(key, b"", TEXT)
    store.delete(key)
    assert keys(store) == []


def test_a_newline_in_a_name_stays(request: pytest.FixtureRequest, store: Store) -> None:
    if "moto" in request.node.name:
        pytest.skip("moto's routes match no newline")
    store.create("in/two\nlines", b"x", TEXT)
    assert keys(store) == keys(store, "in/two\nlines") == ["in/two\nlines"]
    assert store.get("in/two\nlines")[1] == b"x"


def test_awkward_names_are_listed_in_the_order_of_their_bytes(store: Store) -> None:
    names = [*AWKWARD, "in/a/b", "in/a-b", "in/a.b", "in/a0", "in/a/b-c/d", "in/a/b0/c", "in/\uffee", "in0", "im/z"]
    for name in names:
        store.put(name, b"x", TEXT)
    expected = sorted(names, key=str.encode)
    assert keys(store) == expected
    inside = [name for name in expected if name.startswith("in/")]
    for position, name in enumerate(inside):
        assert keys(store, "in/", after=name) == inside[position + 1 :]


def test_2500_keys_are_listed_in_order_and_from_any_point(store: Store) -> None:
    names = sorted((f"in/{number % 7}/файл {number:05d}+.pdf" for number in range(2500)), key=str.encode)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: store.put(name, b"x", TEXT), names))
    assert keys(store, "in/") == names
    assert keys(store, "in/3/") == [name for name in names if name.startswith("in/3/")]
    for position in (999, 1000, 2499):
        assert keys(store, "in/", after=names[position]) == names[position + 1 :]
    assert keys(store, "in/", after="in/3") == [name for name in names if name > "in/3"]
    assert keys(store, "in/", after="in/9") == keys(store, "on/") == []


def test_objects_that_vanish_during_a_listing_do_no_harm(store: Store) -> None:
    for name in ("in/a", "in/b/c", "in/d"):
        store.put(name, b"x", TEXT)
    listing = store.list("in/")
    assert next(listing).key == "in/a"
    store.delete("in/b/c")
    rest = [info.key for info in listing]
    assert [key for key in rest if key != "in/b/c"] == ["in/d"]


def test_a_key_of_1024_bytes_is_stored_and_a_longer_one_refused(store: Store) -> None:
    parts = ["я" * 100] * 5  # 1,004 bytes with the slashes between
    key = "/".join([*parts, "ю" * 9 + "1"])
    assert len(key.encode()) == 1024
    store.create(key, b"x", TEXT)
    assert keys(store) == [key]
    assert store.get(key)[1] == b"x"
    with pytest.raises(UnstorableKeyError):
        store.put(key + "1", b"x", TEXT)
    with pytest.raises(UnstorableKeyError):
        store.put("", b"x", TEXT)


def test_placeholder_objects_of_folders_are_objects_where_they_can_be(store: Store) -> None:
    store.put("in/folder/file", b"x", TEXT)
    if isinstance(store, FolderStore):
        with pytest.raises(UnstorableKeyError):
            store.put("in/folder/", b"", TEXT)
        assert keys(store) == ["in/folder/file"]
    else:
        store.put("in/folder/", b"", TEXT)
        assert keys(store) == ["in/folder/", "in/folder/file"]
        assert store.get("in/folder/")[1] == b""


def test_a_large_body_is_stored_from_disk_and_comes_back(store: Store, tmp_path: Path) -> None:
    content = os.urandom(20 * MEGABYTE)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)
    etag = store.create("in/large", source, "application/pdf")
    assert store.download("in/large", target, 20 * MEGABYTE).etag == etag
    assert target.read_bytes() == content


@pytest.mark.parametrize("size", [11, 3 * MEGABYTE])
def test_a_download_stops_at_its_limit(store: Store, tmp_path: Path, size: int) -> None:
    store.put("in/a", b"x" * size, TEXT)
    with pytest.raises(TooLargeError):
        store.download("in/a", tmp_path / "target", size - 1)
    assert not (tmp_path / "target").exists() or (tmp_path / "target").stat().st_size < size
    assert store.download("in/a", tmp_path / "target", size).size == size


@pytest.mark.parametrize("change", ["delete", "replace"])
def test_an_object_that_changes_while_it_is_read_is_never_mixed_or_short(store: Store, tmp_path: Path, change: str) -> None:
    old = os.urandom(20 * MEGABYTE)
    etag = store.put("in/a", old, TEXT)
    pipe = tmp_path / "pipe"  # a download into a pipe goes on only as fast as the test reads
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        downloading = pool.submit(store.download, "in/a", pipe, len(old))
        with pipe.open("rb") as received:
            body = received.read(MEGABYTE)
            if change == "delete":
                store.delete("in/a")
            else:
                store.put("in/a", os.urandom(20 * MEGABYTE), TEXT)
            body += received.read()
        try:
            info = downloading.result(60)
        except StoreError:
            return  # broken off, and said so
    assert body == old
    assert (info.etag, info.size) == (etag, len(old))


def test_a_location_names_the_place_without_secrets(store: Store) -> None:
    assert store.location
    assert "secret" not in store.location


def test_a_store_without_versions_says_so(store: Store) -> None:
    store.put("in/a", b"x", TEXT)
    assert not store.is_versioned()
    assert store.versions("in/a") == ()


def test_a_versioned_store_keeps_every_version_under_its_delete_marker(versioned_store: Store) -> None:
    store = versioned_store
    assert store.is_versioned()
    first, second = store.put("in/a", b"first", TEXT), store.put("in/a", b"second", TEXT)
    store.put("in/ab", b"a neighbour whose key begins alike", TEXT)
    store.delete("in/a")
    with pytest.raises(NotFoundError):
        store.get("in/a")
    assert keys(store) == ["in/ab"]

    marker, *bodies = store.versions("in/a")
    assert marker.is_delete_marker
    assert marker.etag == ""
    assert [version.etag for version in bodies] == [second, first]

    store.delete_version("in/a", marker.version_id)
    assert store.get("in/a")[1] == b"second"
    store.delete_version("in/a", bodies[0].version_id)
    assert store.get("in/a")[1] == b"first"
    store.delete_version("in/a", bodies[1].version_id)
    assert store.versions("in/a") == ()
    assert keys(store) == ["in/ab"]


def test_a_create_over_a_delete_marker_succeeds(versioned_store: Store) -> None:
    versioned_store.create("in/a", b"first", TEXT)
    versioned_store.delete("in/a")
    versioned_store.create("in/a", b"second", TEXT)
    assert versioned_store.get("in/a")[1] == b"second"
