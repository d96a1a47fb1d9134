"""Help texts: whole, with examples, readable on a small terminal, and the same as docs/commands.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from watcher.cli.examples import EXAMPLES
from watcher.cli.main import EXIT_CODES, app
from watcher.cli.render import as_markdown
from watcher.domain import exits
from watcher.domain.errors import ErrorCode

ROOT = Path(__file__).parents[3]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # of typer's group


def shown(*arguments: str) -> list[str]:
    """On a terminal of 80 columns."""
    run = CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80", "NO_COLOR": "1"})
    assert run.exit_code == 0, run.output
    return [line.strip() for line in run.stdout.splitlines()]


def test_page_of_commands_is_up_to_date() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert page == as_markdown(), "run: python -m watcher.cli.render > docs/commands.md"


def test_page_has_every_command_option_and_example() -> None:
    page = as_markdown()
    for name, command in COMMANDS.items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        options = {option for param in command.params for option in param.opts if option.startswith("--") and option != "--help"}
        assert options <= set(re.findall(r"--[a-z-]+", section)), name
        assert all(f"\n{example.line} " in section for example in EXAMPLES[name]), name


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_ends_with_its_examples_each_on_one_line(name: str) -> None:
    lines = shown(name)
    assert max(map(len, lines)) <= 80
    examples = lines[lines.index("Examples:") :]
    assert EXAMPLES[name]
    for example in EXAMPLES[name]:
        assert example.line.startswith(f"watcher {name}")
        assert examples[examples.index(example.line) + 1] == example.does


@pytest.mark.parametrize("name", COMMANDS)
def test_what_an_example_shows_is_no_markup(name: str) -> None:
    assert not any(character in f"{example.line}{example.does}" for example in EXAMPLES[name] for character in "[]|`")


def test_no_examples_are_left_of_commands_that_are_gone() -> None:
    assert set(EXAMPLES) == set(COMMANDS)


def test_help_groups_the_commands_and_tells_settings_and_exit_codes() -> None:
    lines = shown()
    text = "\n".join(lines)
    assert max(map(len, lines)) <= 80
    assert "─ Commands ─" not in text  # each command is in a group with a name
    for group in ("Documents", "When something is wrong", "The service"):
        assert f"─ {group} ─" in text
    for name in COMMANDS:
        assert re.search(rf"│ {name} +\w", text)
    for word in ("CLOUDRU_S3_ENDPOINT", "WATCHER_STORAGE__FOLDER", "WATCHER_CONFIG", "WATCHER_TABLE__NAME"):
        assert word in text
    codes = dict(re.findall(r"^(\d)   (.+)$", text, re.MULTILINE))
    assert codes == {str(code): meaning for code, meaning in EXIT_CODES.items()}


def test_every_exit_code_is_told() -> None:
    assert {value for name, value in vars(exits).items() if name.isupper()} <= EXIT_CODES.keys()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["put", "x", "--timeout", "5"], "--timeout goes with --wait"),
        (["put", "x", "--wait", "--timeout", "-1"], "greater than or equal to 0"),
        (["get"], "KEY"),
        (["get", "a.pdf", "out", "--markdown"], "leave DIR and --force out"),
        (["get", "a.pdf", "--force", "--markdown"], "leave DIR and --force out"),
        (["retry", "--code", "nonsense"], "nonsense"),
    ],
)
def test_wrong_arguments_are_told_and_end_with_2(arguments: list[str], words: str) -> None:
    run = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert run.exit_code == 2
    assert words in run.output


def test_codes_of_the_examples_exist() -> None:
    codes = re.findall(r"--code (\w+)", " ".join(example.line for example in EXAMPLES["retry"]))
    assert codes
    assert set(codes) <= {code.value for code in ErrorCode}
