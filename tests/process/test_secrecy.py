"""What children may read of the process that started them, without the right to trace others that root has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from doubles.model_servers import wait_until
from doubles.rights import drop_right_to_look

from watcher.workers.secrecy import forget_secrets

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


@contextmanager
def parent(how: str) -> Iterator[dict[str, Any]]:
    """What the program told, while it lives; killed at the end."""
    script = Path(__file__).with_name("secretive_parent.py")
    environment = {**os.environ, "PYTHONPATH": str(script.parent.parent), "CLOUDRU_S3_SECRET_KEY": "made-up"}
    process = subprocess.Popen(
        [sys.executable, str(script), how], stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=drop_right_to_look
    )
    assert process.stdout
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_children_read_neither_environment_nor_memory_of_a_parent_that_keeps_its_secrets() -> None:
    with parent("trusts-all") as told:
        if "environ" not in told["found"]:
            pytest.skip("this system shows no process the environment of another")
    with parent("keeps-secrets") as told:
        assert told["found"] == []


def test_a_parent_that_keeps_its_secrets_still_sees_its_children_and_they_die_with_it() -> None:
    with parent("keeps-secrets") as told:
        assert told["child_bytes"] > 1024**2
        assert psutil.pid_exists(told["child"])
    wait_until(lambda: not psutil.pid_exists(told["child"]))


def test_all_keys_are_forgotten_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLOUDRU_S3_SECRET_KEY", "CLOUDRU_API_KEY", "WATCHER_OCR__SERVER__API_KEY", "WATCHER_OCR__ENGINE", "UNRELATED_CLOUD"):
        monkeypatch.setenv(name, "made-up")
    forget_secrets()
    left = {name for name, value in os.environ.items() if value == "made-up"}
    assert left == {"WATCHER_OCR__ENGINE", "UNRELATED_CLOUD"}
