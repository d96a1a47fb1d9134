"""How failures of the parsing child become errors of the document or of one page. The children here are a stand-in; real ones: process tier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar, cast

import pytest

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.intake import child
from watcher.intake.parser import Parser
from watcher.intake.port import Inspection, Limits, RenderedPage, Rendering, UnrenderablePage
from watcher.workers.pool import ChildCrashedError, ChildTimeoutError, ChildUnstartableError

T = TypeVar("T")
PATH, TARGET = Path("document"), Path("drawn")
THREE_PAGES = Inspection("application/pdf", ".pdf", 3)


def out_of_memory() -> ChildCrashedError:
    error = ChildCrashedError("ran out of the memory it may use")
    error.__cause__ = MemoryError()
    return error


def page(number: int) -> RenderedPage:
    return RenderedPage(number, TARGET / f"{number}.ppm", TARGET / f"{number}.jpg", 10, 10, 72.0, None, 0.2)


class Children:
    """Fails in every call that draws one of the `guilty` pages, and in looking at files if `opening` is set. Counts the calls to draw."""

    def __init__(self, guilty: dict[int, Exception] | None = None, opening: Exception | None = None, failures: int = 1000) -> None:
        self.guilty = guilty or {}
        self.opening = opening
        self.failures = failures
        self.drawn: list[tuple[int, ...]] = []
        self.seconds: list[float] = []

    def call(self, function: Callable[..., T], *args: object, seconds: float) -> T:
        self.seconds.append(seconds)
        if function in (child.inspect, child.initialize):
            if self.opening is not None:
                raise self.opening
            return cast(T, THREE_PAGES)
        assert function is child.render
        numbers = cast("tuple[int, ...]", args[2])
        self.drawn.append(numbers)
        for number in numbers:
            if number in self.guilty and self.failures > 0:
                self.failures -= 1
                raise self.guilty[number]
        return cast(T, [page(number) for number in numbers])

    def close(self) -> None:
        pass


def render(children: Children, limits: Limits, rendering: Rendering, numbers: Sequence[int]) -> list[RenderedPage | UnrenderablePage]:
    return Parser(children, limits, rendering).render(PATH, THREE_PAGES, numbers, TARGET)


@pytest.mark.parametrize(
    ("error", "code", "details"),
    [
        (ChildCrashedError("was killed by SIGSEGV"), ErrorCode.PARSER_CRASHED, {}),
        (ChildTimeoutError("gave no answer within 30 s"), ErrorCode.PARSER_TIMEOUT, {"limit": 30}),
        (out_of_memory(), ErrorCode.PARSER_MEMORY, {"limit": 1 << 30}),
    ],
)
def test_a_child_that_fails_at_opening_condemns_the_document_for_now(
    limits: Limits, rendering: Rendering, error: Exception, code: ErrorCode, details: dict[str, object]
) -> None:
    with pytest.raises(DocumentError) as caught:
        Parser(Children(opening=error), limits, rendering).inspect(PATH)
    assert (caught.value.code, caught.value.details) == (code, details)
    assert caught.value.transient
    assert caught.value.message


@pytest.mark.parametrize("error", [DocumentError(ErrorCode.EMPTY_FILE), ChildUnstartableError("no memory"), FileNotFoundError(2, "gone")])
def test_other_errors_pass_through(limits: Limits, rendering: Rendering, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        Parser(Children(opening=error), limits, rendering).inspect(PATH)
    assert caught.value is error


@pytest.mark.parametrize(
    ("error", "lost", "sentence"),
    [
        (
            ChildCrashedError("was killed by SIGSEGV"),
            UnrenderablePage(2, "drawing the page crashes the parser", ErrorCode.PARSER_CRASHED),
            "The file crashes the program that opens it",
        ),
        (
            ChildTimeoutError("gave no answer within 90 s"),
            UnrenderablePage(2, "drawing the page took longer than 30 s", ErrorCode.PARSER_TIMEOUT, {"limit": 30}),
            "took longer than 30 s",
        ),
        (
            out_of_memory(),
            UnrenderablePage(2, "drawing the page takes more than 1073741824 bytes of memory", ErrorCode.PARSER_MEMORY, {"limit": 1 << 30}),
            "more memory than the 1073741824 bytes allowed",
        ),
    ],
)
def test_only_the_guilty_page_of_a_call_is_unrenderable(
    limits: Limits, rendering: Rendering, error: Exception, lost: UnrenderablePage, sentence: str
) -> None:
    children = Children({2: error})
    assert render(children, limits, rendering, [1, 2, 3]) == [page(1), lost, page(3)]
    assert children.drawn == [(1, 2, 3), (1,), (2,), (3,)]
    told = DocumentError(lost.code, lost.number, **lost.details)
    assert told.transient
    assert sentence in told.message


def test_a_call_has_the_time_of_all_its_pages(limits: Limits, rendering: Rendering) -> None:
    children = Children({2: ChildTimeoutError("gave no answer")}, failures=1)
    render(children, limits, rendering, [1, 2, 3])
    assert children.seconds == [90, 30, 30, 30]
    opening = Children()
    Parser(opening, limits, rendering).inspect(PATH)
    assert opening.seconds == [30]


def test_a_page_that_failed_once_only_is_drawn(limits: Limits, rendering: Rendering) -> None:
    assert render(Children({2: ChildCrashedError("killed")}, failures=1), limits, rendering, [2]) == [page(2)]


def test_pages_are_drawn_in_one_call_when_nothing_fails(limits: Limits, rendering: Rendering) -> None:
    children = Children()
    assert render(children, limits, rendering, [3, 1]) == [page(3), page(1)]
    assert children.drawn == [(3, 1)]


def test_damage_of_the_whole_file_found_while_drawing_is_the_documents(limits: Limits, rendering: Rendering) -> None:
    with pytest.raises(DocumentError) as caught:
        render(Children({1: DocumentError(ErrorCode.CORRUPT_IMAGE)}), limits, rendering, [1])
    assert caught.value.code is ErrorCode.CORRUPT_IMAGE


def test_warming_up_starts_a_child_and_leaves_it_to_documents_to_tell_of_one_that_cannot_start(
    limits: Limits, rendering: Rendering
) -> None:
    for children in (Children(), Children(opening=ChildUnstartableError("no memory"))):
        Parser(children, limits, rendering).warm_up()
        assert children.seconds == [limits.parse_seconds]
