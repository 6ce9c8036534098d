"""What a person does with a page: look until something is there, and click on it."""

from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.processes import LIMIT


class Page:
    """The page that a browser shows."""

    def __init__(self, browser: Chrome) -> None:
        self.browser = browser
        # MLflow draws its tables anew whenever something arrives.
        self._wait = WebDriverWait(
            browser, LIMIT, poll_frequency=0.1, ignored_exceptions=[StaleElementReferenceException]
        )

    def open(self, address: str) -> None:
        """Open an address, also one that differs from the present one behind its `#` alone."""
        self.browser.get("about:blank")
        self.browser.get(address)

    def until(self, finds: Callable[[], Any], what: str) -> Any:
        """Wait for something true, and return it."""
        return self._wait.until(lambda _: finds(), f"{what}: not on {self.browser.current_url}")

    @property
    def text(self) -> str:
        """All that is written on the page."""
        return str(self.browser.find_element(By.TAG_NAME, "body").text)

    def shows(self, *texts: str) -> None:
        """Wait until all of the texts are there."""
        self.until(lambda: all(text in self.text for text in texts), f"all of {texts}")

    def links(self, within: str = "") -> list[str]:
        """The texts of the links below a CSS selector."""
        found = self.browser.find_elements(By.CSS_SELECTOR, f"{within} a")
        return [link.text for link in found if link.text]

    def click(self, xpath: str) -> None:
        """Click on the first of what an XPath finds, once it can be clicked."""

        def clicked() -> bool:
            for element in self.browser.find_elements(By.XPATH, xpath):
                if element.is_displayed() and element.is_enabled():
                    element.click()
                    return True
            return False

        self.until(clicked, xpath)
