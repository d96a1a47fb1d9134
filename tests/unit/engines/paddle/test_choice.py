"""Whether PaddleOCR-VL is chosen: by its models, by what the installed package can do, and by where its language model would run."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from doubles.paddle_folders import language_model, layout_model

from watcher.engines import choose as choosing
from watcher.engines.choose import Choice, EngineNotFoundError, choose
from watcher.engines.paddle.choice import PaddleMissingError, PaddleWanted, find_paddle, gpu_visible
from watcher.engines.paddle.package import Abilities, abilities

OLD = "class PaddleOCRVL(Base):\n    def __init__(self, layout_detection_model_dir=None, **kwargs):\n        pass\n"
NEW = (
    '_AVAILABLE_PIPELINE_VERSIONS = ["v1", "v1.5", "v1.6"]\n'
    "class PaddleOCRVL(Base):\n    def __init__(self, pipeline_version='v1.6', use_seal_recognition=None, *, more=1):\n        pass\n"
)


def package(folder: Path, source: str) -> Path:
    """An installed paddleocr, as far as it is looked at."""
    (folder / "paddleocr" / "_pipelines").mkdir(parents=True)
    (folder / "paddleocr" / "_pipelines" / "paddleocr_vl.py").write_text(source)
    return folder / "paddleocr"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    home = tmp_path / "models"
    for layout, language in (("PP-DocLayoutV2", "PaddleOCR-VL"), ("PP-DocLayoutV3", "PaddleOCR-VL-1.6")):
        layout_model(home, layout)
        language_model(home, language)
    return home


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    folder = tmp_path / "dev"
    folder.mkdir()
    (folder / "nvidia0").touch()
    return folder


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (OLD, Abilities(("v1",), frozenset({"self", "layout_detection_model_dir"}))),
        (NEW, Abilities(("v1", "v1.5", "v1.6"), frozenset({"self", "pipeline_version", "use_seal_recognition", "more"}))),
        (NEW.split("\n", 1)[1], None),
        ("class PaddleOCRVL:\n    pass\n", None),
        ("import os\n", None),
        ("def broken(:\n", None),
    ],
    ids=["3.3", "3.7", "versions unknown", "no constructor", "no class", "no Python"],
)
def test_what_the_package_can_do_is_read_in_its_source(tmp_path: Path, source: str, expected: Abilities | None) -> None:
    assert abilities(package(tmp_path, source)) == expected


def test_a_package_without_that_file_says_nothing(tmp_path: Path) -> None:
    assert abilities(tmp_path) is None


def test_the_newest_version_that_the_package_knows_is_taken_and_the_other_is_told_of(tmp_path: Path, models: Path, dev: Path) -> None:
    new = find_paddle(PaddleWanted(models=models), package(tmp_path / "new", NEW), {}, dev=dev)
    assert (new.models.version, new.warnings, new.suits) == ("v1.6", (), True)
    old = find_paddle(PaddleWanted(models=models), package(tmp_path / "old", OLD), {}, dev=dev)
    assert old.models.version == "v1"
    (warning,) = old.warnings
    assert "v1.6 is on the disk" in warning
    assert "v1 is used" in warning


def test_where_none_fits_both_sides_are_named(tmp_path: Path, models: Path, dev: Path) -> None:
    with pytest.raises(PaddleMissingError, match=r"reads with models of v1, and those on the disk are of v1\.6 \(") as raised:
        find_paddle(PaddleWanted(models=models, version="v1.6"), package(tmp_path, OLD), {}, dev=dev)
    assert str(models) in str(raised.value)


def test_a_package_that_does_not_say_is_given_the_newest(tmp_path: Path, models: Path, dev: Path) -> None:
    assert find_paddle(PaddleWanted(models=models), tmp_path, {}, dev=dev).models.version == "v1.6"


def test_seals_that_the_package_cannot_read_are_told_of(tmp_path: Path, models: Path, dev: Path) -> None:
    wanted = PaddleWanted(models=models, version="v1", seals=True)
    assert "seals stay pictures" in " ".join(find_paddle(wanted, package(tmp_path / "old", OLD), {}, dev=dev).warnings)
    assert find_paddle(wanted, package(tmp_path / "new", NEW), {}, dev=dev).warnings == ()


@pytest.mark.parametrize(
    ("devices", "backend", "gpu", "suits"),
    [
        (("auto",), "native", True, True),
        (("auto",), "native", False, False),
        (("cpu",), "native", True, False),
        (("gpu:1",), "native", False, True),
        (("cpu",), "vllm-server", False, True),
    ],
)
def test_it_suits_where_a_gpu_or_a_server_reads(
    tmp_path: Path, models: Path, dev: Path, devices: tuple[str, ...], backend: str, gpu: bool, suits: bool
) -> None:
    if not gpu:
        (dev / "nvidia0").unlink()
    found = find_paddle(PaddleWanted(backend, models=models, devices=devices), package(tmp_path, NEW), {}, dev=dev)
    assert found.suits is suits
    assert ("minutes a page" in " ".join(found.warnings)) is not suits
    assert (found.options["language"] is None) is (backend != "native")


def test_a_paddle_that_knows_no_gpu_does_not_suit_and_the_other_one_is_named(tmp_path: Path, models: Path, dev: Path) -> None:
    found = find_paddle(PaddleWanted(models=models), package(tmp_path, NEW), {}, cpu_build=True, dev=dev)
    assert not found.suits
    assert "Install paddlepaddle-gpu" in found.warnings[0]
    served = find_paddle(PaddleWanted("vllm-server", models=models), None, {}, cpu_build=True, dev=dev)
    assert (served.suits, served.warnings) == (True, ())


@pytest.mark.parametrize(
    ("environ", "visible"),
    [
        ({}, True),
        ({"CUDA_VISIBLE_DEVICES": "0,1"}, True),
        ({"CUDA_VISIBLE_DEVICES": ""}, False),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, False),
        ({"NVIDIA_VISIBLE_DEVICES": "void"}, False),
    ],
)
def test_a_gpu_is_seen_by_its_device_file_unless_it_is_hidden(dev: Path, environ: dict[str, str], visible: bool) -> None:
    assert gpu_visible(environ, dev) is visible


def test_no_gpu_is_seen_where_there_is_none(tmp_path: Path) -> None:
    assert gpu_visible({}, tmp_path) is False


class TestChoose:
    """With all packages there, or only some."""

    @pytest.fixture(autouse=True)
    def _installed(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.there = {"paddleocr", "paddle", "rapidocr", "onnxruntime"}
        monkeypatch.setattr(choosing, "find_spec", self._spec)
        monkeypatch.setattr(choosing, "package_folder", lambda: package(tmp_path, NEW) if not (tmp_path / "paddleocr").exists() else None)

    def _spec(self, name: str) -> ModuleSpec | None:
        return importlib.util.find_spec("json") if name in self.there else None

    def _choose(self, name: str, **wanted: object) -> Choice:
        return choose(name, "eng", None, paddle=PaddleWanted(**wanted), environ={"CUDA_VISIBLE_DEVICES": ""}, usual_folders=())  # type: ignore[arg-type]

    def test_auto_prefers_it_with_a_model_server(self, models: Path) -> None:
        choice = self._choose("auto", models=models, backend="vllm-server")
        assert choice.spec.name == "paddleocr-vl"
        assert choice.spec.options == {"version": "v1.6", "layout": str(models / "PP-DocLayoutV3"), "language": None}
        assert choice.facts["layout_model"] == str(models / "PP-DocLayoutV3")

    def test_auto_takes_another_engine_where_it_would_compute_on_the_cpu(self, models: Path) -> None:
        assert self._choose("auto", models=models) == Choice(choosing.EngineSpec("rapidocr"))

    def test_by_name_it_computes_on_the_cpu_with_a_warning(self, models: Path) -> None:
        choice = self._choose("paddleocr-vl", models=models)
        assert (choice.spec.name, choice.spec.options["language"]) == ("paddleocr-vl", str(models / "PaddleOCR-VL-1.6"))
        assert "minutes a page" in choice.warnings[0]

    def test_by_name_without_models_all_that_was_looked_for_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(EngineNotFoundError, match=r"PaddleOCR-VL-1\.6 and PP-DocLayoutV3.*nothing is downloaded"):
            self._choose("paddleocr-vl", models=tmp_path / "none")

    def test_auto_says_why_it_is_passed_over_where_models_were_named(self, tmp_path: Path) -> None:
        choice = self._choose("auto", models=tmp_path / "none")
        assert choice.spec.name == "rapidocr"
        assert "is installed, but is not used" in choice.warnings[0]

    def test_a_server_without_the_package_is_told_of(self) -> None:
        self.there -= {"paddle"}
        choice = self._choose("auto", backend="vllm-server")
        assert choice.spec.name == "rapidocr"
        assert "needs paddle:" in choice.warnings[0]

    def test_by_name_without_the_package_the_way_to_install_it_is_told(self) -> None:
        self.there -= {"paddleocr", "paddle"}
        with pytest.raises(EngineNotFoundError, match=r"needs paddleocr and paddle: pip install 'paddleocr-watcher\[paddle\]'"):
            self._choose("paddleocr-vl")

    @pytest.mark.parametrize(
        ("folder", "text"),
        [
            ("models", r"Use a machine with a GPU.*or set ocr\.engine = paddleocr-vl"),
            ("none", r"PP-DocLayoutV3.*, in .*none"),
        ],
        ids=["models but no GPU", "no models"],
    )
    def test_where_it_is_the_only_one_auto_says_why_it_cannot_be_used(self, models: Path, tmp_path: Path, folder: str, text: str) -> None:
        self.there = {"paddleocr", "paddle"}
        with pytest.raises(EngineNotFoundError, match=text):
            self._choose("auto", models=tmp_path / folder)
