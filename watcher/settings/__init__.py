"""The settings: `load_settings` reads them, everything else takes their values."""

from watcher.settings.ocr import MODEL_SERVERS, Ocr, OcrServer
from watcher.settings.s3 import S3, ignored_variables
from watcher.settings.sources import load_settings
from watcher.settings.tables import (
    Claims,
    Http,
    Layout,
    Limits,
    LocalOutput,
    Log,
    Render,
    Results,
    Retention,
    Settings,
    Storage,
    Watch,
)
from watcher.settings.wording import SettingsError

__all__ = [
    "MODEL_SERVERS",
    "S3",
    "Claims",
    "Http",
    "Layout",
    "Limits",
    "LocalOutput",
    "Log",
    "Ocr",
    "OcrServer",
    "Render",
    "Results",
    "Retention",
    "Settings",
    "SettingsError",
    "Storage",
    "Watch",
    "ignored_variables",
    "load_settings",
]
