"""What a document wants to be in the browser, and stays: text."""

from __future__ import annotations

import pytest
from browser.chromium import Browser
from browser.conftest import Open
from browser.results import block, page

from watcher.domain.page import PageStatus, TextFormat

ATTACKS = [
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "</style><style>body { display: none }</style>",
    "</title><img src=x onerror='window.hacked = 1'>",
    '"><svg onload="window.hacked = 1">',
    "' onfocus='window.hacked = 1' autofocus tabindex='0",
    "<a href='javascript:window.hacked = 1'>click</a>",
    "[click](javascript:window.hacked=1)",
    "[click]: javascript:window.hacked=1",
    "<javascript:window.hacked=1>",
    "![x](https://example.com/x.png)",
    "<meta http-equiv=refresh content='0; url=https://example.com/'>",
    "<base href='https://example.com/'>",
    "<iframe src='https://example.com/'></iframe>",
    "<link rel=stylesheet href='https://example.com/x.css'>",
    "<form action='https://example.com/'><input autofocus onfocus='window.hacked = 1'></form>",
    "<style>* { background: url(https://example.com/x) }</style>",
    "<div style='position:fixed;inset:0;background:url(https://example.com/x)'>over all</div>",
    "<table><tr><td style='position:fixed' onclick='window.hacked = 1'><script>window.hacked = 1</script>cell</td></tr></table>",
    "<table><tr><td>$\\href{javascript:window.hacked=1}{x}$</td></tr></table>",
    "<math><mtext><table><mglyph><style><img src=x onerror='window.hacked = 1'>",
    "<svg><a xlink:href='javascript:window.hacked = 1'><rect width=999 height=999></a></svg>",
    r"\href{javascript:window.hacked=1}{x}",
    r"\text{</mtext></math><img src=x onerror='window.hacked = 1'>}",
    r"\html{<img src=x onerror='window.hacked = 1'>} \htmlClass{lit}{x} \style{position:fixed}{x}",
    r"$\text{<img src=x onerror='window.hacked = 1'>}$ $\href{javascript:window.hacked=1}{x}$",
    r"\includegraphics{https://example.com/x.png}",
    r"\def\a{\a\a}\a",
    "<!-- --><!--",
    "{{ 7 * 7 }} {% raw %}",
    "]]><script>window.hacked = 1</script>",
]


@pytest.mark.parametrize("kind", TextFormat)
def test_text_of_a_document_neither_runs_nor_loads_nor_leads_elsewhere(browser: Browser, open_result: Open, kind: TextFormat) -> None:
    pages = [
        page(
            number,
            block(0, attack, format=kind, label=attack, missing=attack),
            block(1, "after it", label="doc_title"),
            status=PageStatus.TRUNCATED,
            note=attack,
        )
        for number, attack in enumerate(ATTACKS, 1)
    ]
    open_result(*pages, name="".join(ATTACKS))

    browser.script(
        "document.querySelectorAll('article *, rect').forEach((element) => element.dispatchEvent(new MouseEvent('click', {bubbles: true})))"
    )
    assert browser.script("return window.hacked") is None
    assert browser.texts("article h3") == ["after it"] * len(ATTACKS)
    assert browser.script("return document.querySelectorAll('script, style, meta, base, link, iframe, form').length") == 7
    assert browser.script("return [...document.querySelectorAll('[style], [xlink\\\\:href]')].length") == 0
    assert set(browser.script("return [...document.images].map((image) => image.getAttribute('src').split('/')[0])")) == {"pages"}
    targets = browser.script("return [...document.querySelectorAll('[href]')].map((element) => element.getAttribute('href'))")
    assert [target for target in targets if not target.startswith(("#", "document.", "manifest."))] == []
    if kind is TextFormat.PLAIN:
        assert browser.texts("article p.body") == ATTACKS


def test_the_policy_stops_what_would_come_in_all_the_same(browser: Browser, open_result: Open) -> None:
    open_result(page(1, block(0, "a")))
    browser.script(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.hacked = 1' }));"
        "document.body.append(Object.assign(document.createElement('img'), { src: 'https://example.com/x.png' }));"
        "document.body.insertAdjacentHTML('beforeend', '<p id=styled style=\"color: rgb(1, 2, 3)\" onclick=\"window.hacked = 1\">x</p>')"
    )
    browser.script("document.getElementById('styled').click()")
    assert browser.script("return window.hacked") is None
    assert browser.style("#styled", "color") != "rgba(1, 2, 3, 1)"
    browser.until(lambda: browser.script("return document.images[document.images.length - 1].complete"))
    assert all("Content Security Policy" in line for line in browser.console())
    assert "https://example.com/x.png" not in browser.requests()
