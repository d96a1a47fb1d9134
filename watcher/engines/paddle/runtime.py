"""What PaddleOCR's packages need around them in the child: no network, no noise, a device, and its memory back."""

from __future__ import annotations

import gc
import logging
import os
import warnings
from importlib.metadata import PackageNotFoundError, version

_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "MODELSCOPE_OFFLINE": "1",
    "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",  # PaddleX 3.3 asks four hosts of models while it is imported
    "GLOG_minloglevel": "2",  # of Paddle's C++ side: errors only
}


def prepare() -> None:
    """Before the first import of a package of PaddleOCR. Their logs hold no line that our own do not, and may hold text of documents."""
    os.environ.update(_ENVIRONMENT)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def start(wanted: str) -> str:
    """Imports paddle, and names the device to compute on: `auto` is the first GPU where Paddle was built for CUDA and sees one, else the CPU."""
    import paddle

    paddle.disable_signal_handler()  # it answers SIGTERM, by which children are ended, with pages of text
    if wanted != "auto":
        return wanted
    return "gpu:0" if paddle.device.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0 else "cpu"


def settle() -> None:
    """After loading. What is loaded stays until the process ends: the collections between calls, of a million objects else, need not look at it."""
    gc.collect()
    gc.freeze()


def release(device: str) -> None:
    """Memory that nothing refers to any more, Paddle's cache of the GPU's included."""
    gc.collect()
    if device.startswith("gpu"):
        import paddle

        paddle.device.cuda.empty_cache()


def package_versions() -> dict[str, str]:
    """paddlepaddle comes under several names, one for each kind of device."""
    return {name: found for name in ("paddlex", "paddlepaddle", "paddlepaddle-gpu") if (found := _version(name))}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
