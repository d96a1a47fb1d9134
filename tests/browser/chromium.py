"""A headless Chromium of the system's packages, and what a test asks of a page in it. Nothing is downloaded: browser and driver are named."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

SECONDS = 30
"""For the answer to any one command, and for anything a test waits for."""


class Browser:
    """One page at a time. `forget` puts it back into the state that a test expects."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def forget(self) -> None:
        self.driver.get("about:blank")
        self._cdp("Storage.clearDataForOrigin", origin="*", storageTypes="all")
        self.window(1280, 900)
        self.prefers("light")
        self.speaks("en")
        self.scripts(run=True)
        self.requests()
        self.console()

    def open(self, url: str) -> None:
        self.driver.get(url)

    def window(self, width: int, height: int) -> None:
        phone = width < 600
        self._cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self._cdp("Emulation.setTouchEmulationEnabled", enabled=phone)

    def prefers(self, scheme: str) -> None:
        self._cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def speaks(self, languages: str) -> None:
        agent = self.driver.execute_script("return navigator.userAgent")
        self._cdp("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=languages)

    def scripts(self, *, run: bool) -> None:
        """Whether pages may run scripts, as a person may forbid."""
        self._cdp("Emulation.setScriptExecutionDisabled", value=not run)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """What is seen of each such element that is seen at all."""
        return [found.text for found in self.driver.find_elements(By.CSS_SELECTOR, selector) if found.is_displayed()]

    def ids(self, selector: str) -> list[str]:
        return [str(found.get_attribute("id")) for found in self.driver.find_elements(By.CSS_SELECTOR, selector)]

    def hover(self, selector: str) -> None:
        ActionChains(self.driver).move_to_element(self.find(selector)).perform()

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def press_with_shift(self, key: str) -> None:
        ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT).perform()

    def tap(self, selector: str) -> None:
        """A finger's touch in the middle of the element, wherever that is on the screen."""
        box = self.script("const box = document.querySelector(arguments[0]).getBoundingClientRect(); return box.toJSON()", selector)
        point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        self._cdp("Input.dispatchTouchEvent", type="touchStart", touchPoints=[point])
        self._cdp("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def script(self, source: str, *arguments: object) -> Any:
        return self.driver.execute_script(source, *arguments)

    def style(self, selector: str, name: str) -> str:
        return str(self.find(selector).value_of_css_property(name))

    def seen(self, selector: str) -> bool:
        """Whether some of the element is on the screen, below the bar."""
        return bool(
            self.script(
                "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
                "return box.bottom > document.getElementById('bar').offsetHeight && box.top < innerHeight && box.height > 0",
                selector,
            )
        )

    def until(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.driver, SECONDS, poll_frequency=0.05).until(lambda _: condition())

    def requests(self) -> list[str]:
        """The addresses that were asked for since the last call, by the browser's own log of the network; not what the page's policy stopped."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        stopped = {event["params"]["requestId"] for event in events if event["params"].get("blockedReason") == "csp"}
        sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [request["request"]["url"] for request in sent if request["requestId"] not in stopped]

    def console(self) -> list[str]:
        """Warnings and errors since the last call; violations of the page's policy are among them."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def _cdp(self, command: str, **parameters: object) -> None:
        self.driver.execute_cdp_cmd(command, parameters)


@contextmanager
def run_chromium(chromium: str, chromedriver: str) -> Iterator[Browser]:
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.add_argument("--headless=new")
    options.add_argument("--disable-dev-shm-usage")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # its sandbox does not start for root
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    try:
        driver.command_executor.client_config.timeout = SECONDS
        driver.set_page_load_timeout(SECONDS)
        driver.set_script_timeout(SECONDS)
        yield Browser(driver)
    finally:
        driver.quit()
