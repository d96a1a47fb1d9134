"""Folders that cannot be written to are refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.cli.folders import check_folders
from watcher.settings import LocalOutput, Settings, SettingsError, Storage, Watch, load_settings

FOLDERS = {
    "WATCHER_WATCH__SCRATCH": "watch.scratch",
    "WATCHER_OUTPUT__FOLDER": "output.folder",
    "WATCHER_STORAGE__FOLDER": "storage.folder",
}
S3 = {
    "CLOUDRU_S3_ENDPOINT": "http://127.0.0.1:1",
    "CLOUDRU_S3_BUCKET": "bucket",
    "CLOUDRU_S3_ACCESS_KEY": "test",
    "CLOUDRU_S3_SECRET_KEY": "test",
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("variable", FOLDERS)
@pytest.mark.parametrize(
    ("path", "said"), [("/dev/null/x", "Not a directory"), ("/proc/x", "No such file or directory"), ("file", "File exists")]
)
def test_says_the_setting_its_variable_the_path_and_what_to_do(tmp_path: Path, variable: str, path: str, said: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError) as caught:
        check_folders(load_settings(None, {variable: path}))
    (line,) = caught.value.faults
    assert line.startswith(f"{FOLDERS[variable]} ({variable}): {path!r} cannot be used: {said}; name a folder")


def test_tells_all_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        check_folders(load_settings(None, dict.fromkeys(FOLDERS, "/dev/null/x")))
    assert len(caught.value.faults) == 3


def test_makes_them_and_leaves_nothing_in_them_but_the_inbox(tmp_path: Path) -> None:
    folders = [tmp_path / "deep" / name for name in ("scratch", "copy", "data")]
    scratch, copy, data = map(str, folders)
    check_folders(Settings(watch=Watch(scratch=scratch), output=LocalOutput(folder=copy), storage=Storage(folder=data)))
    assert [list(folder.rglob("*")) for folder in folders] == [[], [], [folders[2] / "incoming"]]


def test_the_folder_in_the_bucket_s_place_does_not_matter_on_a_bucket() -> None:
    check_folders(load_settings(None, {**S3, "WATCHER_STORAGE__FOLDER": "/dev/null/x"}))


def test_makes_the_inbox_of_a_folder_so_that_people_see_where_to_drop(tmp_path: Path) -> None:
    settings = load_settings(None, {"WATCHER_STORAGE__FOLDER": str(tmp_path / "data"), "WATCHER_LAYOUT__INCOMING": "scans/new"})
    check_folders(settings)
    check_folders(settings)
    assert (tmp_path / "data" / "scans" / "new").is_dir()


def test_an_inbox_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "incoming").touch()
    with pytest.raises(SettingsError, match=r"storage\.folder .* cannot be used: File exists"):
        check_folders(load_settings(None, {"WATCHER_STORAGE__FOLDER": str(tmp_path / "data")}))
