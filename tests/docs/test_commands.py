"""Every command that the pages tell people to give is run, or stands in a table with the reason why not and is checked in another way."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from docs.commands import Command, all_commands, commands, fault
from docs.markdown_pages import PAGES, ROOT, Block, Page
from docs.told import NOT_RUN, RUN, NotRun, Run, told_of
from docs.working_copy import WorkingCopy
from servers.daemon import Daemon

from docs import checks

COMMANDS = all_commands()


def given(kind: type[Run] | type[NotRun]) -> list[tuple[str, str, Run | NotRun]]:
    """Each command once, with the folder that it is given in and its line of the tables. With and without `.venv/bin/` it is the same."""
    found = {}
    for command in sorted(COMMANDS, key=lambda command: command.text):
        for told in told_of(command.text):
            if isinstance(told, kind):
                found.setdefault((command.text.removeprefix(".venv/bin/"), command.folder), (command.text, command.folder, told))
    return list(found.values())


RUNS, CHECKS = given(Run), given(NotRun)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> WorkingCopy:
    return WorkingCopy(tmp_path_factory.mktemp("docs") / "copy")


@pytest.fixture(scope="module")
def daemon(copy: WorkingCopy) -> Iterator[Daemon]:
    with copy.run() as daemon:
        yield daemon


@pytest.mark.parametrize(
    "block",
    [block for name in PAGES for block in Page(name).blocks if block.is_shell],
    ids=lambda block: f"{block.page}:{block.line}",
)
def test_each_block_is_shell(block: Block) -> None:
    assert fault(block.text) == ""


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_each_command_stands_in_one_table(command: Command) -> None:
    assert len(told_of(command.text)) == 1, f"{command}: add a line to RUN or NOT_RUN in tests/docs/told.py"


@pytest.mark.parametrize("told", [*RUN, *NOT_RUN], ids=lambda told: told.pattern)
def test_no_line_of_the_tables_is_left_over(told: Run | NotRun) -> None:
    assert [command for command in COMMANDS if told in told_of(command.text)]


@pytest.mark.parametrize(("text", "folder", "told"), RUNS, ids=[text for text, _, _ in RUNS])
def test_it_runs_and_says_what_it_should(copy: WorkingCopy, daemon: Daemon, text: str, folder: str, told: Run) -> None:
    daemon.wait_for(copy.settled)
    if told.endless:
        status, said = copy.do_until(text, daemon.port, told.says)
    else:
        status, said = copy.do(text, folder, daemon.port, dict(told.variables))
    assert status == 0, said
    assert re.search(told.says, said), said


@pytest.mark.parametrize(("text", "folder", "told"), CHECKS, ids=[text for text, _, _ in CHECKS])
def test_what_is_not_run_is_checked(text: str, folder: str, told: NotRun) -> None:
    assert told.why
    told.check(text, ROOT / folder)


@pytest.mark.parametrize("name", PAGES)
def test_commands_within_sentences_exist(name: str) -> None:
    spoken = {code for code in Page(name).inline_code if re.match(r"(watcher|make) [a-z-]", code) and "COMMAND" not in code}
    for code in spoken:
        if code.startswith("make "):
            assert re.search(rf"^{code.split()[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), code
        else:
            checks.has_such_options(code)


@pytest.mark.parametrize("name", PAGES)
def test_blocks_are_of_languages_that_are_checked(name: str) -> None:
    assert {block.language for block in Page(name).blocks} <= {"sh", "bash", "json", "toml", "yaml", "markdown", "text"}


def test_lines_are_told_apart() -> None:
    block = Block("page", 1, "sh", "a 1 # first\n\nb \\\n  2\n# alone\ncat <<E\n# kept\nE\ncd f\nfor x in 1; do\n  c $x\ndone\n")
    assert [(command.line, command.text, command.folder) for command in commands(block)] == [
        (2, "a 1", "."),
        (4, "b 2", "."),
        (7, "cat <<E\n# kept\nE", "."),
        (10, "cd f", "."),
        (11, "for x in 1; do\n  c $x\ndone", "f"),
    ]
