"""Some of the store's variables without the others: nobody is left to think that the bucket is used."""

from __future__ import annotations

import pytest

from watcher.cli.missing import half_configured
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
