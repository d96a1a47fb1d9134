"""The page at / in a real Chromium: what a person sees of a replica, on a desktop and a phone, in two languages, light and dark, while things go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from browser.chromium import Browser
from browser.test_hostile import ATTACKS
from doubles.health import RESTING, WELL, work

from watcher.pipeline.vitals import Work
from watcher.web import HttpServer, create_app

EIGHT = tuple(work(number, number, 40) for number in range(1, 9))


class Replica:
    """Its server, and what it tells; tests change that."""

    def __init__(self) -> None:
        self.health, self.pulse = WELL, RESTING
        self._app = create_app(lambda: self.health, bytes, lambda: self.pulse, document_names=True)
        self._server = HttpServer(self._app, "127.0.0.1", 0)
        self._server.start()
        self.origin = f"http://127.0.0.1:{self._server.port}"

    def reads(self, *works: Work) -> None:
        self.pulse = replace(RESTING, works=works, in_progress=len(works), in_inbox=1234, ended={"done": 7})

    def stop(self) -> None:
        self._server.stop()

    def start_again(self) -> None:
        self._server = HttpServer(self._app, "127.0.0.1", self._server.port)
        self._server.start()


@pytest.fixture
def replica(browser: Browser) -> Iterator[Replica]:
    replica = Replica()
    yield replica
    browser.open("about:blank")
    replica.stop()
    asked = [url for url in browser.requests() if not url.startswith(("about:", "data:"))]
    assert asked
    assert [url for url in asked if not url.startswith(f"{replica.origin}/")] == []


def texts(browser: Browser, selector: str) -> list[str]:
    """What is seen of each such element. Asked in one question: the page changes under the hands of one that asks element by element."""
    script = (
        "return [...document.querySelectorAll(arguments[0])].filter((one) => one.getClientRects().length)"
        ".map((one) => one.innerText.replace(/\\s+/g, ' ').trim())"
    )
    return [str(text) for text in browser.script(script, selector)]


def shown(browser: Browser, selector: str) -> str:
    return " ".join(texts(browser, selector))


def works(browser: Browser) -> list[str]:
    return [str(one) for one in browser.script("return [...document.querySelectorAll('.works li')].map((one) => one.id)")]


def test_a_busy_replica(browser: Browser, replica: Replica) -> None:
    replica.reads(*EIGHT)
    browser.open(replica.origin + "/")
    assert shown(browser, "h1") == "Reading documents"
    assert len(texts(browser, ".works li")) == 8
    assert shown(browser, "#work-2") == "incoming/2.pdf 2.5 MB pages read: 2 of 40 2 a minute about 19 min left for 1 min"
    assert browser.script("return [...document.querySelectorAll('progress')].map((bar) => bar.position)") == [n / 40 for n in range(1, 9)]
    assert shown(browser, ".counts .in_inbox") == "1 234 waiting in the inbox"
    assert browser.driver.title == "Reading documents · replica"


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, replica: Replica, width: int) -> None:
    replica.health = replace(WELL, replica="r" * 120, engine_version="3.7.0-" + "x" * 80)
    replica.reads(work(1, 1, 9999, key="incoming/" + "очень длинное имя " * 10 + "x" * 200 + ".pdf"), work(2, 0, 0))
    browser.window(width, 800)
    browser.open(replica.origin + "/?lang=ru")
    assert browser.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgba(241, 243, 246, 1)"), ("dark", "rgba(17, 20, 24, 1)")])
def test_light_and_dark(browser: Browser, replica: Replica, scheme: str, background: str) -> None:
    browser.prefers(scheme)
    browser.open(replica.origin + "/")
    assert browser.style("body", "background-color") == background


def test_speaks_the_readers_language_and_can_be_told_another(browser: Browser, replica: Replica) -> None:
    browser.speaks("ru-RU,ru")
    browser.open(replica.origin + "/")
    assert shown(browser, "h1") == "Служба готова"
    browser.find("footer a").click()
    browser.until(lambda: shown(browser, "h1") == "Ready")
    replica.reads(*EIGHT)
    browser.until(lambda: shown(browser, "h1") == "Reading documents")


def test_what_goes_on_is_shown_without_loading_anew_or_moving(browser: Browser, replica: Replica) -> None:
    replica.reads(*EIGHT)
    browser.window(1280, 400)
    browser.open(replica.origin + "/")
    browser.script(
        "window.kept = document.getElementById('work-5'); kept.scrollIntoView(); getSelection().selectAllChildren(kept.querySelector('bdi'))"
    )
    scrolled = browser.script("return scrollY")
    assert scrolled > 0
    ahead = replace(EIGHT[4], pages_done=30, pages_gained=30)
    replica.reads(*EIGHT[:4], ahead, *EIGHT[5:])
    browser.until(lambda: "30 of 40" in shown(browser, "#work-5"))
    assert browser.script("return scrollY") == scrolled
    replica.reads(EIGHT[0], EIGHT[2], ahead, EIGHT[7], work(9, 0, 0), work(10, 1, 2))
    browser.until(lambda: "work-10" in works(browser))
    assert works(browser) == ["work-1", "work-3", "work-5", "work-8", "work-9", "work-10"]
    assert texts(browser, ".works bdi") == [f"incoming/{number}.pdf" for number in (1, 3, 5, 8, 9, 10)]
    assert browser.script("return document.getElementById('work-5') === window.kept")
    assert browser.script("return [kept.querySelector('progress').value, String(getSelection())]") == [30, "incoming/5.pdf"]
    assert browser.script("return [...document.querySelectorAll('progress')].map((bar) => bar.matches(':indeterminate'))") == [
        *[False] * 4,
        True,
        False,
    ]
    replica.pulse = RESTING
    browser.until(lambda: texts(browser, ".nothing") == ["Nothing is being read."])
    replica.health = replace(WELL, engine_phase="failed", engine_reason="no models are there")
    browser.until(
        lambda: (
            shown(browser, "header")
            == "The engine cannot be started It is tried again and again. The log of this replica says more. No models are there"
        )
    )
    assert browser.driver.title == "The engine cannot be started · replica"
    assert browser.script("return window.kept !== undefined")


def test_a_page_without_answers_says_so_until_there_are_some(browser: Browser, replica: Replica) -> None:
    browser.open(replica.origin + "/")
    replica.stop()
    browser.until(lambda: texts(browser, "#lost") == ["This page gets no answer any more; what it shows is old."])
    replica.start_again()
    browser.until(lambda: texts(browser, "#lost") == [])
    assert all("ERR_CONNECTION_REFUSED" in line for line in browser.console())


def test_without_script_it_is_all_there_and_is_loaded_anew(browser: Browser, replica: Replica) -> None:
    browser.scripts(run=False)
    replica.reads(EIGHT[0])
    browser.open(replica.origin + "/")
    browser.until(lambda: "incoming/1.pdf" in browser.driver.page_source)  # in one question, since it may be loaded anew between two
    replica.reads(EIGHT[1])
    browser.until(lambda: "incoming/2.pdf" in browser.driver.page_source)


def test_a_hostile_name_stays_text(browser: Browser, replica: Replica) -> None:
    replica.health = replace(WELL, replica=ATTACKS[0], engine=ATTACKS[1], version=ATTACKS[3], devices={ATTACKS[4]: "ready"})
    replica.reads(*(work(number, 1, 2, key=attack) for number, attack in enumerate(ATTACKS, 1)))
    browser.open(replica.origin + "/")
    assert texts(browser, ".works bdi") == ATTACKS
    before = texts(browser, ".works bdi")
    replica.reads(*(work(number, 2, 2, key=attack) for number, attack in enumerate(ATTACKS, 1)))
    browser.until(lambda: "2 of 2" in shown(browser, "#work-1"))
    assert texts(browser, ".works bdi") == before
    assert browser.script("return window.hacked") is None
    assert browser.script("return document.querySelectorAll('script, style, img, svg, iframe, form, base, math').length") == 2


def test_the_policy_stops_what_would_come_in_all_the_same(browser: Browser, replica: Replica) -> None:
    browser.open(replica.origin + "/")
    browser.script(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.hacked = 1' }));"
        "document.body.append(Object.assign(document.createElement('img'), { src: 'https://example.com/x.png' }));"
        "document.body.insertAdjacentHTML('beforeend', '<p id=added onclick=\"window.hacked = 1\">x</p>');"
        "fetch('https://example.com/').catch(() => {})"
    )
    browser.script("document.getElementById('added').click()")
    browser.until(lambda: browser.script("return document.images[0].complete"))
    assert browser.script("return window.hacked") is None
    assert all("Content Security Policy" in line for line in browser.console())
