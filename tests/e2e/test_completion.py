"""A real bash completes what people begin to type."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.clocks import START
from doubles.failed import fail
from servers.daemon import WATCHER, command, environment, folder_environment
from servers.terminal import PROMPT, Terminal, bash

from watcher.domain.document import Layout
from watcher.opening import utc_now
from watcher.storage.folder import FolderStore

HERE = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # no shell started the tests
CLEAR = "\x15"  # Ctrl-U
NAME = "Договоры/страница №1.pdf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = FolderStore(tmp_path / "data", None, 0, utc_now)
    store.put(f"processed/{NAME}/index.html", b"", "")
    store.put("processed/$(touch pwned).pdf/index.html", b"", "")
    fail(store, Layout(), "scans/broken.pdf", "corrupt_pdf", START)
    return tmp_path / "data"


@pytest.fixture
def terminal(folder: Path, tmp_path: Path) -> Iterator[Terminal]:
    shown = command("--show-completion", "bash", **HERE)
    assert shown.returncode == 0, shown.stderr
    script = tmp_path / "completion.sh"
    script.write_text(f"{shown.stdout}\nPS1='{PROMPT}'\n")
    changes = {**folder_environment(folder), "PATH": f"{Path(WATCHER).parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    with bash(script, tmp_path, environment(changes)) as one:
        yield one


def test_commands_options_codes_and_names_are_completed(terminal: Terminal, tmp_path: Path) -> None:
    for typed, completed in (
        ("watcher sta", "watcher status "),
        ("watcher status --conf", "watcher status --config "),
        ("watcher retry --code encr", "watcher retry --code encrypted_pdf "),
        ("watcher retry sc", "watcher retry scans/broken.pdf "),
        ("watcher get Дог", f"watcher get {NAME.replace(' ', chr(92) + ' ')} "),
        ("watcher get 'Дог", f"watcher get '{NAME}' "),
        ("watcher redo Договоры/страница\\ ", f"watcher redo {NAME.replace(' ', chr(92) + ' ')} "),
    ):
        terminal.press(typed + "\t")
        terminal.read_until(completed)
        terminal.press(CLEAR)
    terminal.press("watcher get $\t\t" + CLEAR + "echo over\n")
    terminal.read_until("over\r\n")
    assert not (tmp_path / "pwned").exists()


def test_it_can_be_installed_for_good(tmp_path: Path) -> None:
    installed = command("--install-completion", "bash", **HERE, HOME=str(tmp_path))
    assert installed.returncode == 0, installed.stderr
    assert "complete_bash" in (tmp_path / ".bash_completions" / "watcher.sh").read_text()
    assert ".bash_completions/watcher.sh" in (tmp_path / ".bashrc").read_text()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_given_a_script_of_theirs(shell: str) -> None:
    shown = command("--show-completion", shell, **HERE)
    assert shown.returncode == 0, shown.stderr
    assert f"complete_{shell}" in shown.stdout
