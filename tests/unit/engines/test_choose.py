"""The choice of an engine: what is installed is simulated by hiding packages and by folders of language data."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from watcher.engines import choose as choosing
from watcher.engines.choose import Choice, EngineNotFoundError, choose
from watcher.engines.registry import MODULES

Installed = Callable[..., None]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Installed:
    """`installed(*packages)`: these OCR packages are there, the others are not."""

    def install(*packages: str) -> None:
        monkeypatch.setattr(choosing, "find_spec", lambda name: importlib.util.find_spec("json") if name in packages else None)

    return install


@pytest.fixture
def tessdata(tmp_path: Path) -> Path:
    folder = tmp_path / "tessdata"
    folder.mkdir()
    for language in ("eng", "rus"):
        (folder / f"{language}.traineddata").touch()
    return folder


def chosen(name: str, languages: str, tessdata: Path | None, **options: object) -> Choice:
    return choose(name, languages, tessdata, **{"environ": {}, "usual_folders": (), **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["auto", "tesseract"])
def test_tesseract_is_taken_where_it_has_all_languages(installed: Installed, tessdata: Path, name: str) -> None:
    installed("tesserocr", "rapidocr", "onnxruntime")
    choice = chosen(name, "rus+eng", tessdata)
    assert choice.spec.name == "tesseract"
    assert choice.spec.options == {"languages": "rus+eng", "tessdata": str(tessdata)}
    assert choice.warnings == ()


def test_rapidocr_is_taken_with_one_warning_that_names_what_it_cannot_read(installed: Installed, tessdata: Path) -> None:
    installed("tesserocr", "rapidocr", "onnxruntime")
    choice = chosen("auto", "rus+eng+ukr", tessdata)
    assert choice.spec.name == "rapidocr"
    (warning,) = choice.warnings
    assert "cannot read rus, ukr:" in warning
    assert "ukr.traineddata" in warning


def test_rapidocr_reads_latin_script_without_a_warning(installed: Installed) -> None:
    installed("rapidocr", "onnxruntime")
    assert chosen("auto", "eng+deu+chi_sim", None) == Choice(choosing.EngineSpec("rapidocr"))


def test_a_warning_names_the_package_to_install(installed: Installed) -> None:
    installed("tesserocr", "rapidocr", "onnxruntime")
    (warning,) = chosen("auto", "rus", None).warnings
    assert "apt-get install tesseract-ocr-rus" in warning
    installed("rapidocr", "onnxruntime")
    (warning,) = chosen("auto", "rus", None).warnings
    assert "paddleocr-watcher[cpu]" in warning


@pytest.mark.parametrize(
    ("packages", "name", "languages", "text"),
    [
        ((), "auto", "eng", r"pip install 'paddleocr-watcher\[cpu\]'"),
        (("tesserocr",), "auto", "ukr", "apt-get install tesseract-ocr-ukr"),
        (("tesserocr",), "tesseract", "chi_sim", "apt-get install tesseract-ocr-chi-sim"),
        ((), "tesseract", "eng", "needs tesserocr"),
        (("rapidocr",), "rapidocr", "eng", "needs onnxruntime"),
        (("tesserocr", "rapidocr", "onnxruntime"), "nonesuch", "eng", "auto, paddleocr-vl, tesseract, rapidocr, fake"),
    ],
)
def test_what_cannot_run_is_refused_with_what_to_do(
    installed: Installed, packages: tuple[str, ...], name: str, languages: str, text: str
) -> None:
    installed(*packages)
    with pytest.raises(EngineNotFoundError, match=text):
        chosen(name, languages, None)


def test_a_given_folder_is_the_only_one_searched(installed: Installed, tessdata: Path, tmp_path: Path) -> None:
    installed("tesserocr")
    with pytest.raises(EngineNotFoundError, match=r"put rus.traineddata into .*empty"):
        chosen("tesseract", "rus", tmp_path / "empty", usual_folders=(str(tessdata),))


@pytest.mark.parametrize("prefix", ["", "tessdata"])
def test_tessdata_prefix_is_the_folder_or_the_one_above_it(installed: Installed, tessdata: Path, prefix: str) -> None:
    installed("tesserocr")
    choice = chosen("tesseract", "rus", None, environ={"TESSDATA_PREFIX": str(tessdata.parent / prefix)})
    assert choice.spec.options["tessdata"] == str(tessdata)


def test_of_the_usual_folders_the_one_with_all_languages_is_taken(installed: Installed, tessdata: Path, tmp_path: Path) -> None:
    installed("tesserocr")
    older = tmp_path / "other"
    older.mkdir()
    (older / "eng.traineddata").touch()
    choice = chosen("tesseract", "eng+rus", None, usual_folders=(str(older), f"{tessdata.parent}/tess*"))
    assert choice.spec.options["tessdata"] == str(tessdata)


def test_the_stand_in_says_that_it_reads_nothing(installed: Installed) -> None:
    installed()
    (warning,) = chosen("fake", "eng", None).warnings
    assert "reads nothing" in warning


def test_every_registered_engine_tells_what_it_needs() -> None:
    assert set(choosing._PACKAGES) == set(MODULES)


def test_choosing_imports_no_framework() -> None:
    program = (
        "import sys; from pathlib import Path; from watcher.engines.choose import choose; import watcher.engines.recogniser\n"
        "choose('auto', 'eng', None)\n"
        "print(sorted({'tesserocr', 'rapidocr', 'onnxruntime', 'cv2', 'numpy', 'paddle', 'paddleocr'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
