"""What loading refuses, what it says, and what it keeps to itself; and what is done where memory is short."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from doubles.paddle_folders import language_model, layout_model
from doubles.paddle_reader import Draw, MakeReader, Reader, engine_options, models, server_options
from servers.scripted_model import Script

from watcher.engines import child
from watcher.engines.paddle.choice import PaddleMissingError, PaddleWanted, find_paddle
from watcher.engines.paddle.models import search
from watcher.engines.paddle.package import abilities, is_cpu_build, package_folder
from watcher.engines.port import EngineMemoryError, EngineSpec
from watcher.workers.pool import ChildUnstartableError

ONE = [("text", 0.1, 0.1, 0.9, 0.3)]
OLD = version("paddleocr").startswith("3.3.")


def test_what_is_read_in_the_source_is_what_the_package_has() -> None:
    """The one file that is looked at before anything is imported, against the package itself."""
    program = (
        "import inspect, json, paddleocr; from paddleocr._pipelines import paddleocr_vl as module;"
        "parameters = list(inspect.signature(paddleocr.PaddleOCRVL.__init__).parameters);"
        "print(json.dumps([getattr(module, '_AVAILABLE_PIPELINE_VERSIONS', ['v1']), parameters]))"
    )
    environ = {"PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True", "PATH": "/usr/bin:/bin"}
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120, env=environ).stdout
    versions, parameters = json.loads(told.splitlines()[-1])
    folder = package_folder()
    assert folder is not None
    known = abilities(folder)
    assert known is not None
    assert list(known.versions) == versions
    assert known.parameters == set(parameters) - {"kwargs"}


def test_the_paddle_of_these_environments_is_known_to_be_for_the_cpu() -> None:
    assert is_cpu_build()
    assert not find_paddle(PaddleWanted(models=models(ONE), devices=("gpu:0",)), package_folder(), {}, cpu_build=is_cpu_build()).suits


def test_the_newest_version_that_is_installed_is_chosen_among_those_on_the_disk() -> None:
    found = find_paddle(PaddleWanted(models=models(ONE)), package_folder(), {})
    assert found.models.version == ("v1" if OLD else "v1.6")


@pytest.mark.skipif(not OLD, reason="this paddleocr knows all versions")
def test_models_that_are_too_new_are_an_error_that_names_both_sides(tmp_path: Path) -> None:
    layout_model(tmp_path, "PP-DocLayoutV3")
    language_model(tmp_path, "PaddleOCR-VL-1.6")
    with pytest.raises(PaddleMissingError, match=r"reads with models of v1, and those on the disk are of v1\.6"):
        find_paddle(PaddleWanted(models=tmp_path), package_folder(), {})
    reader = Reader({**engine_options(models(ONE), "v1"), "version": "v1.6"})
    try:
        with pytest.raises(
            ChildUnstartableError, match=r"paddleocr 3\.3\.\d+ reads with models of v1 alone, and those of v1\.6 were chosen"
        ):
            reader.info()
    finally:
        reader.close()


def test_the_stand_ins_count_as_whole_models(release: str) -> None:
    assert search([models(ONE)], release, needs_language=True).faults == ()


def test_a_server_that_does_not_answer_is_noticed_while_loading(newest: str) -> None:
    options = engine_options(models(ONE), newest, "http://127.0.0.1:9/v1", server=server_options("http://127.0.0.1:9/v1"))
    reader = Reader(options)
    try:
        with pytest.raises(ChildUnstartableError, match="EngineWaitError"):
            reader.info()
    finally:
        reader.close()


def test_a_version_that_hides_its_answers_is_refused(newest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "load", load_unknown)
    reader = Reader(engine_options(models(ONE), newest))
    try:
        with pytest.raises(
            ChildUnstartableError, match=r"is not known: module has no cut_repetition\. Install a version from 3\.3 to 3\.7"
        ):
            reader.info()
    finally:
        reader.close()


_load = child.load


def load_unknown(spec: EngineSpec) -> None:
    """In the child: as if PaddleX's function had another name."""
    from watcher.engines.paddle import pipeline as paddle_pipeline

    paddle_pipeline._TRUNCATE = "cut_repetition"
    _load(spec)


def test_pages_that_need_too_much_memory_are_read_with_fewer_pixels(
    open_reader: MakeReader, script: Script, newest: str, draw: Draw
) -> None:
    """A stand-in for a GPU whose memory ends: the pipeline raises as Paddle does where the pages of a call have too many pixels."""
    reader = open_reader(newest, ONE, script.url, max_new_tokens=20)
    reader.call(bound_pixels, 600 * 800)
    small, large, larger = draw(), draw(size=(1000, 800)), draw(size=(3000, 3000))
    readings = reader.read(small, large, small)
    assert [reading.remarks for reading in readings] == [(), ("read at 71% of its resolution: the GPU's memory was not enough",), ()]
    assert readings[1].blocks[0].box == pytest.approx((100, 80, 900, 240), abs=2)
    assert [reading.blocks[0].text for reading in readings] == ["words"] * 3
    with pytest.raises(EngineMemoryError):
        reader.read(small, larger)
    assert len(reader.read(small)[0].blocks) == 1


def bound_pixels(most: int) -> None:
    """In the child."""
    paddle = child._engine._pipeline._paddle  # type: ignore[union-attr]
    predict = paddle.predict_iter

    class ResourceExhaustedError(Exception):
        """As Paddle's, which has no type in Python."""

    def bounded(images: list[Any], **options: object) -> Any:
        if sum(image.shape[0] * image.shape[1] for image in images) > most:
            raise ResourceExhaustedError("Out of memory error on GPU 0. Cannot allocate 2.0GB memory on GPU 0")
        return predict(images, **options)

    paddle.predict_iter = bounded


def test_nothing_is_written_to_the_daemons_log_lines(newest: str, draw: Draw, capfd: pytest.CaptureFixture[str]) -> None:
    """From the first import until the child is ended by SIGTERM."""
    reader = Reader(engine_options(models(ONE), newest))
    try:
        assert reader.read(draw())
    finally:
        reader.close()
    assert capfd.readouterr() == ("", "")
