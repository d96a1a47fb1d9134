"""Every example that the help shows is typed into a shell, on a folder with documents in each state."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from documents.pdf import BLACK_SQUARE, PdfPage, pdf
from servers.daemon import WATCHER, command, environment, folder_environment, running
from servers.terminal import PROMPT, bash

from watcher.cli.examples import EXAMPLES

SAMPLES = Path(__file__).parents[2] / "samples"
LINES = [example.line for examples in EXAMPLES.values() for example in examples]
ENDLESS = {
    "watcher run": "engine_ready",
    "watcher run --config watcher.toml": "engine_ready",
    "watcher status --watch": "finished",
}
"""Those that go on until Ctrl-C, and what they show before it."""
ON_A_BUCKET = ("watcher doctor --policy --principal arn:aws:iam:::user/reader",)
"""A folder has no policy; nobody is asked for this one."""
SETTINGS = {
    "WATCHER_STORAGE__SETTLE_SECONDS": "0",
    "WATCHER_OCR__ENGINE": "fake",
    "WATCHER_WATCH__POLL_SECONDS": "0.2",
    "PATH": f"{Path(WATCHER).parent}:{os.environ['PATH']}",
    "LC_ALL": "C.UTF-8",
}
BUCKET = {
    "CLOUDRU_S3_ENDPOINT": "http://127.0.0.1:9",
    "CLOUDRU_S3_BUCKET": "scans",
    "CLOUDRU_S3_ACCESS_KEY": "test",
    "CLOUDRU_S3_SECRET_KEY": "test",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person's folder with `data` in it: letter.pdf and scans/contract.pdf are finished, two more in scans failed, and lie there no longer."""
    folder = tmp_path_factory.mktemp("examples") / "office"
    (folder / "scans").mkdir(parents=True)
    shutil.copy(SAMPLES / "table-two-pages.pdf", folder / "letter.pdf")
    shutil.copy(SAMPLES / "russian-page.png", folder / "scans" / "contract.pdf")  # its content counts
    failing = {
        "broken.pdf": (SAMPLES / "table-two-pages.pdf").read_bytes()[:2000],
        "locked.pdf": pdf([PdfPage(BLACK_SQUARE)], password="x"),
    }
    for name, body in failing.items():
        (folder / "scans" / name).write_bytes(body)
    (folder / "watcher.toml").write_text("[watch]\ndocuments = 1\n")
    changes = {**SETTINGS, **folder_environment(folder / "data")}
    assert command("put", folder / "scans", folder / "letter.pdf", **changes).returncode == 0
    assert command("run", "--drain", **changes).returncode == 3
    for name in failing:
        (folder / "scans" / name).unlink()
    return folder


@pytest.fixture
def here(office: Path, tmp_path: Path) -> Path:
    """A copy of it for each example."""
    return Path(shutil.copytree(office, tmp_path / "office"))


@pytest.fixture
def changes(here: Path) -> dict[str, str]:
    return {**SETTINGS, **folder_environment(here / "data")}


@pytest.mark.parametrize("line", [line for line in LINES if line not in ENDLESS])
def test_an_example_does_what_it_says_without_a_complaint(line: str, here: Path, changes: dict[str, str]) -> None:
    with ExitStack() as stack:
        if "--wait" in line:
            stack.enter_context(running(here / "log", **changes))
        given = environment({**changes, **(BUCKET if line in ON_A_BUCKET else {})})
        run = subprocess.run(["bash", "-c", line], cwd=here, env=given, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout or run.stderr or line == "watcher run --drain"


@pytest.mark.parametrize("line", ENDLESS)
def test_an_example_that_has_no_end_goes_on_until_ctrl_c(line: str, here: Path, changes: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "rc").write_text(f"PS1='{PROMPT}'\n")
    with bash(tmp_path / "rc", here, environment({**changes, "TERM": "xterm"})) as terminal:
        terminal.press(f"{line}\n")
        terminal.read_until(ENDLESS[line])
        terminal.press("\x03")
        terminal.read_until(PROMPT)


def test_every_example_is_run() -> None:
    assert set(ENDLESS) | set(ON_A_BUCKET) <= set(LINES)
    assert len(LINES) == len(set(LINES))
