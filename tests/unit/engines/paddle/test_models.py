"""Which versions of PaddleOCR-VL lie complete on the disk, and what is said of those that do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from doubles.paddle_folders import language_model, layout_model, safetensors

from watcher.engines.paddle.models import RELEASES, Models, model_homes, not_found, search


def whole(home: Path, *versions: str) -> None:
    for release in RELEASES:
        if release.version in versions:
            language_model(home, release.language)
            if not (home / release.layout).exists():
                layout_model(home, release.layout)


def test_the_newest_comes_first(tmp_path: Path) -> None:
    whole(tmp_path, "v1", "v1.5", "v1.6")
    found = search([tmp_path], "auto", needs_language=True).found
    assert [models.version for models in found] == ["v1.6", "v1.5", "v1"]
    assert found[0] == Models("v1.6", tmp_path / "PP-DocLayoutV3", tmp_path / "PaddleOCR-VL-1.6")
    assert found[2] == Models("v1", tmp_path / "PP-DocLayoutV2", tmp_path / "PaddleOCR-VL")


def test_a_version_by_name_is_the_only_one_looked_for(tmp_path: Path) -> None:
    whole(tmp_path, "v1", "v1.6")
    assert [models.version for models in search([tmp_path], "v1", needs_language=True).found] == ["v1"]
    assert search([tmp_path], "v1.5", needs_language=True).found == ()


def test_a_server_has_the_language_model_itself(tmp_path: Path) -> None:
    layout_model(tmp_path, "PP-DocLayoutV3")
    assert search([tmp_path], "auto", needs_language=True).found == ()
    found = search([tmp_path], "auto", needs_language=False).found
    assert [(models.version, models.language) for models in found] == [("v1.6", None), ("v1.5", None)]


def test_folders_may_stand_in_different_homes_and_the_first_home_wins(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    layout_model(one, "PP-DocLayoutV3")
    whole(two, "v1.6")
    (models,) = search([one, two], "auto", needs_language=True).found
    assert models == Models("v1.6", one / "PP-DocLayoutV3", two / "PaddleOCR-VL-1.6")


@pytest.mark.parametrize(
    ("file", "body", "fault"),
    [
        ("PP-DocLayoutV3/inference.yml", None, "PP-DocLayoutV3 lacks inference.yml"),
        ("PP-DocLayoutV3/inference.pdiparams", b"", "PP-DocLayoutV3 lacks inference.pdiparams"),
        ("PP-DocLayoutV3/inference.json", None, "lacks inference.json or inference.pdmodel"),
        ("PaddleOCR-VL-1.6/tokenizer.model", None, "PaddleOCR-VL-1.6 lacks tokenizer.model"),
        ("PaddleOCR-VL-1.6/model.safetensors", None, "lacks model.safetensors or"),
        ("PaddleOCR-VL-1.6/model.safetensors", safetensors(5000)[:900], "of model.safetensors: copy it again"),
        ("PaddleOCR-VL-1.6/model.safetensors", safetensors(5000)[:20], "of model.safetensors: copy it again"),
        ("PaddleOCR-VL-1.6/model.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "cannot be read (ValueError)"),
        ("PaddleOCR-VL-1.6/model.safetensors", (2).to_bytes(8, "little") + b"[]", "cannot be read (AttributeError)"),
    ],
)
def test_an_incomplete_folder_does_not_count_and_is_named(tmp_path: Path, file: str, body: bytes | None, fault: str) -> None:
    whole(tmp_path, "v1.6")
    (tmp_path / file).unlink()
    if body is not None:
        (tmp_path / file).write_bytes(body)
    result = search([tmp_path], "v1.6", needs_language=True)
    assert result.found == ()
    assert fault in result.faults[0]
    assert str(tmp_path) in result.faults[0]


def test_a_broken_folder_is_passed_over_for_a_whole_one_elsewhere(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    whole(one, "v1.6")
    whole(two, "v1.6")
    (one / "PaddleOCR-VL-1.6" / "config.json").unlink()
    (models,) = search([one, two], "v1.6", needs_language=True).found
    assert models.language == two / "PaddleOCR-VL-1.6"


@pytest.mark.parametrize("missing", [False, True])
def test_weights_in_several_files_are_looked_at_one_by_one(tmp_path: Path, missing: bool) -> None:
    whole(tmp_path, "v1")
    folder = tmp_path / "PaddleOCR-VL"
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})
    )
    if not missing:
        (folder / "model-2.safetensors").write_bytes(safetensors(10))
    result = search([tmp_path], "v1", needs_language=True)
    assert bool(result.found) is not missing
    assert not missing or result.faults == (f"{folder} lacks model-2.safetensors",)


def test_an_empty_folder_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "PP-DocLayoutV2").mkdir()
    assert search([tmp_path], "v1", needs_language=False).faults == (
        f"{tmp_path / 'PP-DocLayoutV2'} lacks inference.yml, inference.pdiparams",
    )


def test_what_was_looked_for_is_told_in_full(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    told = not_found(homes, "auto", search(homes, "auto", needs_language=True).faults, needs_language=True)
    for release in RELEASES:
        assert release.language in told
        assert release.layout in told
    assert all(str(home) in told for home in homes)
    assert "ocr.models" in told


def test_homes_are_the_folders_that_the_environment_names() -> None:
    environ = {"PADDLE_PDX_CACHE_HOME": "/cache", "PADDLEX_HOME": "/x", "HOME": "/home/one"}
    assert [str(home) for home in model_homes(None, environ)] == [
        "/cache/official_models",
        "/x/official_models",
        "/home/one/.paddlex/official_models",
        "/home/paddleocr/.paddlex/official_models",
    ]
    assert model_homes(Path("/models"), environ) == (Path("/models"),)
    assert len(model_homes(None, {"PADDLEX_HOME": "/x", "PADDLE_PDX_CACHE_HOME": "/x"})) == 2
