"""What `watcher put` uploads, and when it takes a document for ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from doubles.replica import LAYOUT, drop, in_process_replica
from doubles.stores import HookedStore

from watcher.cli.main import run_command
from watcher.cli.put import put
from watcher.domain import exits
from watcher.domain.claim import Outcome
from watcher.domain.terminal import OBEYED
from watcher.pipeline.ending import how_ended
from watcher.settings import Settings, Storage, Watch
from watcher.storage.memory import MemoryStore


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(storage=Storage(folder=str(tmp_path / "data"), settle_seconds=0))


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "letter.pdf").write_bytes(b"a letter")
    return folder


def uploaded(tmp_path: Path) -> set[str]:
    inbox = tmp_path / "data" / "incoming"
    return {path.relative_to(inbox).as_posix() for path in inbox.rglob("*") if path.is_file()}


def test_what_the_daemon_would_pass_over_is_left_out_and_told(
    settings: Settings, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (".DS_Store", "Thumbs.db", "half.tmp"):
        (scans / name).touch()
    (scans / ".git").mkdir()
    (scans / ".git" / "config").touch()
    assert put(settings, [scans], wait=False) == exits.OK
    assert uploaded(tmp_path) == {"scans/letter.pdf"}
    told = " ".join(capsys.readouterr().err.split())
    assert "4 left out, as watch.ignore says: scans/.DS_Store, scans/.git/config, scans/Thumbs.db, scans/half.tmp" in told
    assert told.endswith("data: 1")


def test_of_many_names_left_out_the_first_are_told(
    settings: Settings, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(7):
        (scans / f"{number}.tmp").touch()
    put(settings, [scans], wait=False)
    told = " ".join(capsys.readouterr().err.split())
    assert "7 left out" in told
    assert "scans/4.tmp, ..." in told
    assert "scans/5.tmp" not in told


def test_names_left_out_do_not_drive_the_terminal(settings: Settings, scans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (scans / "\x1b]0;title\x07\u202e.tmp").touch()
    put(settings, [scans], wait=False)
    told = capsys.readouterr().err
    assert "scans/\\x1b]0;title\\x07\\u202e.tmp" in told
    assert not OBEYED.search(told.replace("\n", ""))


def test_nor_do_names_in_errors(scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (scans / "\x1b[2J\x9b.pdf").symlink_to(tmp_path / "nowhere")
    monkeypatch.setenv("WATCHER_STORAGE__FOLDER", str(tmp_path / "data"))
    monkeypatch.setattr("sys.argv", ["watcher", "put", str(scans)])
    with pytest.raises(SystemExit) as ended:
        run_command()
    told = capsys.readouterr().err
    assert ended.value.code == exits.ERROR
    assert "\\x1b[2J\\x9b.pdf: it is a link to what is not there" in told
    assert not OBEYED.search(told.replace("\n", ""))


def test_what_is_passed_over_is_a_setting(settings: Settings, scans: Path, tmp_path: Path) -> None:
    (scans / "half.tmp").touch()
    put(settings.model_copy(update={"watch": Watch(ignore=("*.pdf",))}), [scans], wait=False)
    assert uploaded(tmp_path) == {"scans/half.tmp"}


def dangle(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.symlink_to("nowhere.pdf")


def forbid(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for somebody else than root, whom no mode keeps out."""
    file.touch()
    opened = Path.open

    def refuse(path: Path, *arguments: object, **options: object) -> object:
        if path == file:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)


@pytest.mark.parametrize(("spoil", "words"), [(dangle, "a link to what is not there"), (forbid, "cannot be read: Permission denied")])
@pytest.mark.parametrize("alone", [True, False])
def test_what_cannot_be_read_is_named_before_anything_is_uploaded(
    settings: Settings,
    scans: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path, pytest.MonkeyPatch], None],
    words: str,
    alone: bool,
) -> None:
    bad = scans / "old.pdf"
    spoil(bad, monkeypatch)
    with pytest.raises(OSError, match=f"old.pdf: .*{words}") as caught:
        put(settings, [bad] if alone else [scans], wait=False)
    assert "\n" not in str(caught.value)
    assert uploaded(tmp_path) == set()


def test_a_document_that_somebody_took_back_before_anybody_saw_it_has_ended() -> None:
    store = MemoryStore()
    document = drop(store, "a.pdf", "one")
    assert how_ended(store, LAYOUT, document) is None
    store.delete(document.key)
    ended = how_ended(store, LAYOUT, document)
    assert ended is not None
    assert ended.reason.startswith("left the inbox before it was read")


@pytest.mark.parametrize("left", ["removed", "replaced"])
def test_a_document_whose_log_is_closed_as_gone_has_ended_and_one_that_is_held_has_not(tmp_path: Path, left: str) -> None:
    store = MemoryStore()
    with in_process_replica("one", store, tmp_path) as replica:
        document = drop(store, "a.pdf", "one")
        claim = replica.acquire(document)
        store.delete(document.key) if left == "removed" else store.put(document.key, b"another", "")
        assert how_ended(store, LAYOUT, document) is None
        claim.close(Outcome.GONE)
    ended = how_ended(store, LAYOUT, document)
    assert ended is not None
    assert ended.reason.startswith("left the inbox before it was read")


def test_results_that_were_removed_are_not_waited_for(tmp_path: Path) -> None:
    store = MemoryStore()
    with in_process_replica("one", store, tmp_path) as replica:
        document = drop(store, "a.pdf", "!damaged")
        replica.attempt(document)
    ended = how_ended(store, LAYOUT, document)
    assert ended is not None
    assert ended.reason.startswith("corrupt_pdf")
    for info in list(store.list("failed/")):
        store.delete(info.key)
    ended = how_ended(store, LAYOUT, document)
    assert ended is not None
    assert ended.reason.startswith("was read, but somebody removed")


def test_a_document_that_ends_while_it_is_looked_at_is_not_taken_for_gone(tmp_path: Path) -> None:
    store = HookedStore(MemoryStore())
    with in_process_replica("one", store.inner, tmp_path) as replica:
        document = drop(store.inner, "a.pdf", "one")
        pending = [lambda: replica.attempt(document)]
        store.before.append(lambda verb, key: pending.pop()() if pending and (verb, key) == ("head", document.key) else None)
        ended = how_ended(store, LAYOUT, document)
    assert ended is not None
    assert ended.reason == ""


def test_two_files_that_would_be_one_document_are_refused_before_anything_is_uploaded(settings: Settings, tmp_path: Path) -> None:
    for folder, text in (("a", b"one"), ("b", b"two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.png").write_bytes(text)
    with pytest.raises(OSError, match=r"a/x\.png and .*b/x\.png would both be x\.png in the inbox"):
        put(settings, [tmp_path / "a" / "x.png", tmp_path / "b" / "x.png"], wait=False)
    assert not list((tmp_path / "data").rglob("*.png"))


def test_a_file_whose_name_is_no_text_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "h\udcff.png").write_bytes(b"one")
    with pytest.raises(OSError, match=r"h\\udcff\.png': its name is not Unicode text"):
        put(settings, [tmp_path / "in"], wait=False)


def test_where_there_is_no_file_nothing_is_put(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(OSError, match="no file in the folders"):
        put(settings, [tmp_path / "empty"], wait=False)
    assert not (tmp_path / "data" / "incoming").exists() or uploaded(tmp_path) == set()


def test_what_is_no_regular_file_is_called_so(settings: Settings) -> None:
    with pytest.raises(OSError, match="it is no regular file"):
        put(settings, [Path("/dev/null")], wait=False)
