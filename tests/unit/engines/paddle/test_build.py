"""What the installed paddle says of itself, without being imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.engines.paddle.build import PaddleBuild, paddle_build

TEXT = "import inspect\nfull_version     = '3.2.1'\ncuda_version     = {cuda!r}\nhip_version      = None\n{archs}\ndef show() -> None:\n    pass\n"


def written(folder: Path, text: str) -> Path:
    (folder / "version").mkdir()
    (folder / "version" / "__init__.py").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("cuda", "archs", "build"),
    [
        ("12.6", "compiled_cuda_archs     = [80, 90, 86]", PaddleBuild("3.2.1", "12.6", (80, 86, 90))),
        ("12.9", "compiled_cuda_archs = ['sm_120']", PaddleBuild("3.2.1", "12.9", (120,))),
        ("False", "compiled_cuda_archs     = []", PaddleBuild("3.2.1", "", ())),
        ("11.8", "", PaddleBuild("3.2.1", "11.8", ())),
    ],
)
def test_version_cuda_and_architectures_are_read(tmp_path: Path, cuda: str, archs: str, build: PaddleBuild) -> None:
    assert paddle_build(written(tmp_path, TEXT.format(cuda=cuda, archs=archs))) == build


@pytest.mark.parametrize("text", ["", "full_version = '", "raise SystemExit", "\0"])
def test_one_that_does_not_say_is_not_known(tmp_path: Path, text: str) -> None:
    assert paddle_build(written(tmp_path, text)) is None


def test_one_that_is_not_there_is_not_known(tmp_path: Path) -> None:
    assert paddle_build(tmp_path) is None
