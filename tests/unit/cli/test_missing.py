"""Some of the store's variables without the others: nobody is left to think that the bucket is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.cli.missing import absent_folder, half_configured
from watcher.settings import load_settings
from watcher.settings.s3 import S3_VARIABLES

SET = dict(zip(S3_VARIABLES.values(), ("http://127.0.0.1:1", "bucket", "test", "hush-hush"), strict=True))


@pytest.mark.parametrize("environ", [{}, SET, dict.fromkeys(SET, "")], ids=["none", "all", "all empty"])
def test_all_or_none_is_nothing_to_tell(environ: dict[str, str]) -> None:
    assert half_configured(load_settings(None, environ)) == ""


@pytest.mark.parametrize("missing", SET)
def test_says_which_one_is_missing_and_where_documents_go(missing: str) -> None:
    line = half_configured(load_settings(None, {**SET, missing: "", "WATCHER_STORAGE__FOLDER": "papers"}))
    assert line.startswith(f"{missing} not set: the folder papers takes the bucket's place; set all of ")
    assert "hush" not in line


def test_one_alone_names_the_three_others() -> None:
    line = half_configured(load_settings(None, {"CLOUDRU_S3_BUCKET": "bucket"}))
    assert line.startswith("CLOUDRU_S3_ENDPOINT, CLOUDRU_S3_ACCESS_KEY, CLOUDRU_S3_SECRET_KEY not set: ")


def test_a_folder_that_is_not_there_is_named_with_its_variable(tmp_path: Path) -> None:
    missing, environ = tmp_path / "mistyped", {"WATCHER_STORAGE__FOLDER": str(tmp_path / "mistyped")}
    line = absent_folder(load_settings(None, environ))
    assert str(missing) in line
    assert "WATCHER_STORAGE__FOLDER" in line
    missing.mkdir()
    assert absent_folder(load_settings(None, environ)) == ""


def test_no_folder_is_missed_where_a_bucket_takes_its_place(tmp_path: Path) -> None:
    assert absent_folder(load_settings(None, {**SET, "WATCHER_STORAGE__FOLDER": str(tmp_path / "none")})) == ""
