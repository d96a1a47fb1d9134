from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.results.preview_formulas import Formulas
from watcher.results.preview_markup import formula, marked

TEX = st.lists(
    st.sampled_from(
        ["{", "}", "\\frac", "\\left(", "\\right)", "^", "_", "x", "&", "\\\\", "\\begin{matrix}", "\\end{matrix}", "\\sqrt[", "]", "\\text{", "$", "<",
         "\\href{javascript:x}", "\\style{color:red}", "\\class{a}", "\\color{", "\\not", "\\over", "\\limits", "'", "%", "\\hspace{9em}", "\\tag{1}", "я"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


def drawn(tex: str) -> ElementTree.Element:
    mathml = Formulas().mathml(tex, display=True)
    assert mathml is not None
    return ElementTree.fromstring(mathml)


def tags(tex: str) -> list[str]:
    return [node.tag.rpartition("}")[2] for node in drawn(tex).iter()]


@pytest.mark.parametrize("environment", ["aligned", "align", "align*", "split"])
def test_lines_that_belong_together_become_a_table_without_numbers_of_ours(environment: str) -> None:
    tex = rf"\begin{{{environment}}} a &= b \\ c &= d \end{{{environment}}}"
    assert tags(tex).count("mtd") == 4
    assert "mlabeledtr" not in tags(tex)
    assert "".join(drawn(tex).itertext()).split() == ["a=bc=d"]


def test_an_operator_that_a_model_wrote_with_spaces_is_one_word() -> None:
    assert "lim" in [node.text for node in drawn(r"\operatorname { l i m } x").iter()]


def test_a_limit_stands_below_and_a_number_apart() -> None:
    assert "munder" in tags(r"\lim_{n \to \infty} a_n")
    assert [node.text for node in drawn(r"x \tag{1.2}").iter() if node.text][-1] == "(1.2)"
    assert "mspace" in tags(r"x \tag{1.2}")


@pytest.mark.parametrize(
    "tex",
    ["", " ", r"\frac{a}{", r"\left( x", "x^2^3", r"\begin{a}x\end{b}", "{" * 41 + "x" + "}" * 41, r"\sqrt" * 5000, "_" * 5000],
)
def test_what_is_no_formula_is_refused(tex: str) -> None:
    assert Formulas().mathml(tex, display=True) is None


@pytest.mark.parametrize(
    "tex",
    [r"\def\a{\a\a}\a", r"\newcommand{\a}{b}\a", r"\let\a=b\a", r"\DeclareMathOperator{\a}{b}"],
)
def test_what_could_grow_without_bound_is_refused(tex: str) -> None:
    assert Formulas().mathml(tex, display=True) is None


def test_a_page_has_its_share_of_formulas_and_no_more() -> None:
    formulas = Formulas()
    sizes = [formulas.mathml("x+" * 4000 + "x", display=False) is not None for _ in range(4)]
    assert sizes == [True, True, False, False]
    assert formulas.mathml("x", display=False) is not None
    assert Formulas().mathml("x+" * 50_000, display=False) is None


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(//a.b)}{x}",
        r"\class{lit}{x}",
        r"\color{red}{x}",
        r"\text{<img src=y onerror=z>} x",
        r"\text{&#x3c;script>} x",
        r"x \hspace{9999em} \rule{9999em}{9999em}",
    ],
)
def test_nothing_that_acts_or_leads_away_comes_through(tex: str) -> None:
    html = str(formula(tex, Formulas()))
    assert "x</mi>" in html
    assert not re.search(r"href|style=|class=|color|<img|<script|9999|height", html.replace("mathcolor", "color"))


@settings(max_examples=300, deadline=None)
@given(TEX)
def test_any_tex_gives_well_formed_mathml_or_none_and_the_same_each_time(tex: str) -> None:
    one, other = Formulas().mathml(tex, display=True), Formulas().mathml(tex, display=True)
    assert one == other
    assert one is None or ElementTree.fromstring(one).tag.endswith("math")
    assert not re.search(r"<(script|img|a)\b|javascript:[^<]*\"", str(marked(f"${tex}$", Formulas())))
