"""What the daemon's own process imports: hostile documents and OCR frameworks are its children's business."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHILDRENS = ("PIL", "cv2", "httpx", "numpy", "onnxruntime", "paddle", "paddleocr", "pillow_heif", "pypdfium2", "rapidocr", "tesserocr")


@pytest.mark.parametrize("module", ["watcher.cli.status", "watcher.cli.put", "watcher.cli.get", "watcher.cli.run"])
def test_no_parser_and_no_framework_is_imported(module: str) -> None:
    program = f"import sys, {module}; print(*sorted(set({CHILDRENS!r}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


DAEMONS = ("apscheduler", "boto3", "botocore", "fastapi", "jinja2", "pebble", "prometheus_client", "psutil", "structlog", "uvicorn")
"""What the daemon alone needs; of a bucket's store, what a folder does without."""


@pytest.mark.parametrize(
    ("module", "others"),
    [
        ("watcher.cli.main", ("pydantic_settings", "rich", "watcher.settings")),  # help, --version, and each Tab in a shell
        ("watcher.cli.status", ()),
        ("watcher.cli.put", ()),
        ("watcher.cli.get", ()),
    ],
)
def test_nobody_waits_for_imports_of_what_he_did_not_ask_for(module: str, others: tuple[str, ...]) -> None:
    program = f"import sys, {module}; print(*sorted(set({DAEMONS + others!r}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_status_starts_without_the_daemon() -> None:
    daemons = ("watcher.daemon", "watcher.web", "watcher.engines.choose", "fastapi", "prometheus_client", "apscheduler")
    program = f"import sys, watcher.cli.main, watcher.cli.status; print(*sorted(set({daemons!r}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
