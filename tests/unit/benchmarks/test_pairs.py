"""What the figures of a row are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.pairs import Pairs, measure_pairs
from benchmarks.row import NotMeasuredError, Plan, Result, at_least, at_most
from benchmarks.table import cells, markdown_table, short


def no_server():
    raise NotMeasuredError("no server here")


def test_each_pair_is_measured_one_right_after_the_other(tmp_path: Path) -> None:
    order: list[str] = []
    ours, plain = iter([10.0, 30.0]), iter([5.0, 10.0])

    def measure_ours() -> float:
        order.append("ours")
        return next(ours)

    def measure_plain() -> float:
        order.append("plain")
        return next(plain)

    plan = Plan(2, False, tmp_path, order.append, no_server)
    pairs = measure_pairs(plan, "row", measure_ours, measure_plain)
    assert pairs.ratios == (2.0, 3.0)
    assert [step for step in order if not step.startswith("row")] == ["ours", "plain"] * 2
    assert [step for step in order if step.startswith("row: pair 2 of 2")] == [
        "row: pair 2 of 2, ours",
        "row: pair 2 of 2, plain (30 ours)",
    ]


def test_a_result_keeps_both_sides_of_its_ratios() -> None:
    result = Pairs((10.0, 30.0, 20.0), (10.0, 10.0, 10.0)).result("folder", "a loop", "documents/s", at_least(2), {"requests": (11.0,)})
    assert (result.middle, result.spread, result.reached) == (2.0, (1.0, 3.0), True)
    assert result.measured == {"ours, documents/s": (10, 30, 20), "plain, documents/s": (10, 10, 10), "requests": (11,)}


@pytest.mark.parametrize(
    ("goal", "figures", "reached"),
    [
        (at_least(2), (1.0, 2.0, 9.0), True),
        (at_least(2), (1.0, 1.9, 9.0), False),
        (at_most(1.05), (1.0, 1.05, 9.0), True),
        (at_most(1.05), (1.0, 1.06, 1.07), False),
        (at_most(1.05), (), None),
        (None, (1.0,), None),
    ],
)
def test_the_median_decides_whether_a_goal_is_reached(goal, figures, reached) -> None:
    assert Result(name="row", goal=goal, figures=figures).reached is reached


def test_a_line_tells_the_median_the_spread_and_the_goal() -> None:
    result = Result(name="drop to claimed", against="", figures=(1.91, 2.0, 2.34567), unit="s", goal=at_most(2.04))
    assert cells(result) == ("drop to claimed", "-", "2 s (1.91 to 2.35, 3 runs)", "<= 2.04 s", "yes")


def test_a_row_that_could_not_be_measured_says_why_in_place_of_a_figure() -> None:
    assert cells(Result(name="server", not_measured="no PaddleOCR")) == ("server", "-", "not measured: no PaddleOCR", "-", "-")


def test_in_markdown_no_text_breaks_out_of_its_cell() -> None:
    text = markdown_table([Result(name="a|b", figures=(1.0,))])
    assert text.splitlines()[-1] == "| a\\|b | - | 1 (measured once) | - | - |"


@pytest.mark.parametrize(("figure", "text"), [(0.0217, "0.0217"), (1.0, "1"), (1.046, "1.05"), (123.4, "123"), (1234567.0, "1234567")])
def test_three_digits_count(figure: float, text: str) -> None:
    assert short(figure) == text
