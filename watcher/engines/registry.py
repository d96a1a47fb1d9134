"""The engines there are: name and module. An engine is added here, as `load(**options) -> Engine` in a module of its own."""

from __future__ import annotations

from importlib import import_module

from watcher.engines.port import Engine, EngineSpec

MODULES = {
    "paddleocr-vl": "watcher.engines.paddle.engine",
    "tesseract": "watcher.engines.tesseract",
    "rapidocr": "watcher.engines.rapid",
    "fake": "watcher.engines.fake",
}


def build(spec: EngineSpec) -> Engine:
    """Only for child processes: imports the engine's framework. Raises whatever that, or loading its models, raises."""
    engine: Engine = import_module(MODULES[spec.name]).load(**spec.options)
    return engine
