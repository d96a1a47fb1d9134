"""What only a folder can get wrong: half-written files, links, crash leftovers, races with whoever else uses it."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from watcher.storage.folder import FolderStore
from watcher.storage.port import (
    AlreadyExistsError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    StoreError,
    UnavailableError,
    UnstorableKeyError,
)

TEXT = "text/plain"


class Clock:
    """A wall clock that is `ahead` of the machine's."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(timezone.utc) + self.ahead

    def forward(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def passed_over() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def store(root: Path, clock: Clock, passed_over: list[tuple[str, str]]) -> FolderStore:
    return FolderStore(root, "incoming/", 30, clock, lambda key, reason: passed_over.append((key, reason)))


def drop(root: Path, key: str, content: bytes = b"x") -> Path:
    """Writes a file in place, as a person or a scanner does."""
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def keys(store: FolderStore, prefix: str = "", after: str = "") -> list[str]:
    return [info.key for info in store.list(prefix, after)]


class TestNames:
    @pytest.mark.parametrize(
        "key",
        [
            "..",
            "../x",
            "a/../../x",
            "a/..",
            "/etc/passwd",
            "//x",
            "a//b",
            "./a",
            "a/./b",
            "a/",
            "a\0b",
            ".tmp/x",
            "\ud800",
            "a/" + "я" * 128,
        ],
    )
    def test_a_key_that_is_no_path_below_the_root_is_refused_by_every_method(self, store: FolderStore, tmp_path: Path, key: str) -> None:
        calls: list[Callable[[], object]] = [
            lambda: store.create(key, b"x", TEXT),
            lambda: store.put(key, b"x", TEXT),
            lambda: store.get(key),
            lambda: store.head(key),
            lambda: store.download(key, tmp_path / "target", 10),
            lambda: store.delete(key),
            lambda: store.delete_matching(key, "0"),
            lambda: store.versions(key),
            lambda: store.delete_version(key, "1"),
        ]
        for call in calls:
            with pytest.raises(UnstorableKeyError):
                call()
        assert [path.name for path in tmp_path.iterdir()] == ["root"]

    @pytest.mark.parametrize("prefix", ["..", "../", "a/../b", "/etc", "a//b", "a\0", ".tmp/", "a/" + "я" * 128])
    def test_a_prefix_that_leads_out_is_refused(self, store: FolderStore, prefix: str) -> None:
        with pytest.raises(UnstorableKeyError):
            store.list(prefix)

    def test_a_file_and_a_folder_cannot_have_one_name(self, store: FolderStore) -> None:
        store.create("out/a", b"x", TEXT)
        store.create("out/b/c", b"x", TEXT)
        for write in (store.create, store.put):
            with pytest.raises(UnstorableKeyError):
                write("out/a/b", b"y", TEXT)
            with pytest.raises(UnstorableKeyError):
                write("out/b", b"y", TEXT)
        assert keys(store) == ["out/a", "out/b/c"]

    def test_files_whose_names_cannot_be_keys_are_named_once_and_passed_over(
        self, root: Path, store: FolderStore, passed_over: list[tuple[str, str]]
    ) -> None:
        (root / "out").mkdir()
        (root / "out" / os.fsdecode(b"\xff\xfe.pdf")).write_bytes(b"x")
        os.mkfifo(root / "out" / "pipe")
        drop(root, "/".join(["out", *["d" * 200] * 5, "e" * 30]))
        drop(root, "out/fine")
        assert keys(store) == keys(store) == ["out/fine"]
        assert sorted(reason for _, reason in passed_over) == [
            "its name is not UTF-8",
            "its path has more than 1,024 bytes",
            "not a regular file",
        ]


class TestLinks:
    @pytest.fixture
    def outside(self, tmp_path: Path) -> Path:
        drop(tmp_path, "outside/secret", b"not dropped here")
        return tmp_path / "outside"

    def test_links_are_neither_listed_nor_read(
        self, root: Path, store: FolderStore, outside: Path, passed_over: list[tuple[str, str]]
    ) -> None:
        (root / "folder").symlink_to(outside)
        (root / "file").symlink_to(outside / "secret")
        (root / "loop").symlink_to(root)
        (root / "itself").symlink_to(root / "itself")
        drop(root, "real")
        assert keys(store) == ["real"]
        assert keys(store, "folder/") == keys(store, "itself/") == []
        assert {key for key, _ in passed_over} == {"folder", "file", "loop", "itself", "folder/", "itself/"}
        for key in ("folder/secret", "file", "loop/real", "itself", "itself/x"):
            with pytest.raises(NotFoundError):
                store.get(key)
            with pytest.raises(NotFoundError):
                store.head(key)

    def test_nothing_is_written_or_removed_through_a_link(self, root: Path, store: FolderStore, outside: Path) -> None:
        (root / "folder").symlink_to(outside)
        for write in (store.create, store.put):
            with pytest.raises(RefusedError, match="symbolic link"):
                write("folder/new", b"x", TEXT)
        store.delete("folder/secret")
        assert [path.name for path in outside.iterdir()] == ["secret"]

    def test_a_link_in_the_way_is_replaced_not_followed(self, root: Path, store: FolderStore, outside: Path) -> None:
        (root / "file").symlink_to(outside / "secret")
        with pytest.raises(AlreadyExistsError):
            store.create("file", b"x", TEXT)
        store.put("file", b"x", TEXT)
        assert (outside / "secret").read_bytes() == b"not dropped here"
        assert store.get("file")[1] == b"x"

    def test_the_root_itself_may_be_reached_through_a_link(self, tmp_path: Path, root: Path, store: FolderStore, clock: Clock) -> None:
        (tmp_path / "link").symlink_to(root)
        FolderStore(tmp_path / "link", None, 0, clock).create("out/a", b"x", TEXT)
        assert store.get("out/a")[1] == b"x"


class TestSettling:
    def test_a_dropped_file_is_listed_once_it_stood_still(self, root: Path, store: FolderStore, clock: Clock) -> None:
        path = drop(root, "incoming/a.pdf", b"half")
        assert keys(store) == []
        clock.forward(29)
        assert keys(store) == []
        clock.forward(2)
        assert keys(store) == ["incoming/a.pdf"]
        path.write_bytes(b"half and more")
        clock.ahead = timedelta()
        assert keys(store) == []
        clock.forward(31)
        assert next(store.list("")).etag == hashlib.md5(b"half and more").hexdigest()

    def test_elsewhere_files_are_listed_at_once(self, root: Path, store: FolderStore) -> None:
        drop(root, "processed/a")
        assert keys(store) == ["processed/a"]

    def test_an_old_modification_time_does_not_make_a_new_file_settled(self, root: Path, store: FolderStore, clock: Clock) -> None:
        """`cp -p` and archivers set it; the change time cannot be set."""
        os.utime(drop(root, "incoming/a"), (1, 1))
        assert keys(store) == []
        clock.forward(31)
        assert keys(store) == ["incoming/a"]

    def test_a_modification_time_in_the_future_starves_no_file(self, root: Path, store: FolderStore, clock: Clock) -> None:
        later = (clock() + timedelta(days=1000)).timestamp()
        os.utime(drop(root, "incoming/a"), (later, later))
        assert keys(store) == []
        clock.forward(31)
        assert keys(store) == ["incoming/a"]

    def test_a_clock_that_was_set_back_starves_no_file(self, root: Path, store: FolderStore, clock: Clock) -> None:
        path = drop(root, "incoming/a")
        clock.forward(-100_000)  # now the file's change time lies in the future
        assert keys(store) == []
        clock.forward(29)
        assert keys(store) == []
        path.write_bytes(b"changed")
        clock.forward(2)
        assert keys(store) == []
        clock.forward(29)
        assert keys(store) == []
        clock.forward(2)
        assert keys(store) == keys(store) == ["incoming/a"]
        clock.forward(-5000)  # and back again
        assert keys(store) == []
        clock.forward(31)
        assert keys(store) == ["incoming/a"]

    @pytest.mark.parametrize("seconds", [-(2**40), 2**40])
    def test_an_absurd_modification_time_is_listed(self, root: Path, store: FolderStore, clock: Clock, seconds: int) -> None:
        path = drop(root, "incoming/a")
        try:
            os.utime(path, (seconds, seconds))
        except OSError:
            pytest.skip("this filesystem holds no such time")
        clock.forward(31)
        assert keys(store) == ["incoming/a"]


class TestEtags:
    def test_a_copy_has_the_etag_of_the_original(self, root: Path, store: FolderStore) -> None:
        drop(root, "processed/a", b"one")
        drop(root, "processed/b", b"one")
        drop(root, "processed/c", b"two")
        first, second, third = (info.etag for info in store.list("processed/"))
        assert first == second == hashlib.md5(b"one").hexdigest() != third

    def test_a_change_of_equal_size_in_the_same_instant_is_seen(self, root: Path, store: FolderStore) -> None:
        path = drop(root, "processed/a", b"one")
        for content in (b"two", b"six", b"ten"):
            before = path.stat()
            path.write_bytes(content)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert store.head("processed/a").etag == hashlib.md5(content).hexdigest()

    def test_a_file_that_stands_still_is_read_once(
        self, root: Path, store: FolderStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drop(root, "processed/a", b"one")
        clock.forward(60)
        expected = list(store.list(""))

        def unreadable(*_: object) -> bytes:
            raise AssertionError("read again")

        monkeypatch.setattr(os, "read", unreadable)
        assert list(store.list("")) == expected
        assert store.head("processed/a") == expected[0]

    def test_a_conditional_delete_spares_another_body(self, root: Path, store: FolderStore) -> None:
        old = store.put("out/a", b"old", TEXT)
        new = store.put("out/a", b"new", TEXT)
        with pytest.raises(AlreadyExistsError):
            store.delete_matching("out/a", old)
        assert keys(store) == ["out/a"]
        store.delete_matching("out/a", new)
        assert keys(store) == []


class TestReading:
    def test_a_file_that_is_overwritten_in_place_while_it_is_read_has_the_etag_of_what_was_read(
        self, root: Path, store: FolderStore, tmp_path: Path
    ) -> None:
        path = drop(root, "incoming/a", b"a" * 8_000_000)
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        with ThreadPoolExecutor(1) as pool:
            downloading = pool.submit(store.download, "incoming/a", pipe, 10_000_000)
            with pipe.open("rb") as received:
                body = received.read(1000)
                with path.open("r+b") as writer:
                    writer.seek(6_000_000)
                    writer.write(b"b" * 1000)
                body += received.read()
            info = downloading.result(60)
        assert body.count(b"b") == 1000
        assert (info.etag, info.size) == (hashlib.md5(body).hexdigest(), len(body))

    def test_a_pipe_in_the_inbox_blocks_nobody(self, root: Path, store: FolderStore) -> None:
        (root / "incoming").mkdir()
        os.mkfifo(root / "incoming" / "pipe")
        with pytest.raises(NotFoundError):
            store.get("incoming/pipe")

    def test_what_goes_wrong_at_the_callers_own_file_stays_its_own(self, store: FolderStore, tmp_path: Path) -> None:
        store.put("out/a", b"x", TEXT)
        with pytest.raises(FileNotFoundError):
            store.download("out/a", tmp_path / "absent" / "target", 10)
        with pytest.raises(FileNotFoundError):
            store.create("out/b", tmp_path / "absent", TEXT)
        assert keys(store) == ["out/a"]


class TestScratch:
    def test_leftovers_of_a_crash_are_hidden_and_removed_after_a_day(self, root: Path, clock: Clock) -> None:
        old, young = drop(root, ".tmp/old", b"half"), drop(root, ".tmp/young", b"half")
        os.utime(old, ((clock() - timedelta(hours=25)).timestamp(),) * 2)
        store = FolderStore(root, None, 0, clock)
        assert not old.exists()
        assert young.exists()
        assert keys(store) == []

    def test_writes_leave_no_scratch_behind(self, root: Path, store: FolderStore, tmp_path: Path) -> None:
        store.create("out/a", b"x", TEXT)
        store.put("out/a", b"y", TEXT)
        with pytest.raises(AlreadyExistsError):
            store.create("out/a", b"z", TEXT)
        with pytest.raises(FileNotFoundError):
            store.put("out/a", tmp_path / "absent", TEXT)
        assert list((root / ".tmp").iterdir()) == []

    def test_a_write_that_dies_before_its_end_leaves_no_object(self, store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
        def power_failure(_: int) -> None:
            raise SystemExit

        monkeypatch.setattr(os, "fsync", power_failure)
        for write in (store.create, store.put):
            with pytest.raises(SystemExit):
                write("out/a", b"x", TEXT)
        assert keys(store) == []

    def test_content_is_on_disk_before_its_name_is(self, store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
        steps: list[str] = []
        for name in ("fsync", "link", "replace"):
            real = getattr(os, name)
            monkeypatch.setattr(os, name, lambda *a, _real=real, _name=name, **k: (steps.append(_name), _real(*a, **k))[1])
        store.put("out/warm", b"", TEXT)
        for write, place in ((store.create, "link"), (store.put, "replace")):
            steps.clear()
            write("out/" + place, b"x", TEXT)
            assert steps == ["fsync", place, "fsync"]


class TestFolders:
    def test_emptied_folders_go_up_to_the_top_level_one(self, root: Path, store: FolderStore) -> None:
        store.put("claims/a/b/1", b"x", TEXT)
        store.put("claims/a/c/1", b"x", TEXT)
        store.delete("claims/a/b/1")
        assert sorted(path.name for path in (root / "claims" / "a").iterdir()) == ["c"]
        store.delete("claims/a/c/1")
        assert list((root / "claims").iterdir()) == []

    def test_folders_where_people_drop_files_stay(self, root: Path, store: FolderStore) -> None:
        """A scanner that writes to `incoming/scans/` does not make that folder anew."""
        drop(root, "incoming/scans/a")
        store.delete("incoming/scans/a")
        assert (root / "incoming" / "scans").is_dir()

    def test_creates_and_deletes_in_one_folder_do_not_trip_over_each_other(self, store: FolderStore) -> None:
        start = threading.Barrier(8)

        def work(number: int) -> None:
            start.wait(30)
            for turn in range(100):
                store.create(f"claims/a/b/{number}-{turn}", b"x", TEXT)
                store.delete(f"claims/a/b/{number}-{turn}")

        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(work, number) for number in range(8)]:
                done.result(120)
        assert keys(store) == []

    def test_a_folder_that_vanishes_during_a_listing_is_skipped(self, root: Path, store: FolderStore) -> None:
        for key in ("out/a", "out/b/c", "out/b/d", "out/e"):
            drop(root, key)
        listing = store.list("out/")
        assert next(listing).key == "out/a"
        store.delete("out/b/c")
        store.delete("out/b/d")
        assert [info.key for info in listing] == ["out/e"]


class TestRefusals:
    """The running user may be root, to whom no permission is denied: so the system's answers are played."""

    def fail(self, monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number), "the file")

        monkeypatch.setattr(os, name, refuse)

    @pytest.mark.parametrize(
        ("call", "number", "error", "words"),
        [
            ("write", errno.ENOSPC, UnavailableError, "no space left"),
            ("write", errno.EDQUOT, UnavailableError, "no space left"),
            ("fsync", errno.EIO, UnavailableError, "does not work"),
            ("link", errno.EPERM, RefusedError, "no hard links"),
            ("link", errno.EOPNOTSUPP, RefusedError, "no hard links"),
            ("link", errno.EXDEV, RefusedError, "another filesystem"),
            ("link", errno.EACCES, RefusedError, "no permission"),
            ("link", errno.EROFS, RefusedError, "read-only"),
            ("link", errno.ENAMETOOLONG, UnstorableKeyError, "cannot hold"),
        ],
    )
    def test_the_systems_refusals_are_told_in_words_that_name_the_folder(
        self, store: FolderStore, root: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, error: type[StoreError], words: str
    ) -> None:
        with monkeypatch.context() as patch:
            self.fail(patch, call, number)
            with pytest.raises(error, match=words) as raised:
                store.create("out/a", b"x", TEXT)
        assert str(root) in str(raised.value) or error is UnstorableKeyError
        assert keys(store) == []
        assert list((root / ".tmp").iterdir()) == []

    def test_a_create_whose_name_may_not_last_is_unknown(self, store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
        store.put("out/a", b"x", TEXT)
        real, calls = os.fsync, []

        def fail_second(descriptor: int) -> None:
            calls.append(descriptor)
            if len(calls) == 2:
                raise OSError(errno.EIO, "Input/output error")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fail_second)
        with pytest.raises(OutcomeUnknownError):
            store.create("out/b", b"x", TEXT)

    def test_a_file_that_may_not_be_read_hides_no_other(
        self, root: Path, store: FolderStore, passed_over: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drop(root, "out/a")
        locked = drop(root, "out/b")
        drop(root, "out/c")
        real = os.open

        def refuse(path: Path, *args: int, **kwargs: int) -> int:
            if path == locked:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path, *args, **kwargs)

        monkeypatch.setattr(os, "open", refuse)
        assert keys(store) == ["out/a", "out/c"]
        assert passed_over == [("out/b", "no permission to read this file")]
        with pytest.raises(RefusedError, match="no permission"):
            store.get("out/b")

    def test_a_root_that_is_a_file_is_refused(self, tmp_path: Path, clock: Clock) -> None:
        drop(tmp_path, "file")
        for root in (tmp_path / "file", tmp_path / "file" / "below"):
            with pytest.raises(RefusedError, match=r"storage\.folder cannot be used as it stands: .* a file"):
                FolderStore(root, None, 0, clock)
